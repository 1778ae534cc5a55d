import { createHash, createHmac } from "node:crypto";
import type { KeyPair } from "../settings/environment";

/** A request to an S3 service that has no body. */
export interface PlainRequest {
  readonly method: "GET" | "HEAD" | "DELETE";
  /** `192.0.2.132:9000` */
  readonly host: string;
  /** Of characters that need no escape: a bucket's name. */
  readonly path: string;
  /** As it is sent: escaped, and sorted by name. */
  readonly query?: string;
  readonly region: string;
}

const emptyBody = createHash("sha256").digest("hex");

/**
 * Headers that sign a request by AWS's Signature Version 4. The program asks one question before it registers anything:
 * whether buckets are there. A whole client for that would cost each preview half a second.
 */
export function signRequest(request: PlainRequest, key: KeyPair, now: Date): Record<string, string> {
  const { method, host, path, query = "", region } = request;
  const time = now.toISOString().replaceAll(/[:-]|\.\d+/gu, "");
  const scope = `${time.slice(0, 8)}/${region}/s3/aws4_request`;
  const headers: Record<string, string> = { host, "x-amz-content-sha256": emptyBody, "x-amz-date": time };
  const signed = Object.keys(headers).sort();
  const canonical = [
    method,
    path,
    query,
    ...signed.map((name) => `${name}:${headers[name] ?? ""}`),
    "",
    signed.join(";"),
    emptyBody,
  ];
  const toSign = ["AWS4-HMAC-SHA256", time, scope, createHash("sha256").update(canonical.join("\n")).digest("hex")];
  const signature = createHmac("sha256", signingKey(key, scope)).update(toSign.join("\n")).digest("hex");
  const authorization = `AWS4-HMAC-SHA256 Credential=${key.accessKey}/${scope}, SignedHeaders=${signed.join(";")}, Signature=${signature}`;
  return { ...headers, authorization };
}

function signingKey({ secretKey }: KeyPair, scope: string): Buffer {
  return scope
    .split("/")
    .reduce((key, part) => createHmac("sha256", key).update(part).digest(), Buffer.from(`AWS4${secretKey}`));
}
