import { createHash } from "node:crypto";
import type { GetObjectCommandOutput } from "@aws-sdk/client-s3";

/** What of an answer tells how its object was written. */
type Written = Pick<GetObjectCommandOutput, "ETag" | "ServerSideEncryption" | "SSECustomerAlgorithm" | "SSEKMSKeyId">;

/** In base64, as `ObjectStore.notedMd5` and a request have it. */
export function md5Of(content: Uint8Array): string {
  return createHash("md5").update(content).digest("base64");
}

/**
 * The MD5 of what was written, in base64. S3's ETag is that of an object that was written in one request, unless its key is held by
 * a key service or by the client. Undefined: nothing tells it.
 */
export function writtenMd5Of({
  ETag: etag = "",
  ServerSideEncryption: encryption = "AES256",
  SSECustomerAlgorithm: ownKey,
  SSEKMSKeyId: serviceKey,
}: Written): string | undefined {
  const [, hex] = /^"?([\da-f]{32})"?$/u.exec(etag) ?? [];
  const isPlain = encryption === "AES256" && ownKey === undefined && serviceKey === undefined;
  return hex === undefined || !isPlain ? undefined : Buffer.from(hex, "hex").toString("base64");
}

/** What was read. @throws Error where it is not what was written, as far as the service tells that */
export function asWritten(answer: Written, content: Buffer): Buffer {
  const written = writtenMd5Of(answer);
  if (written === undefined || written === md5Of(content)) return content;
  throw new Error("with other bytes than were written: their MD5 is not the ETag");
}
