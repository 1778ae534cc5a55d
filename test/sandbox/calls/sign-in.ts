/** Who calls: the sign-in step that comes before everything else (PVE::HTTPServer::auth_handler). */
import { ANONYMOUS, type Caller, findToken, splitTokenId, userCaller } from "../model/access";
import { isSecretOf } from "../model/secrets";
import type { Cluster } from "../model/site";
import { isCsrfToken, verifyTicket } from "./tickets";

/** Refused: 401 with an empty body and this reason, after three seconds. */
export class SignInFailure extends Error {
  override readonly name = "SignInFailure";
}

export interface Credentials {
  cookie: string | undefined;
  authorization: string | undefined;
  csrfToken: string | undefined;
}

/** Operations that need no sign-in. */
const OPEN = new Set(["GET /access/domains", "GET /access/ticket", "POST /access/ticket"]);

export interface SignedIn {
  caller: Caller;
  /** True when an API token was sent, also where no sign-in is needed: some operations refuse tokens. */
  usesToken: boolean;
}

/**
 * Finds out who calls; throws a SignInFailure.
 *
 * @param now the node's time in Unix seconds
 */
export function signIn(
  cluster: Cluster,
  method: string,
  path: string,
  credentials: Credentials,
  now: number,
): SignedIn {
  const ticket =
    authorizationValue(credentials.cookie, "PVEAuthCookie") ??
    authorizationValue(credentials.authorization, "PVEAuthCookie");
  const token = ticket === undefined ? authorizationValue(credentials.authorization, "PVEAPIToken") : undefined;
  if (OPEN.has(`${method} ${path}`)) return { caller: ANONYMOUS, usesToken: token !== undefined };
  if (token !== undefined) return { caller: tokenUser(cluster, token, now), usesToken: true };
  if (ticket === undefined) throw new SignInFailure("No ticket");
  const userid = verifyTicket(cluster.site.state.ticketSecret, ticket, now);
  if (userid === undefined || !isEnabled(cluster, userid, now)) throw new SignInFailure("Authentication failed!");
  const isChange = method !== "GET" && !/^\/nodes\/[^/]+\/storage\/[^/]+\/upload$/.test(path);
  if (isChange && !isCsrfToken(cluster.site.state.ticketSecret, credentials.csrfToken ?? "", userid, now)) {
    throw new SignInFailure("Permission denied - invalid csrf token");
  }
  return { caller: userCaller(userid), usesToken: false };
}

/** `Name=value` or `Name value` in a header, percent-decoded; an empty one counts as none. */
function authorizationValue(header: string | undefined, name: string): string | undefined {
  const value = new RegExp(`(?:^|\\s)${name}(?:=| )([^;]*)`).exec(header ?? "")?.[1];
  return value === undefined || value === "" ? undefined : percentDecoded(value);
}

function percentDecoded(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

export function isEnabled(cluster: Cluster, userid: string, now: number): boolean {
  const user = cluster.state.access.users.find((candidate) => candidate.userid === userid);
  return user !== undefined && user.enable && (user.expire === 0 || user.expire > now);
}

function tokenUser(cluster: Cluster, text: string, now: number): Caller {
  const [, name = "", secret = ""] = /^(.*)=(.*)$/.exec(text) ?? [];
  const caller = splitTokenId(name);
  const token = caller.tokenid === undefined ? undefined : findToken(cluster.state.access, caller);
  const accepted =
    token !== undefined &&
    isEnabled(cluster, caller.userid, now) &&
    (token.expire === 0 || token.expire >= now) &&
    isSecretOf(token, secret) &&
    cluster.site.faults.hit("token-expires", { token: caller.name }) === undefined;
  if (!accepted) throw new SignInFailure("Authentication failed!");
  return caller;
}
