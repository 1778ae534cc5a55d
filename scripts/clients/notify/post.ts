import { isIP } from "node:net";
import { fetch } from "undici";
import { plainText } from "../../../proxmox/api/plain-text";
import { verifiedDispatcher } from "../../machine/verified-dispatcher";
import { usageError } from "../../terminal/command-error";
import { Redactor } from "../../terminal/redactor";
import { type Channel, type Message, NotSent, patience } from "./channel";

/** An address on the web and what a request to it carries; both may be secret, and stand in a file. */
export interface Address {
  /** The file. */
  readonly path: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Reads an address from the text of its file: the URL is the first line, and each further line a header, such as
 * `Authorization: Bearer …`.
 *
 * @throws CommandError (2)
 */
export function parseAddress(path: string, text: string): Address {
  const [url = "", ...rest] = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (!isSafeUrl(url)) {
    throw usageError(
      `the first line of ${path} is no address that a secret may be sent to`,
      "write an https:// address there; http:// only for this machine itself; further lines are headers, such as 'Authorization: Bearer …'",
    );
  }
  const headers = rest.map((line) => {
    const [, name, value] = /^([A-Za-z0-9-]+):\s*([\x20-\x7e]+)$/u.exec(line) ?? [];
    if (name !== undefined && value !== undefined) return [name, value] as const;
    throw usageError(
      `a line of ${path} is no header`,
      "below the address each line is one, such as 'Authorization: Bearer …'",
    );
  });
  return { path, url, headers: Object.fromEntries(headers) };
}

/** Without TLS nobody knows who reads along; on this machine nobody does. */
function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  if (protocol === "https:") return true;
  return (
    protocol === "http:" &&
    (hostname === "localhost" || hostname === "[::1]" || (isIP(hostname) === 4 && hostname.startsWith("127.")))
  );
}

/** A webhook: gets the message as JSON. */
export function webhookChannel(address: Address): Channel {
  return {
    name: `webhook of ${address.path}`,
    send: ({ subject, text, value }, signal) =>
      post(address, { "content-type": "application/json" }, JSON.stringify({ subject, text, ...value }), signal),
  };
}

/** A topic of ntfy: gets the message as a note to a telephone. */
export function ntfyChannel(address: Address): Channel {
  return {
    name: `ntfy of ${address.path}`,
    send: (message, signal) => post(address, ntfyHeaders(message), message.text, signal),
  };
}

/** ntfy reads RFC 2047 in its headers, as mail does. */
function ntfyHeaders({ subject, isAlarm }: Message): Record<string, string> {
  const title = `=?UTF-8?B?${Buffer.from(subject).toString("base64")}?=`;
  return {
    "content-type": "text/plain; charset=utf-8",
    title,
    priority: isAlarm ? "high" : "default",
    tags: isAlarm ? "warning" : "white_check_mark",
  };
}

/** As much of an answer as is read: somebody who never ends is not waited for. */
const answerAtMost = 2_000;

async function post(
  { url, headers }: Address,
  own: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
): Promise<void> {
  const dispatcher = verifiedDispatcher();
  try {
    const response = await fetch(url, {
      dispatcher,
      method: "POST",
      headers: { "user-agent": "lifeboat", ...own, ...headers },
      body,
      // A redirect would take the secret to another host.
      redirect: "error",
      signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]),
    });
    if (response.ok) return;
    // Servers repeat what they were asked for, as in "Cannot POST /hook/…".
    const answer = plainText(redactorOf({ url, headers }).redact(await beginningOf(response))).slice(0, 300);
    throw new NotSent(`it answers ${String(response.status)}${answer === "" ? "" : `: ${answer}`}`);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof NotSent) throw error;
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new NotSent(redactorOf({ url, headers }).redact(why));
  } finally {
    await dispatcher.destroy();
  }
}

async function beginningOf({ body }: { readonly body: AsyncIterable<Uint8Array> | null }): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body ?? []) {
    parts.push(part);
    size += part.length;
    if (size >= answerAtMost) break;
  }
  return Buffer.concat(parts).subarray(0, answerAtMost).toString("utf8");
}

/** Knows an address also by its parts: each of them may be the secret. */
function redactorOf({ url, headers }: Pick<Address, "url" | "headers">): Redactor {
  const { href, pathname, search, searchParams, username, password } = new URL(url);
  const ofHeaders = Object.values(headers).flatMap((value) => [value, ...value.split(" ")]);
  const ofPath = pathname.split("/").flatMap((part) => [part, decoded(part)]);
  const redactor = new Redactor();
  const parts = [url, href, `${pathname}${search}`, pathname, search, ...searchParams.values(), username, password];
  for (const part of [...parts, ...ofPath, ...ofHeaders]) redactor.remember(part);
  return redactor;
}

/** A sign that is no code of one stays as it is. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
