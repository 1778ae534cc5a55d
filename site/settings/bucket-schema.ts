import { seriesLength } from "./bucket";
import { at, entries, isMapping, mapping, optional, type Finding } from "./schema-tools";
import { keyPairSchema } from "./state-keys-schema";
import { bucketName, endpoint, region, wholeDays } from "./state-store-schema";
import { fileName, guestName } from "./values/names";

/** `lifeboat:buckets` */
export const bucketsSchema = entries(
  "buckets",
  guestName,
  mapping({
    /** Address of the S3 service that has it, such as `https://192.0.2.132:9000`. */
    endpoint,
    /** Region of the bucket. Default: us-east-1. */
    region: optional(region),
    /** The bucket. With versions switched on, the mirror has them, too. */
    bucket: bucketName,
    /** PEM file of the CA that signed the service's certificate; a relative path starts at the folder of the project. Default: the CAs of the system. */
    ca: optional(fileName),
  }),
);

/** `lifeboat:bucketKeys`, decrypted. */
export const bucketKeysSchema = entries("keys", guestName, keyPairSchema);

/** Days for which what a mirror tells has to stay. */
const kept = 30;

/** What mirrored buckets need: a place to go to, where the oldest content of a list outlives the list. */
export function bucketsCanBeMirrored(raw: unknown): Finding[] {
  const buckets = at(raw, "buckets");
  if (!isMapping(buckets) || Object.keys(buckets).length === 0) return [];
  const offsite = at(raw, "offsite");
  if (offsite === undefined) {
    const message = "there is no lifeboat:offsite to mirror them to";
    return [{ path: ["buckets"], message, allowed: "a bucket in lifeboat:offsite" }];
  }
  const least = kept * 86_400 + seriesLength;
  const expire = wholeDays(at(offsite, "expire") ?? "90d");
  if (expire === undefined || expire >= least) return [];
  const message = "too short for lifeboat:buckets: contents are sent anew every 30 days, and stay for 30 more";
  return [
    { path: ["offsite", "expire"], message, allowed: `${String(least / 86_400)}d or longer; the default is 90d` },
  ];
}
