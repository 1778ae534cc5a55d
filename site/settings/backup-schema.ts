import { backupUserPattern } from "./credentials";
import { CalendarEventError, parseCalendarEvent } from "../../proxmox/rules/calendar-events";
import type { Retention } from "../../proxmox/rules/retention";
import type { BackupStorageSettings } from "./environment";
import {
  at,
  checked,
  choose,
  flag,
  isMapping,
  list,
  mapping,
  oneOf,
  optional,
  refusing,
  text,
  value,
  wholeNumber,
  type Finding,
  type Schema,
} from "./schema-tools";
import { parseDay } from "./values/days";
import { dnsName, jobId, mailAddress, nodeName, sentence, storageId } from "./values/names";
import { parseIp } from "./values/addresses";
import { parsePath, pathFormat } from "./values/paths";

/** A list may name the same node once only, and at least one. */
const nodes = optional(list("nodes", nodeName, 1));

const server = value("a server", "a DNS name or an IP address", (raw) =>
  typeof raw === "string" && (parseIp(raw) !== undefined || dnsName.safeParse(raw).success) ? raw : undefined,
);

const absolutePath = value("a path", pathFormat, parsePath);

const adoptedStorage = mapping({
  /** Id of the storage in Proxmox. */
  id: storageId,
  /** The storage exists already: it is used, and never changed or removed. */
  adopt: value("an adoption", "true", (raw) => raw === true || undefined),
});

const directoryStorage = mapping({
  /** Id of the storage in Proxmox. */
  id: storageId,
  /** A folder on the node. */
  type: oneOf("a type of storage", ["dir"]),
  /** Absolute path of the folder on the node. */
  path: absolutePath,
  /** The same folder on every node of a cluster (a mounted network file system). Default: false. */
  shared: optional(flag),
  /** Nodes that have it. Default: all. */
  nodes,
});

const nfsStorage = mapping({
  /** Id of the storage in Proxmox. */
  id: storageId,
  /** An NFS export that Proxmox mounts. */
  type: oneOf("a type of storage", ["nfs"]),
  /** Name or address of the NFS server. */
  server,
  /** Absolute path of the export on the server. */
  export: absolutePath,
  /** Mount options, such as `vers=4.2`. Default: those of Proxmox. */
  options: optional(text("mount options", "options of an NFS mount, such as vers=4.2", /^[A-Za-z0-9_.=,:-]+$/)),
  /** Nodes that have it. Default: all. */
  nodes,
});

const pbsStorage = mapping({
  /** Id of the storage in Proxmox. */
  id: storageId,
  /** A Proxmox Backup Server. */
  type: oneOf("a type of storage", ["pbs"]),
  /** Name or address of the backup server. */
  server,
  /** Datastore on the backup server. */
  datastore: text("a datastore", "letters, digits, -, _ and ., such as main", /^[A-Za-z0-9_][A-Za-z0-9._-]*$/),
  /** User or token of the backup server. */
  username: text("a user of the backup server", "USER@REALM or USER@REALM!TOKENID", backupUserPattern),
  /** Secret: `pulumi config set --secret --path 'lifeboat:backup.storage.password'`. */
  password: text(
    "a password",
    "a secret: pulumi config set --secret --path 'lifeboat:backup.storage.password'",
    /^\S/,
    1024,
  ),
  /**
   * Key with which each backup is encrypted, as `proxmox-backup-client key create --kdf none` writes it. A secret: `pulumi config set
   * --secret --path 'lifeboat:backup.storage.encryptionKey' < key.json`. Default: backups are not encrypted. Keep it elsewhere too:
   * without it nobody opens them.
   */
  encryptionKey: optional(
    text(
      "a key",
      "a secret, the JSON of a key: pulumi config set --secret --path 'lifeboat:backup.storage.encryptionKey' < key.json",
      /^\S/,
      8192,
    ),
  ),
  /** SHA-256 of the backup server's certificate. Default: the node's CAs decide. */
  fingerprint: optional(
    text("a fingerprint", "SHA-256 of the certificate as AA:BB:…", /^[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){31}$/),
  ),
  /** Namespace in the datastore. Default: its root. */
  namespace: optional(
    text("a namespace", "names joined by /", /^[A-Za-z0-9_][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_][A-Za-z0-9._-]*){0,7}$/),
  ),
  /** Nodes that have it. Default: all. */
  nodes,
});

/** By what a storage is: the schema of its keys, and nothing else. */
export const storageSchemas = {
  adopted: adoptedStorage.transform(({ id }) => ({ type: "adopted" as const, id })),
  dir: directoryStorage.transform(({ shared = false, ...rest }) => ({ ...rest, shared })),
  nfs: nfsStorage,
  pbs: pbsStorage,
};

/** A storage is declared or adopted. */
export const storageSchema: Schema<BackupStorageSettings> = choose<BackupStorageSettings>(
  [adoptedStorage, directoryStorage, nfsStorage, pbsStorage],
  (raw) => {
    const kind = kindOfStorage(raw);
    return kind === undefined ? refusing(storageWithoutType) : storageSchemas[kind];
  },
);

/** What a storage is by its raw settings: only the keys of that are looked at. */
export function kindOfStorage(raw: unknown): keyof typeof storageSchemas | undefined {
  if (at(raw, "adopt") !== undefined) return "adopted";
  const type = at(raw, "type");
  return type === "dir" || type === "nfs" || type === "pbs" ? type : undefined;
}

function storageWithoutType(raw: unknown): Finding[] {
  const example = "{ id: backup, type: dir, path: /mnt/backup } or { id: backup, adopt: true }";
  if (!isMapping(raw)) return [{ path: [], noun: "a storage for backups", allowed: example }];
  return [
    { path: ["type"], noun: "a type of storage", allowed: "dir, nfs or pbs; or adopt: true for a storage that exists" },
  ];
}

/** Proxmox's own limit is far above; this one catches a date or a size in the wrong place. */
const count = optional(wholeNumber("a number of archives", 0, 10_000));

/** What stays after a run. */
export const keepSchema: Schema<Retention> = checked(
  mapping({
    /** Keep every archive. Excludes the counts. */
    all: optional(flag),
    /** The last so many archives, whenever they were made. */
    last: count,
    /** The last archive of each of the last so many hours that have one. */
    hourly: count,
    /** The last archive of each of the last so many days that have one. */
    daily: count,
    /** The last archive of each of the last so many weeks that have one. */
    weekly: count,
    /** The last archive of each of the last so many months that have one. */
    monthly: count,
    /** The last archive of each of the last so many years that have one. */
    yearly: count,
  }),
  allOrCounts,
).transform(toRetention);

function allOrCounts(raw: unknown): Finding[] {
  if (!isMapping(raw) || (raw["all"] !== true && raw["all"] !== "true") || Object.keys(raw).length === 1) return [];
  return [
    {
      path: ["all"],
      message: "all excludes every count",
      allowed: "{ all: true } alone, or counts such as { daily: 7 }",
    },
  ];
}

interface KeepCounts {
  readonly last?: number | undefined;
  readonly hourly?: number | undefined;
  readonly daily?: number | undefined;
  readonly weekly?: number | undefined;
  readonly monthly?: number | undefined;
  readonly yearly?: number | undefined;
}

/** Proxmox's rule: no count above 0 keeps everything. */
function toRetention({ last, hourly, daily, weekly, monthly, yearly }: KeepCounts): Retention {
  const retention: Retention = {
    ...(last ? { keepLast: last } : {}),
    ...(hourly ? { keepHourly: hourly } : {}),
    ...(daily ? { keepDaily: daily } : {}),
    ...(weekly ? { keepWeekly: weekly } : {}),
    ...(monthly ? { keepMonthly: monthly } : {}),
    ...(yearly ? { keepYearly: yearly } : {}),
  };
  return Object.keys(retention).length === 0 ? { keepAll: true } : retention;
}

/** A time at which something is done again and again. */
export const scheduleSchema = value(
  "a schedule",
  'a calendar event of Proxmox, such as "01:00", "sun 03:00" or "mon..fri 22:30"',
  parseSchedule,
);

/** `offsite` of a guest. */
export const archiveChoice = oneOf("a choice of archives", ["newest", "weekly"]);

/** `snapshots` of a guest. */
export const snapshotsSchema = mapping({
  /** When a snapshot is taken: a calendar event of Proxmox, in the node's time zone, such as `0/6:00` (every six hours). */
  schedule: scheduleSchema,
  /** How many of them stay; the oldest goes when a new one is there. Snapshots with other names are left alone. */
  keep: wholeNumber("a number of snapshots", 1, 1_000),
});

/** Every key of `lifeboat:backup`. */
export const backupKeys = {
  /** Where the archives go: a storage to declare, or one that exists. */
  storage: storageSchema,
  /** Id of the job in Proxmox. Default: `lifeboat-` and the name of the environment. */
  job: optional(jobId),
  /** When the job runs: a calendar event of Proxmox, in the node's time zone. Default by profile: prod `01:00`, lab `sun 03:00`, monitoring `02:00`. */
  schedule: optional(scheduleSchema),
  /** What stays after each run. Default by profile: prod 7 daily and 4 weekly, lab the last 3, monitoring 7 daily. */
  keep: optional(keepSchema),
  /** `snapshot` does not interrupt the guest, `suspend` stops it for moments, `stop` for the whole backup. Default: `snapshot`. */
  mode: optional(oneOf("a backup mode", ["snapshot", "suspend", "stop"])),
  /** Default: `zstd`. */
  compress: optional(oneOf("a compression", ["zstd", "lzo", "gzip", "none"])),
  /** Template of the notes of each archive. Default: `{{guestname}} ({{vmid}}) on {{node}}`. */
  notes: optional(value("a template for notes", notesFormat(), parseNotes)),
  /** `false`: the job stays, and does not run. Default: true. */
  enabled: optional(flag),
  /** Proxmox's own mail about the job. Default: none. */
  mail: optional(
    mapping({
      /** Who gets the mail. */
      to: list("mail addresses", mailAddress, 1),
      /** After every run, or only after one that failed. Default: `failure`. */
      when: optional(oneOf("a time for mail", ["always", "failure"])),
    }),
  ),
};

/** Keys that people will try, and why there are none. */
export const refusedBackupKeys = {
  excludePaths: "Proxmox's answer to it breaks the provider: a job with excluded paths cannot be managed",
};

/** `lifeboat:backup` */
export const backupSchema = mapping(backupKeys, refusedBackupKeys);

/** At most 128 characters, as Proxmox stores it. Compared as text: two spellings of one event are two schedules. */
function parseSchedule(raw: unknown): string | undefined {
  if (typeof raw !== "string" || raw.length > 128) return undefined;
  try {
    return parseCalendarEvent(raw).text;
  } catch (error) {
    if (error instanceof CalendarEventError) return undefined;
    throw error;
  }
}

function notesFormat(): string {
  return "one line of at most 1024 characters; {{cluster}}, {{guestname}}, {{node}} and {{vmid}} are filled in";
}

/** Proxmox refuses the job over an unknown variable, so that it is told here, with its path. */
function parseNotes(raw: unknown): string | undefined {
  if (typeof raw !== "string" || raw.length > 1024 || /\p{Cc}/u.test(raw)) return undefined;
  const variables = [...raw.matchAll(/\{\{(.*?)\}\}/g)].map(([, name]) => name);
  return variables.every((name) => /^(cluster|guestname|node|vmid)$/.test(name ?? "")) ? raw : undefined;
}

/** The three fields of every opt-out (A2). Whether its day is past is policy, not structure. */
export const optOutSchema = mapping({
  /** Why it need not be backed up. */
  exclude: sentence,
  /** Who answers for that. */
  owner: sentence,
  /** The last day on which that holds. Afterwards the preview fails until somebody decides again. */
  until: value("a day", "a day such as 2027-06-30", parseDay),
}).transform(({ exclude, owner, until }) => ({ reason: exclude, owner, until }));
