import type { PointInTimeKeysGiven, PointInTimeSettings } from "./point-in-time";
import type { Bytes, Seconds } from "./units";

/** Data inside guests that are backed up by themselves (I1): dumps, besides the archives of whole guests. */

/** A source of data by what it is. */
export type DataSource = PostgresSource | MariaDbSource | FilesSource | CommandSource;

export type DataKind = DataSource["kind"];

/** How many dumps stay, in tiers by the dumps' own times in UTC (I3). 0: the tier keeps none. */
export interface DataKeep {
  /** The last dump of each of the last so many days that have one. */
  readonly daily: number;
  /** The last dump of each of the last so many ISO weeks that have one. */
  readonly weekly: number;
  /** The last dump of each of the last so many months that have one. */
  readonly monthly: number;
}

/** How a drill asks a database that was restored from a dump whether it is the right one. */
export interface DumpDrill {
  /** The database of the dump that is asked. */
  readonly database: string;
  /** SQL; what it answers is compared. */
  readonly query: string;
  /** The answer, character by character: columns are parted by `|`. */
  readonly expect: string;
  /** Seconds after which the last drill is too old. */
  readonly maxAge: Seconds;
}

/** What a drill asks of a source; undefined: it counts, and asks nothing. */
export function drillOf(source: DataSource): DumpDrill | undefined {
  return source.kind === "postgres" || source.kind === "mariadb" ? source.drill : undefined;
}

/** What all sources have. */
export interface DataCommon {
  /** Key in the settings. */
  readonly name: string;
  /** When a dump is made: a calendar event of Proxmox, in the guest's time zone. */
  readonly at: string;
  readonly keep: DataKeep;
  /** Public keys of age that dumps are encrypted for. Empty: not encrypted. */
  readonly recipients: readonly string[];
  /** An item that is more than so many percent smaller than in the last dump is an error. 100: never. */
  readonly shrink: number;
  /** A dump of fewer bytes, before compression, is an error. */
  readonly minimum: Bytes;
  /** The Docker container in the guest in which the database is, or the command runs. Absent: the guest itself. */
  readonly container?: string | undefined;
  /** Absolute path in the guest below which the dumps lie. */
  readonly folder: string;
  /** How the guest is reached: over SSH, or through its node (`pct exec`, the guest agent). */
  readonly by: "ssh" | "node";
  /** The timer runs. */
  readonly enabled: boolean;
}

export interface PostgresSource extends DataCommon {
  readonly kind: "postgres";
  /** Absent: every database of the server. */
  readonly databases?: readonly string[] | undefined;
  /** TCP port of the server on 127.0.0.1, in the guest or in the container. */
  readonly port: number;
  /** The server's superuser, which makes the user for backups. Absent: `postgres`, or as the container says. */
  readonly superuser?: string | undefined;
  /** Who restores a dump to prove it: the user for backups, or the superuser, for what nobody else can restore. */
  readonly proof: "user" | "superuser";
  /** Absent: a drill counts, and asks nothing. */
  readonly drill?: DumpDrill | undefined;
  /** Absent: there are dumps alone. */
  readonly pointInTime?: PointInTimeSettings | undefined;
}

export interface MariaDbSource extends DataCommon {
  readonly kind: "mariadb";
  /** Absent: every database of the server. */
  readonly databases?: readonly string[] | undefined;
  /** Absent: a drill counts, and asks nothing. */
  readonly drill?: DumpDrill | undefined;
}

export interface FilesSource extends DataCommon {
  readonly kind: "files";
  /** Absolute paths of folders or files in the guest. */
  readonly paths: readonly string[];
  /** Names of Docker volumes. */
  readonly volumes: readonly string[];
  /** Patterns of names that are left out. */
  readonly exclude: readonly string[];
}

export interface CommandSource extends DataCommon {
  readonly kind: "command";
  /** Its output is the dump; read by the guest's `sh`. */
  readonly command: string;
  /** Gets the dump on standard input, and ends with 0 if it is one. Absent: it has to hold something. */
  readonly check?: string | undefined;
  /** Gets the dump on standard input and restores it. Absent: it is only fetched. */
  readonly restore?: string | undefined;
}

/** What no settings of a guest have to say, for one source. */
export interface DataSourceSecrets {
  /** Password of the database user that makes the dumps. */
  readonly password?: string | undefined;
  /** Key, and passphrase, of its point-in-time recovery. */
  readonly pointInTime?: PointInTimeKeysGiven | undefined;
}

/** `lifeboat:dataSecrets`, decrypted: by guest, then by source. */
export type DataSecrets = Readonly<Record<string, Readonly<Record<string, DataSourceSecrets>>>>;
