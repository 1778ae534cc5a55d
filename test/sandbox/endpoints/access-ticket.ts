/** Signing in, and what the caller may do (PVE::API2::AccessControl). */
import { Authority, splitTokenId, userCaller } from "../model/access";
import { hashPassword, isPasswordOf } from "../model/secrets";
import type { Cluster } from "../model/site";
import { requireUser } from "../model/user-configuration";
import type { Call, Endpoint } from "../calls/endpoint";
import { death, type Json, permissionFailure, ProxmoxFailure } from "../protocol/failure";
import { normalizedPath } from "../calls/permission-check";
import { isEnabled } from "../calls/sign-in";
import { makeCsrfToken, makeTicket, verifyTicket } from "../calls/tickets";
import { splitList } from "../protocol/parameters";
import { FLAG, TEXT, USER_ID } from "./tables";

/** Which privileges the web interface wants to know by subject. */
const CAPABILITIES: Readonly<Record<string, RegExp>> = {
  vms: /^(?:VM\.|Permissions\.Modify)/,
  access: /^(?:(?:User|Group)\.|Permissions\.Modify)/,
  storage: /^(?:Datastore\.|Permissions\.Modify)/,
  nodes: /^(?:Sys\.|Permissions\.Modify)/,
  sdn: /^(?:SDN\.|Permissions\.Modify)/,
  dc: /^(?:Sys\.Audit|Sys\.Modify|SDN\.)/,
  mapping: /^(?:Mapping\.|Permissions.Modify)/,
};

function authenticationFailure(): ProxmoxFailure {
  return new ProxmoxFailure(401, "authentication failure");
}

/** Checks user and password; a valid ticket of the same user will do as a password. */
function checkPassword(call: Call, userid: string, password: string): void {
  const { cluster, node } = call;
  const now = node.clock.seconds();
  if (!isEnabled(cluster, userid, now)) throw authenticationFailure();
  if (verifyTicket(cluster.site.state.ticketSecret, password, now) === userid) return;
  if (!isPasswordOf(requireUser(cluster.state.access, userid), password)) throw authenticationFailure();
}

/** With `path` and `privs` the operation only asks whether the user holds them. */
function checkWanted(call: Call, authority: Authority): void {
  const path = call.parameters.text("path");
  if (path === undefined) return;
  const wanted = splitList(call.parameters.text("privs") ?? "");
  if (!authority.has(normalizedPath(path), ...wanted)) throw authenticationFailure();
}

function createTicket(call: Call): Json {
  const { parameters, cluster, node } = call;
  const realm = parameters.text("realm");
  const name = `${parameters.required("username")}${realm === undefined ? "" : `@${realm}`}`;
  const userid = name.includes("@") ? name : `${name}@pam`;
  checkPassword(call, userid, parameters.required("password"));
  const authority = cluster.authority(userCaller(userid));
  checkWanted(call, authority);
  const now = node.clock.seconds();
  const secret = cluster.site.state.ticketSecret;
  return {
    username: userid,
    ticket: makeTicket(secret, userid, now),
    CSRFPreventionToken: makeCsrfToken(secret, userid, now),
    cap: capabilities(cluster, authority),
    ...(cluster.state.name !== null && authority.has("/", "Sys.Audit") && { clustername: cluster.state.name }),
  };
}

function capabilities(cluster: Cluster, authority: Authority): Json {
  const found = new Map(Object.keys(CAPABILITIES).map((subject) => [subject, new Set<string>()]));
  const paths = ["/", "/nodes", "/access/groups", "/vms", "/storage", "/sdn", "/mapping", ...aclPaths(cluster)];
  for (const path of paths) {
    const top = path.split("/")[1] ?? "";
    for (const privilege of authority.permissions(path).keys()) {
      for (const subject of subjectsOf(top, privilege)) found.get(subject)?.add(privilege);
    }
  }
  return Object.fromEntries(
    [...found].map(([subject, held]) => [subject, Object.fromEntries([...held].map((name) => [name, 1]))]),
  );
}

function subjectsOf(top: string, privilege: string): string[] {
  if (top === "pool") {
    if (privilege === "Permissions.Modify") return ["storage", "vms"];
    return [{ VM: "vms", Datastore: "storage" }[privilege.split(".")[0] ?? ""] ?? ""];
  }
  const subject = top === "" ? "dc" : top;
  return CAPABILITIES[subject]?.test(privilege) ? [subject] : [];
}

function aclPaths(cluster: Cluster): string[] {
  return [...new Set(cluster.state.access.acl.map((entry) => entry.path))];
}

/** The caller's privileges by path, or those of another user or token. */
function permissions({ cluster, authority, parameters }: Call): Json {
  const name = parameters.text("userid") ?? authority.caller.name;
  const asked = splitTokenId(name);
  if (name !== authority.caller.name && asked.userid !== authority.caller.name) authority.check("/access", "Sys.Audit");
  const other = new Authority(cluster.state.access, asked);
  const path = parameters.text("path");
  if (path !== undefined) return { [path]: privilegeMap(other, path) };
  const { pools } = cluster.state.access;
  const paths = new Set([
    "/",
    "/access",
    "/access/groups",
    "/nodes",
    "/pool",
    "/sdn",
    "/storage",
    "/vms",
    ...aclPaths(cluster),
    ...pools.flatMap((pool) => pool.vmids.map((vmid) => `/vms/${String(vmid)}`)),
    ...pools.flatMap((pool) => pool.storages.map((storage) => `/storage/${storage}`)),
  ]);
  const maps = [...paths].map((one): [string, Json] => [one, privilegeMap(other, one)]);
  return Object.fromEntries(
    maps.filter(([, map]) => typeof map === "object" && map !== null && Object.keys(map).length),
  );
}

function privilegeMap(authority: Authority, path: string): Json {
  return Object.fromEntries([...authority.permissions(path)].map(([name, below]) => [name, below ? 1 : 0]));
}

function changePassword(call: Call): null {
  const { cluster, authority, parameters } = call;
  const userid = parameters.required("userid");
  const own = authority.caller.name;
  if (!authority.isRoot) {
    const confirmation = parameters.text("confirmation-password");
    if (confirmation === undefined) throw death("'confirmation-password' is required to change user passwords");
    checkPassword(call, own, confirmation);
  }
  if (!authority.isRoot && own !== userid && userid.endsWith("@pam")) throw permissionFailure();
  requireUser(cluster.state.access, userid).password = hashPassword(parameters.required("password"));
  return null;
}

export const ticketEndpoints: readonly Endpoint[] = [
  { method: "GET", path: "/access/ticket", parameters: {}, permissions: { user: "world" }, handler: () => null },
  {
    method: "POST",
    path: "/access/ticket",
    parameters: {
      username: { type: "string", maxLength: 64 },
      password: { type: "string" },
      realm: { type: "string", format: "pve-realm", maxLength: 32, optional: true },
      otp: TEXT,
      path: { type: "string", optional: true, requires: "privs", maxLength: 64 },
      privs: { type: "string", format: "pve-priv-list", optional: true, requires: "path", maxLength: 64 },
      "new-format": FLAG,
      "tfa-challenge": TEXT,
    },
    permissions: { user: "world" },
    allowToken: false,
    handler: createTicket,
  },
  {
    method: "GET",
    path: "/access/permissions",
    parameters: {
      path: TEXT,
      userid: {
        type: "string",
        pattern: "[^\\s:/]+@[A-Za-z][A-Za-z0-9.\\-_]+(?:![A-Za-z][A-Za-z0-9.\\-_]+)?",
        optional: true,
      },
    },
    permissions: { user: "all" },
    handler: permissions,
  },
  {
    method: "PUT",
    path: "/access/password",
    parameters: {
      userid: USER_ID,
      password: { type: "string", minLength: 8, maxLength: 64 },
      "confirmation-password": { type: "string", minLength: 5, maxLength: 64, optional: true },
    },
    permissions: { check: { or: [{ self: true }, { and: [{ userRealm: true }, { userGroups: ["User.Modify"] }] }] } },
    allowToken: false,
    handler: changePassword,
  },
];
