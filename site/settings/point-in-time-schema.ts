import { scheduleSchema } from "./backup-schema";
import type { PointInTimeKeysGiven, PointInTimeSettings, PointInTimeStore } from "./point-in-time";
import { entries, flag, mapping, optional, type Schema, text, value, wholeNumber } from "./schema-tools";
import { bucketName, region } from "./state-store-schema";
import { parseIp } from "./values/addresses";
import { durationFormat, parseDuration } from "./values/durations";
import { parseEndpoint } from "./values/endpoints";
import { fileName } from "./values/names";

/** pgBackRest believes no IP address that stands in a certificate. */
const named = value("an endpoint", "https://HOST:PORT with a DNS name, such as https://s3.example.com", (raw) => {
  const parsed = parseEndpoint(raw);
  if (parsed === undefined) return undefined;
  const host = new URL(parsed).hostname;
  return parseIp(host.replace(/^\[|\]$/gu, "")) === undefined ? parsed : undefined;
});

const address = value("an IP address", "an IP address, such as 192.0.2.132", (raw) =>
  typeof raw === "string" && parseIp(raw) !== undefined ? raw : undefined,
);

/** A recovery loses at most so much: it stays below an hour. */
const timeout = value("a duration", `${durationFormat}; 10s to 1h`, (raw) => {
  const seconds = parseDuration(raw);
  return seconds !== undefined && seconds >= 10 && seconds <= 3600 ? seconds : undefined;
});

const folder = text(
  "a folder",
  "lower-case letters, digits, -, . and /, such as prod/web",
  /^[a-z0-9][a-z0-9.-]*(?:\/[a-z0-9][a-z0-9.-]*)*$/,
);

/** Keys of a bucket of an S3 service for WAL. */
export const recoveryStoreKeys = {
  /** Its address with a DNS name that its certificate has, such as `https://s3.example.com`. */
  endpoint: named,
  /** IP address of the service, where no DNS knows that name. Default: DNS is asked. */
  address: optional(address),
  /** Region of the bucket. Default: us-east-1. */
  region: optional(region),
  /** Bucket, which has to exist. */
  bucket: bucketName,
  /** PEM file of the CA that signed its certificate; a relative path starts at the folder of the project. Default: the CAs of the guest. */
  ca: optional(fileName),
};

/** Keys of `pointInTime` of a source. */
export const pointInTimeKeys = {
  /** The S3 service to which WAL and backups go. Default: the site's own state store, where a bucket and a key are made for the guest. */
  store: optional(mapping(recoveryStoreKeys)),
  /**
   * Folder in the bucket. A cluster that is made anew needs another. In the site's own store another folder begins a new archive with
   * another passphrase and another secret of the guest's key. Default: environment and guest.
   */
  folder: optional(folder),
  /** Debian's name of the cluster, such as `15/main`. Default: that of the source's port. */
  cluster: optional(text("a cluster", "version/name, such as 15/main", /^\d{2}\/[A-Za-z0-9_][A-Za-z0-9_-]*$/)),
  /** After so long what was written is archived: the most that can be lost. Default: 5m. */
  archiveTimeout: optional(timeout),
  /** When full backups are made: a calendar event, in the guest's time zone. Default: `sun 01:30`. */
  full: optional(scheduleSchema),
  /** When differential backups are made. Default: `mon..sat 01:30`. */
  differential: optional(scheduleSchema),
  /** Full backups that stay, with all WAL since the oldest of them. Default: 2. */
  keep: optional(wholeNumber("a number of backups", 1, 100)),
  /** `true`: PostgreSQL may be restarted, once, for `archive_mode`. Default: false. */
  restart: optional(flag),
};

/** `pointInTime` of a source. */
export const pointInTimeSchema: Schema<PointInTimeSettings> = mapping(pointInTimeKeys).transform(completePointInTime);

/** What `pointInTime` of a source says. */
type PointInTimeEntry = {
  readonly [Key in keyof Omit<PointInTimeSettings, "store">]?: PointInTimeSettings[Key] | undefined;
} & {
  readonly store?: (Omit<PointInTimeStore, "region"> & { readonly region?: string | undefined }) | undefined;
};

/** Fills in what `pointInTime` of a source leaves out. */
export function completePointInTime({
  store,
  archiveTimeout = 300,
  full = "sun 01:30",
  differential = "mon..sat 01:30",
  keep = 2,
  restart = false,
  ...rest
}: PointInTimeEntry): PointInTimeSettings {
  return {
    ...rest,
    store: store && { ...store, region: store.region ?? "us-east-1" },
    archiveTimeout,
    full,
    differential,
    keep,
    restart,
  };
}

/** A line without spaces around it: a file of settings would lose those. */
export const secret = text(
  "a secret",
  "one line without spaces at its beginning and end",
  /^[^\s\p{Cc}](?:[^\p{Cc}]*[^\s\p{Cc}])?$/u,
);

/** `pointInTime` of a source in `lifeboat:dataSecrets`. */
export const pointInTimeKeysSchema: Schema<PointInTimeKeysGiven> = mapping({
  /** The key to the bucket. */
  accessKey: secret,
  secretKey: secret,
  /** What is archived is encrypted with it. Keep a copy elsewhere: without it nothing is recovered. */
  passphrase: secret,
  /** The folder of the archive that it opens. `lifeboat up` notes it. */
  folder: optional(folder),
  /** By folder: passphrases of archives that were begun before. `lifeboat up` keeps them. */
  former: optional(entries("former", folder, secret)),
}).transform(({ former, ...rest }) => (former === undefined ? rest : { ...rest, former: Object.fromEntries(former) }));
