import { createHash, createHmac } from "node:crypto";
import { Agent, fetch } from "undici";
import type { KeyPair } from "../../../site/settings/environment";

/** Something that no client of the field would send: any header, any query, any body. */
export interface AnyRequest {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  /** Of characters that need no escape. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Whoever sends requests: a key and, with temporary credentials, their token. */
export interface Sender extends KeyPair {
  readonly sessionToken?: string;
}

/** For servers with TLS of a test's own authority. */
let trusting: Agent | undefined;

/** From now on a certificate counts that this authority has signed. @param ca PEM text */
export function trustAuthority(ca: string): void {
  trusting = new Agent({ connect: { ca } });
}

const digest = (data: Buffer | string): string => createHash("sha256").update(data).digest("hex");
const hmac = (key: Buffer | string, data: string): Buffer => createHmac("sha256", key).update(data).digest();

/** Sends a request to MinIO, signed by AWS's Signature Version 4. */
export async function send(endpoint: string, sender: Sender, request: AnyRequest, service = "s3"): Promise<Answer> {
  const { method, path, query = {}, headers: given = {}, body = "" } = request;
  const search = Object.entries(query)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .sort()
    .join("&");
  const time = timeOf(new Date());
  const scope = scopeOf(time, service);
  const headers: Record<string, string> = {
    ...given,
    "x-amz-content-sha256": digest(body),
    "x-amz-date": time,
    ...(sender.sessionToken === undefined ? {} : { "x-amz-security-token": sender.sessionToken }),
  };
  const signed = Object.entries({ ...headers, host: new URL(endpoint).host }).sort(([a], [b]) => (a < b ? -1 : 1));
  const names = signed.map(([name]) => name).join(";");
  const lines = signed.map(([name, value]) => `${name}:${value}\n`).join("");
  const toSign = [
    "AWS4-HMAC-SHA256",
    time,
    scope,
    digest([method, path, search, lines, names, digest(body)].join("\n")),
  ];
  const signature = hmac(signingKey(sender.secretKey, scope), toSign.join("\n")).toString("hex");
  const authorization = `AWS4-HMAC-SHA256 Credential=${sender.accessKey}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  const answer = await fetch(`${endpoint}${path}${search === "" ? "" : `?${search}`}`, {
    method,
    headers: { ...headers, authorization },
    ...(trusting && { dispatcher: trusting }),
    ...(body.length === 0 ? {} : { body: typeof body === "string" ? body : new Uint8Array(body) }),
  });
  return { status: answer.status, text: await answer.text() };
}

/** Uploads an object by a form, as a browser does, which has a way of its own to prove itself. */
export async function sendForm(
  endpoint: string,
  { accessKey, secretKey }: KeyPair,
  bucket: string,
  key: string,
  query: Readonly<Record<string, string>>,
): Promise<Answer> {
  const time = timeOf(new Date());
  const scope = scopeOf(time, "s3");
  const fields = {
    bucket,
    key,
    "x-amz-algorithm": "AWS4-HMAC-SHA256",
    "x-amz-credential": `${accessKey}/${scope}`,
    "x-amz-date": time,
  };
  const conditions = Object.entries(fields).map(([name, value]) => ({ [name]: value }));
  const expiration = new Date(Date.now() + 600_000).toISOString();
  const policy = Buffer.from(JSON.stringify({ expiration, conditions })).toString("base64");
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  form.set("policy", policy);
  form.set("x-amz-signature", hmac(signingKey(secretKey, scope), policy).toString("hex"));
  form.set("file", new Blob(["forged"]));
  const search = new URLSearchParams(query).toString();
  const answer = await globalThis.fetch(`${endpoint}/${bucket}?${search}`, { method: "POST", body: form });
  return { status: answer.status, text: await answer.text() };
}

const timeOf = (now: Date): string => now.toISOString().replaceAll(/[:-]|\.\d+/gu, "");
const scopeOf = (time: string, service: string): string => `${time.slice(0, 8)}/us-east-1/${service}/aws4_request`;

function signingKey(secretKey: string, scope: string): Buffer | string {
  return scope.split("/").reduce<Buffer | string>(hmac, `AWS4${secretKey}`);
}
