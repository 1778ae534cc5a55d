/** The HTTPS side of a node: headers, bodies and error forms of pveproxy (PVE::APIServer::AnyEvent). */
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Node, Site } from "../model/site";
import { dispatch, NotServed } from "./dispatch";
import { type Answer, type Method, TextAnswer } from "../calls/endpoint";
import { ProxmoxFailure } from "../protocol/failure";
import type { RawValue } from "../protocol/parameters";
import { requestParameters } from "./request-body";
import { logRequest } from "./request-log";
import type { Router } from "./router";
import { signIn, SignInFailure } from "../calls/sign-in";

/** Largest body of a request, in bytes. */
const LARGEST_BODY = 512 * 1024;

const JSON_TYPE = "application/json;charset=UTF-8";

export interface HttpOptions {
  site: Site;
  router: Router;
  /** Milliseconds before a 401 is sent; Proxmox waits three seconds. */
  unauthorizedDelay: number;
}

/** An answer on its way out. */
interface Reply {
  status: number;
  reason: string;
  body: string;
  contentType: string | undefined;
  headers?: Record<string, string>;
}

/** What the log needs to know of a request. */
interface Seen {
  method: string;
  path: string;
  sent: ReadonlyMap<string, RawValue>;
  caller: string;
}

/** Answers one request that came in at the node of that name. */
export async function handleRequest(
  options: HttpOptions,
  nodeName: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const seen: Seen = { method: request.method ?? "GET", path: "", sent: new Map(), caller: "" };
  const reply = await replyTo(options, nodeName, request, seen).catch(failureReply);
  if (reply.status === 401) await sleep(options.unauthorizedDelay);
  const time = new Date(options.site.clock.milliseconds()).toISOString();
  const { method, path, caller } = seen;
  // Before the answer leaves: who has it can count on the log.
  logRequest(options.site.folder, { time, node: nodeName, method, path, caller, status: reply.status }, seen.sent);
  send(response, reply);
}

async function replyTo(options: HttpOptions, nodeName: string, request: IncomingMessage, seen: Seen): Promise<Reply> {
  const { method } = seen;
  if (!isMethod(method)) throw new NotServed(501, `method '${method}' not available`, false);
  if (request.headers["transfer-encoding"]?.toLowerCase() === "chunked") {
    return plainReply(501, "chunked transfer encoding not supported");
  }
  const node = options.site.findNode(nodeName);
  if (node === undefined) throw new Error(`the site has no node '${nodeName}'`);
  const [rawPath = "/", query = ""] = splitOnce(request.url ?? "/", "?");
  const path = /^\/+api2\/+json(\/.*)?$/.exec(percentDecoded(rawPath));
  if (path === null) return plainReply(501, "no such uri");
  seen.path = path[1] ?? "/";
  const { cookie, authorization } = request.headers;
  const csrf = request.headers.csrfpreventiontoken;
  const csrfToken = Array.isArray(csrf) ? csrf[0] : csrf;
  const signedIn = signIn(node.cluster, method, seen.path, { cookie, authorization, csrfToken }, node.clock.seconds());
  seen.caller = signedIn.caller.name;
  const refused = refusedBody(method, request);
  if (refused !== undefined) return refused;
  const body = await readBody(request);
  seen.sent = requestParameters(method, query, request.headers["content-type"], body);
  return answered(options, node, { method, path: seen.path, sent: seen.sent, signedIn });
}

/** Runs the call. With the faults `answer-596` and `answer-599` the caller gets nothing, while the work goes on. */
async function answered(options: HttpOptions, node: Node, call: Parameters<typeof dispatch>[2]): Promise<Reply> {
  const where = { node: node.name, path: `${call.method} ${call.path}` };
  const { faults } = options.site;
  if (faults.hit("answer-500", where) !== undefined) throw new ProxmoxFailure(500, "unable to fork worker");
  if (faults.hit("answer-595", where) !== undefined) return emptyReply(595, "No route to host");
  if (faults.hit("answer-empty", where) !== undefined) return answerReply({ data: [], members: {} });
  const work = dispatch(options.router, node, call);
  const timedOut = faults.hit("answer-596", where);
  const broken = timedOut ?? faults.hit("answer-599", where);
  if (broken === undefined) return answerReply(await work);
  const done = work.then(
    () => undefined,
    () => undefined,
  );
  await (broken.milliseconds === undefined ? done : sleep(Number(broken.milliseconds)));
  return timedOut === undefined ? emptyReply(599, "Too many redirections") : emptyReply(596, "Connection timed out");
}

function emptyReply(status: number, reason: string): Reply {
  return { status, reason, body: "", contentType: undefined };
}

function refusedBody(method: string, request: IncomingMessage): Reply | undefined {
  const length = Number(request.headers["content-length"] ?? 0);
  if (length === 0) return undefined;
  if (method !== "PUT" && method !== "POST") return plainReply(501, `Unexpected content for method '${method}'`);
  if (length > LARGEST_BODY) return plainReply(501, "for data too large");
  const contentType = request.headers["content-type"];
  const media = contentType?.split(";")[0]?.trim();
  const accepted = [undefined, "", "application/x-www-form-urlencoded", "application/json"];
  return accepted.includes(media)
    ? undefined
    : plainReply(506, `upload 'Content-Type '${contentType ?? ""}' not implemented`);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(Buffer.from(part));
  return Buffer.concat(parts).toString("utf8");
}

function answerReply(answer: Answer): Reply {
  if (answer instanceof TextAnswer) {
    const headers = { "Content-Disposition": `attachment; filename="${answer.fileName}"` };
    return { status: 200, reason: "OK", body: answer.text, contentType: "text/plain", headers };
  }
  const body = JSON.stringify({ data: answer.data, ...answer.members });
  return { status: 200, reason: "OK", body, contentType: JSON_TYPE };
}

function failureReply(failure: unknown): Reply {
  if (failure instanceof SignInFailure) {
    return { status: 401, reason: failure.message, body: "", contentType: undefined };
  }
  if (failure instanceof NotServed) return notServedReply(failure);
  if (!(failure instanceof ProxmoxFailure)) {
    // A defect of the emulator: say so loudly, and answer as Proxmox does when its code dies.
    console.error(failure);
    const text = failure instanceof Error ? failure.message : String(failure);
    return failureReply(new ProxmoxFailure(500, text));
  }
  const { status, message, errors } = failure;
  const body = JSON.stringify({ data: null, message, ...(errors !== undefined && { errors }) });
  return { status, reason: failure.reason, body, contentType: JSON_TYPE };
}

function notServedReply({ status, message, hasBody }: NotServed): Reply {
  if (!hasBody) return { status, reason: message, body: "", contentType: undefined };
  return { status, reason: message, body: JSON.stringify({ data: null, message }), contentType: JSON_TYPE };
}

/** Errors of the HTTP layer itself: the text is both the reason and the body, and has no content type. */
function plainReply(status: number, text: string): Reply {
  return { status, reason: text, body: text, contentType: undefined };
}

function send(response: ServerResponse, reply: Reply): void {
  if (response.destroyed) return;
  const body = Buffer.from(reply.body, "utf8");
  response.statusCode = reply.status;
  response.statusMessage = headerText(reply.reason);
  response.setHeader("Server", "pve-api-daemon/3.0");
  response.setHeader("Cache-Control", "max-age=0");
  response.setHeader("Pragma", "no-cache");
  response.setHeader("Content-Length", body.length);
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value);
  if (reply.contentType !== undefined) response.setHeader("Content-Type", reply.contentType);
  if (reply.status >= 400) response.setHeader("Connection", "close");
  response.end(body);
}

/** Proxmox sends the reason as UTF-8 bytes; control characters would end the line. */
function headerText(text: string): string {
  const withoutControls = [...text].filter((character) => character >= " " && character !== "\x7f").join("");
  return Buffer.from(withoutControls, "utf8").toString("latin1");
}

function percentDecoded(path: string): string {
  const bytes = path.replace(/%([0-9A-Fa-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  return Buffer.from(bytes, "latin1").toString("utf8");
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}

function isMethod(method: string): method is Method {
  return ["GET", "POST", "PUT", "DELETE"].includes(method);
}
