import type { OffsiteSettings } from "./environment";
import type { offsiteSchema } from "./offsite-schema";

const day = 86_400;

/** Fills in every default of `lifeboat:offsite`. */
export function completeOffsite({
  region = "us-east-1",
  endpoint = `https://s3.${region}.amazonaws.com`,
  copies,
  ...entry
}: ReturnType<typeof offsiteSchema.parse>): OffsiteSettings {
  const retention = entry.retention ?? 30 * day;
  return {
    kind: entry.kind,
    endpoint,
    region,
    bucket: entry.bucket,
    adopt: entry.adopt ?? false,
    ca: entry.ca,
    retention,
    lock: entry.lock ?? "compliance",
    encrypt: entry.encrypt ?? entry.kind !== "minio",
    expire: entry.expire ?? 90 * day,
    bandwidth: entry.bandwidth,
    copies: { dumps: copies?.dumps ?? true },
  };
}
