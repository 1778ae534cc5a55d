import { scheduleSchema } from "./backup-schema";
import type { DataKeep } from "./data";
import {
  at,
  checked,
  choose,
  entries,
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
import { databaseIsDumped, dumpDrillSchema } from "./dump-drill-schema";
import { ip } from "./network-schema";
import { pointInTimeKeysSchema, pointInTimeSchema } from "./point-in-time-schema";
import { guestName } from "./values/names";
import { parsePath, pathFormat } from "./values/paths";
import { parseSize, sizeFormat } from "./values/sizes";

/** A source's name is a part of units, folders and files in the guest. */
export const sourceName = text(
  "a source's name",
  "lower-case letters, digits and -, beginning with a letter and not ending in -, at most 40, such as shop",
  /^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$/,
);

const recipient = text(
  "a recipient",
  "a public key of age, which age-keygen prints: age1…",
  /^age1[02-9ac-hj-np-z]{58}$/,
);

const count = optional(wholeNumber("a number of dumps", 0, 1_000));
const keepSchema: Schema<DataKeep> = checked(
  mapping({
    /** The last dump of each of the last so many days that have one. Default: 0 beside another tier. */
    daily: count,
    /** The last dump of each of the last so many weeks that have one. Default: 0 beside another tier. */
    weekly: count,
    /** The last dump of each of the last so many months that have one. Default: 0 beside another tier. */
    monthly: count,
  }),
  keepsOne,
).transform(({ daily = 0, weekly = 0, monthly = 0 }) => ({ daily, weekly, monthly }));

/** A typing error in a tier must not become the wish to keep nothing. */
function keepsOne(raw: unknown): Finding[] {
  if (!isMapping(raw) || ["daily", "weekly", "monthly"].some((tier) => (at(raw, tier) ?? 0) !== 0)) return [];
  return [{ path: [], message: "keeps no dump at all", allowed: "at least one tier above 0, such as { daily: 7 }" }];
}

/** Whom something is encrypted for. */
export const recipients = optional(list("recipients", recipient));

/** `lifeboat:data`: what sources have that do not say otherwise. */
export const dataDefaultsSchema = mapping({
  /** When dumps are made: a calendar event of Proxmox, in the guest's time zone. Default: `03:00`. */
  at: optional(scheduleSchema),
  /** How many dumps stay. Default: 7 daily, 4 weekly, 12 monthly. */
  keep: optional(keepSchema),
  /** Public keys of age that dumps are encrypted for. The identity never goes to a guest. Default: not encrypted. */
  recipients,
  /**
   * Addresses from which guests may be asked how their dumps are: those of exporters. An empty list: nobody. Default: the addresses of
   * the guests that watch, of all environments of the project.
   */
  watchers: optional(list("IP addresses", ip)),
});

/** A name that somebody else chose: anything but control characters. */
const anyName = text("a name", "a name of at most 255 characters on one line", /^[^\p{Cc}]+$/u);

const dockerName = text(
  "a name in Docker",
  "letters, digits, _, . and -, such as shop-db-1",
  /^[A-Za-z0-9][A-Za-z0-9_.-]+$/,
);

const commandLine = text(
  "a command",
  "one line for the guest's sh, at most 4000 characters",
  /^(?=.*\S)[^\p{Cc}]+$/u,
  4000,
);

const anyPath = text(
  "a path",
  "an absolute path on one line, without . or .. as a part, such as /etc/app",
  /^(?!.*\/\.{1,2}(?:\/|$))(?:\/[^/\p{Cc}]+)+\/?$/u,
  4096,
);

/** Keys of every kind of source. */
const common = {
  /** When dumps are made. Default: that of `lifeboat:data`. */
  at: optional(scheduleSchema),
  /** How many dumps stay. Default: that of `lifeboat:data`. */
  keep: optional(keepSchema),
  /** Public keys of age that the dumps are encrypted for. Default: those of `lifeboat:data`. An empty list: not encrypted. */
  recipients,
  /** Percent that a part of a dump may be smaller than in the last one. Default: 50. 100 allows everything. */
  shrink: optional(wholeNumber("a percentage", 1, 100)),
  /** A smaller dump, before compression, is an error. Default: 1 byte. */
  minimum: optional(value("a size", sizeFormat, parseSize)),
  /** Folder in the guest below which the dumps lie. Default: `/var/backups/lifeboat`. */
  folder: optional(value("a path", pathFormat, parsePath)),
  /** How the guest is reached. Default: `ssh` with a fixed address; otherwise `node`, with `ssh` in `lifeboat:proxmox`. */
  by: optional(oneOf("a way to the guest", ["ssh", "node"])),
  /** `false`: the timer stops, and the dumps stay. Default: true. */
  enabled: optional(flag),
};

/** Docker container in the guest. */
const container = optional(dockerName);

const port = wholeNumber("a port", 1, 65_535);

/** A user of the database server. */
const superuser = optional(anyName);
/** Keys of a source of PostgreSQL. */
export const postgresKeys = {
  /** Databases of a PostgreSQL server. */
  kind: oneOf("a kind of data", ["postgres"]),
  /** Default: every database of the server. */
  databases: optional(list("names of databases", anyName, 1)),
  /** Docker container in the guest in which the server runs. Default: it runs in the guest itself. */
  container,
  /** Port of the server. Default: 5432. */
  port: optional(port),
  /** Superuser of the server, which makes the user for backups. Default: `postgres`; in a container its `POSTGRES_USER`. */
  superuser,
  /**
   * Who restores each dump into a throw-away database, to prove it. `superuser` is for databases with what nobody else can make, such
   * as PostGIS or functions in C; what an owner of such a database has written into it then runs with all rights. Default: `user`.
   */
  proof: optional(oneOf("a user for proofs", ["user", "superuser"])),
  /** What `lifeboat drill data` asks a database that it has restored from a dump. Default: it only counts what is in it. */
  drill: optional(dumpDrillSchema),
  ...common,
  /** Recovery of the whole cluster to any point in time, besides the dumps. Default: none. */
  pointInTime: optional(pointInTimeSchema),
};

const postgresSchema = checked(mapping(postgresKeys), (raw) => [
  ...isReachedByPgBackRest(raw),
  ...databaseIsDumped(raw),
]);

/** pgBackRest works on the files of a cluster, which lie in the container, and Debian's tools manage none there. */
export function isReachedByPgBackRest(raw: unknown): Finding[] {
  if (at(raw, "container") === undefined || at(raw, "pointInTime") === undefined) return [];
  return [
    {
      path: ["pointInTime"],
      message: "a database in a Docker container is not recovered to a point in time",
      allowed: "nothing beside container: its dumps are what it is restored from",
    },
  ];
}

/** Keys of a source of MariaDB. */
export const mariadbKeys = {
  /** Databases of a MariaDB or MySQL server. */
  kind: oneOf("a kind of data", ["mariadb"]),
  /** Default: every database of the server. */
  databases: optional(list("names of databases", anyName, 1)),
  /** Docker container in the guest in which the server runs. Default: it runs in the guest itself. */
  container,
  /** What `lifeboat drill data` asks a database that it has restored from a dump. Default: it only counts what is in it. */
  drill: optional(dumpDrillSchema),
  ...common,
};

const mariadbSchema = checked(mapping(mariadbKeys), databaseIsDumped);

/** Keys of a source of files. */
export const filesKeys = {
  /** Folders and files, and Docker volumes. */
  kind: oneOf("a kind of data", ["files"]),
  /** Folders or files of the guest. */
  paths: optional(list("paths", anyPath, 1)),
  /** Docker volumes of the guest. */
  volumes: optional(list("names of volumes", dockerName, 1)),
  /** Patterns of names that are left out, as `tar` reads them, such as `*.tmp`. */
  exclude: optional(list("patterns", anyName)),
  ...common,
};

const filesSchema = checked(mapping(filesKeys), namesFiles);

/** A source of files has some. */
export function namesFiles(raw: unknown): Finding[] {
  if (at(raw, "paths") !== undefined || at(raw, "volumes") !== undefined) return [];
  return [{ path: [], message: "names no files", allowed: "paths or volumes" }];
}

/** Keys of a source of a command. */
export const commandKeys = {
  /** What a command prints. */
  kind: oneOf("a kind of data", ["command"]),
  /** Run in the guest by its `sh`; what it prints is the dump. */
  command: commandLine,
  /** Gets the dump on its standard input, and ends with 0 if that is a good one. Default: it only has to hold something. */
  check: optional(commandLine),
  /** Gets the dump on its standard input, and restores it. Default: a dump is only fetched. */
  restore: optional(commandLine),
  /** Docker container in the guest in which the commands run. Default: the guest itself. */
  container,
  ...common,
};

const commandSchema = mapping(commandKeys);

const schemas = {
  postgres: postgresSchema,
  mariadb: mariadbSchema,
  files: filesSchema,
  command: commandSchema,
};

/** A source as the settings have it. */
export type DataSourceEntry = {
  [Kind in keyof typeof schemas]: ReturnType<(typeof schemas)[Kind]["parse"]>;
}[keyof typeof schemas];

const sourceSchema: Schema<DataSourceEntry> = choose<DataSourceEntry>(Object.values(schemas), (raw) => {
  const kind = at(raw, "kind");
  return typeof kind === "string" && isKind(kind) ? schemas[kind] : refusing(sourceWithoutKind);
});

function isKind(word: string): word is keyof typeof schemas {
  return Object.hasOwn(schemas, word);
}

function sourceWithoutKind(raw: unknown): Finding[] {
  const allowed = "postgres, mariadb, files or command";
  if (!isMapping(raw)) return [{ path: [], noun: "a source of data", allowed: `a mapping with kind: ${allowed}` }];
  return [{ path: ["kind"], noun: "a kind of data", allowed }];
}

/** `data` of a guest: what is dumped inside it, by names of your own. */
export const dataSchema = optional(entries("sources of data", sourceName, sourceSchema));

export type DataEntries = ReturnType<typeof dataSchema.parse>;

/** Any character that a line can hold: it lies in a file of its own, and no shell ever reads it. */
export const anyLine = text("a secret", "one line of 1 to 2048 characters", /^[^\p{Cc}\p{Zl}\p{Zp}]+$/u, 2048);

/** `lifeboat:dataSecrets`, decrypted. */
export const dataSecretsSchema = entries(
  "guests",
  guestName,
  entries(
    "sources",
    sourceName,
    mapping({
      /** Password of the database user that makes the dumps. */
      password: optional(anyLine),
      /** Key, and passphrase, of its point-in-time recovery. */
      pointInTime: optional(pointInTimeKeysSchema),
    }),
  ),
);

/** How a guest can be reached decides who may have sources. */
export function dataReachesGuests(raw: unknown): Finding[] {
  const guests = at(raw, "guests");
  if (!isMapping(guests)) return [];
  return Object.entries(guests).flatMap(([guest, entry]) => {
    const sources = at(entry, "data");
    if (!isMapping(sources)) return [];
    return Object.entries(sources).flatMap(([source, settings]) =>
      isReachable(raw, entry, at(settings, "by")).map((finding) => {
        return { ...finding, path: ["guests", guest, "data", source, "by"] };
      }),
    );
  });
}

function isReachable(raw: unknown, guest: unknown, by: unknown): Finding[] {
  const address = at(at(guest, "network"), "address");
  const isFixed = address !== undefined && address !== "dhcp";
  if (by === "ssh" || (by === undefined && isFixed)) {
    const allowed = "a fixed address, or by: node";
    return isFixed ? [] : [{ path: [], message: "over SSH its address has to be known", allowed }];
  }
  if (at(at(raw, "proxmox"), "ssh") !== undefined) return [];
  const allowed = isFixed ? "ssh in lifeboat:proxmox, or by: ssh" : "ssh in lifeboat:proxmox";
  return [{ path: [], message: "through its node needs SSH to that node", allowed }];
}
