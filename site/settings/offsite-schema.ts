import { keyPairSchema } from "./state-keys-schema";
import { bucketName, endpoint, region, wholeDays } from "./state-store-schema";
import { at, checked, flag, isMapping, mapping, oneOf, optional, value, type Finding } from "./schema-tools";
import { durationFormat } from "./values/durations";
import { fileName } from "./values/names";
import { parseSize, sizeFormat } from "./values/sizes";

const days = value("a duration", `${durationFormat}; whole days, at most 3650d`, wholeDays);

/** Bytes in a second. */
export const rate = value("a rate", `${sizeFormat}: so many bytes in a second`, (raw) => parseSize(raw) || undefined);

/** `lifeboat:offsite` */
export const offsiteSchema = checked(
  mapping({
    /** Whose service it is: they take different settings for the same thing. `minio` also stands for other servers of S3. */
    kind: oneOf("a kind of service", ["aws", "ovh", "minio"]),
    /** Address of the S3 service, such as `https://s3.gra.io.cloud.ovh.net`. Default with `kind: aws`: that of the region. */
    endpoint: optional(endpoint),
    /** Region of the bucket. Default with `kind: minio`: us-east-1. */
    region: optional(region),
    /** The bucket. */
    bucket: bucketName,
    /** The bucket is there already, with versions and object lock: it is used, and never changed. Default: `pulumi up` makes it. */
    adopt: optional(flag),
    /** PEM file of the CA that signed the service's certificate; a relative path starts at the folder of the project. Default: the CAs of the system. */
    ca: optional(fileName),
    /** How long what is written cannot be removed by anybody, and how long what was replaced stays after that: whole days. Default: 30d. */
    retention: optional(days),
    /**
     * `compliance`: nobody at all can remove or shorten what is locked, not even who pays for the bucket. `governance`: a key with the right
     * to bypass it can. Default: `compliance`.
     */
    lock: optional(oneOf("a mode of object lock", ["compliance", "governance"])),
    /** Objects are encrypted by the service (AES-256). Default: true; with `kind: minio` false, for its server needs a key of its own for that. */
    encrypt: optional(flag),
    /** When a copy of a dump is removed, in whole days after it was written; at least `retention`. Default: 90d. */
    expire: optional(days),
    /** The most that a guest sends in a second, such as `4MiB`. Default: no limit. */
    bandwidth: optional(rate),
    /** What is copied there. */
    copies: optional(
      mapping({
        /** Dumps of all data sources, after each run. Default: true. */
        dumps: optional(flag),
      }),
    ),
  }),
  partsFit,
);

/** `lifeboat:offsiteKeys`, decrypted. */
export const offsiteKeysSchema = mapping({
  /** Makes the bucket: only `pulumi up` reads it. Not needed with `adopt: true`. */
  admin: optional(keyPairSchema),
  /** Writes copies, and can neither remove nor change any: guests have it. */
  writer: keyPairSchema,
  /** Reads all copies, for restores and the exporter. */
  reader: keyPairSchema,
});

function partsFit(raw: unknown): Finding[] {
  const kind = at(raw, "kind");
  const [retention, expire] = [wholeDays(at(raw, "retention") ?? "30d"), wholeDays(at(raw, "expire") ?? "90d")];
  const isShort = retention !== undefined && expire !== undefined && expire < retention;
  return [
    ...(kind !== "aws" && kind !== undefined && at(raw, "endpoint") === undefined
      ? [{ path: ["endpoint"], noun: "an endpoint", allowed: "the address of the service, https://HOST:PORT" }]
      : []),
    ...((kind === "aws" || kind === "ovh") && at(raw, "region") === undefined
      ? [{ path: ["region"], noun: "a region", allowed: "the region of the bucket, such as eu-west-3 or gra" }]
      : []),
    ...(isShort
      ? [{ path: ["expire"], message: "shorter than retention", allowed: "retention or longer; the default is 90d" }]
      : []),
  ];
}

/** What `offsite` of a guest needs: a bucket, a way to the node, and archives that are files. */
export function archivesCanBeCopied(raw: unknown): Finding[] {
  const guests = at(raw, "guests");
  if (!isMapping(guests)) return [];
  const chosen = Object.entries(guests).filter(([, guest]) => at(guest, "offsite") !== undefined);
  return chosen.flatMap(([name, guest]): Finding[] => {
    const path = ["guests", name, "offsite"];
    if (at(raw, "offsite") === undefined) {
      return [{ path, message: "there is no lifeboat:offsite to copy to", allowed: "a bucket in lifeboat:offsite" }];
    }
    if (at(at(raw, "proxmox"), "ssh") === undefined) {
      return [{ path, message: "its node copies them, which needs SSH to it", allowed: "ssh in lifeboat:proxmox" }];
    }
    if (at(at(at(raw, "backup"), "storage"), "type") === "pbs") {
      return [
        {
          path,
          message: "a backup server keeps no archives that are files",
          allowed: "no offsite with it: have the server itself sync to another one",
        },
      ];
    }
    if (at(guest, "backup") === undefined) return [];
    return [{ path, message: "it is not backed up", allowed: "either backup to opt out, or offsite" }];
  });
}
