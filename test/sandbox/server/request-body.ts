/** Reads forms, queries and JSON bodies the way Proxmox's HTTP server does (PVE::APIServer::AnyEvent). */
import { death } from "../protocol/failure";
import type { RawValue } from "../protocol/parameters";

/**
 * Decodes a form or query. Pairs are separated by `&` or `;`; a value ends at a second raw `=`; a name without `=` has
 * no value and counts as not sent; a repeated name makes a list.
 */
function decodeForm(text: string): Map<string, RawValue> {
  const values = new Map<string, RawValue>();
  for (const pair of text.split(/[&;]/).filter((candidate) => candidate !== "")) {
    const [name = "", value] = pair.split("=");
    if (value === undefined) continue;
    const key = decodeComponent(name);
    const earlier = values.get(key);
    const decoded = decodeComponent(value);
    values.set(key, earlier === undefined ? decoded : [earlier, decoded].flat());
  }
  return values;
}

/** `+` is a space, `%XX` a byte; the bytes are UTF-8, and wrong ones do no harm. */
function decodeComponent(text: string): string {
  const bytes = text
    .replaceAll("+", " ")
    .replace(/\P{ASCII}+/gu, (part) => encodeURIComponent(part))
    .replace(/%([0-9A-Fa-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  return Buffer.from(bytes, "latin1").toString("utf8");
}

/** Decodes a JSON object; numbers and booleans become text, null counts as not sent. */
function decodeJson(text: string): Map<string, RawValue> {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw death("malformed JSON string, neither tag, array, object, number, string or atom");
  }
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw death("Not a HASH reference");
  const entries = Object.entries(body).filter(([, value]) => value !== null);
  return new Map(entries.map(([name, value]) => [name, Array.isArray(value) ? value.map(scalar) : scalar(value)]));
}

function scalar(value: unknown): string {
  if (typeof value === "boolean") return value ? "1" : "0";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Parameters of a request: the query wins over the body. `_dc` only keeps browsers from caching. */
export function requestParameters(
  method: string,
  query: string,
  contentType: string | undefined,
  body: string,
): Map<string, RawValue> {
  const hasBody = method === "POST" || method === "PUT";
  const isJson = contentType?.split(";")[0]?.trim() === "application/json";
  const sent = !hasBody || body === "" ? new Map<string, RawValue>() : isJson ? decodeJson(body) : decodeForm(body);
  for (const [name, value] of decodeForm(query)) sent.set(name, value);
  sent.delete("_dc");
  return sent;
}
