import { type ArgumentRules, checkBy } from "../../site/arguments/checked";
import {
  commandBackupSchema,
  filesBackupSchema,
  mariadbBackupSchema,
  postgresBackupSchema,
  sourcesOf,
} from "../../site/arguments/data";
import { type Entrance, removalCommand, shellThrough } from "../../site/data/entrance";
import type { DataSource, DataSourceSecrets } from "../../site/settings/data";
import type { KeyPair } from "../../site/settings/environment";
import { type CopiedGuest, installDumpCopies, removeDumpCopies } from "../offsite/dump-copies-files";
import { installScript } from "./installation";
import { installReport, removeReport } from "./report/files";

/** What the command that installs a source is made of, computed without Pulumi. */
export interface InstallInputs {
  readonly address: string;
  readonly port?: number;
  readonly user: string;
  readonly privateKey?: string;
  readonly hostKey: string;
  /** Runs the script there. */
  readonly create: string;
  /** The script, with all that is secret. */
  readonly stdin: string;
  readonly delete: string;
  readonly incarnation?: string;
  /** When dumps are made. */
  readonly schedule: string;
}

/** Arguments that every kind has, as they were read. */
interface Place {
  readonly source: string;
  readonly address: string;
  readonly sshPort?: number | undefined;
  readonly sshUser?: string | undefined;
  readonly privateKey?: string | undefined;
  readonly hostKey: string;
  readonly guestId?: number | undefined;
  readonly incarnation?: string | undefined;
  readonly watchers?: readonly string[] | undefined;
  readonly offsite?:
    | (CopiedGuest["offsite"] & Pick<CopiedGuest, "environment" | "guest" | "authority"> & { readonly key: KeyPair })
    | undefined;
}

function installInputs(source: DataSource, secrets: DataSourceSecrets, place: Place): InstallInputs {
  const { address, sshPort, sshUser: user = "root", privateKey, hostKey, guestId, incarnation } = place;
  const entrance: Entrance = guestId === undefined ? { kind: "ssh", user } : { kind: "node", user, id: guestId };
  return {
    address,
    ...(sshPort === undefined ? {} : { port: sshPort }),
    user,
    ...(privateKey === undefined ? {} : { privateKey }),
    hostKey,
    create: shellThrough(entrance),
    stdin: installScript(source, secrets) + reportScript(place) + copiesScript(place),
    delete: removalCommand(source.name, entrance),
    ...(incarnation === undefined ? {} : { incarnation }),
    schedule: source.at,
  };
}

/** Before the copies: that they cannot be set up is seen there, too. */
function reportScript({ source, watchers = [] }: Place): string {
  return watchers.length === 0 ? removeReport(source) : installReport(source, { watchers });
}

/** It comes after the source's own: dumps are made also where copies cannot be set up, and that is an error then. */
function copiesScript({ source, offsite }: Place): string {
  if (offsite === undefined) return removeDumpCopies([source]);
  const { environment, guest, key: writer, authority } = offsite;
  return installDumpCopies({ environment, guest, sources: [source], offsite, writer, authority });
}

const script = ["stdin"];

const commonUses = {
  source: ["stdin", "delete"],
  address: ["address"],
  sshPort: ["port"],
  sshUser: ["user", "create", "delete"],
  privateKey: ["privateKey"],
  hostKey: ["hostKey"],
  guestId: ["create", "delete"],
  incarnation: ["incarnation"],
  at: ["stdin", "schedule"],
  ...Object.fromEntries(
    ["keep", "recipients", "shrink", "minimum", "folder", "enabled", "watchers", "offsite"].map((key) => [key, script]),
  ),
};

/** @param own arguments of one kind, which are all for what is installed */
function usesOf(...own: readonly string[]): Readonly<Record<string, readonly string[]>> {
  return { ...commonUses, ...Object.fromEntries(own.map((key) => [key, script])) };
}

const commonSamples = {
  source: "source",
  address: "192.0.2.1",
  sshPort: 22,
  privateKey: "PRIVATE KEY",
  hostKey: "ssh-ed25519 AAAA",
  guestId: 100,
  incarnation: "",
};

const pointInTimeSamples = {
  pointInTime: { store: { endpoint: "https://s3.example.com", bucket: "bucket" } },
  pointInTimeKeys: { accessKey: "key", secretKey: "secret", passphrase: "passphrase" },
};

/** How the arguments of a source are read, by its kind. */
export const dataRules = {
  postgres: rules({
    check: (raw) =>
      checkBy(postgresBackupSchema, raw, (entry) => {
        const { password, pointInTimeKeys: pointInTime } = entry;
        return { inputs: installInputs(sourcesOf.postgres(entry), { password, pointInTime }, entry) };
      }),
    uses: usesOf(
      "databases",
      "container",
      "port",
      "superuser",
      "proof",
      "password",
      ...Object.keys(pointInTimeSamples),
    ),
    samples: { ...commonSamples, ...pointInTimeSamples, password: "password" },
  }),
  mariadb: rules({
    check: (raw) =>
      checkBy(mariadbBackupSchema, raw, (entry) => {
        const { password } = entry;
        return { inputs: installInputs(sourcesOf.mariadb(entry), { password }, entry) };
      }),
    uses: usesOf("databases", "container", "password"),
    samples: { ...commonSamples, password: "password" },
  }),
  files: rules({
    check: (raw) =>
      checkBy(filesBackupSchema, raw, (entry) => ({ inputs: installInputs(sourcesOf.files(entry), {}, entry) })),
    uses: usesOf("paths", "volumes", "exclude"),
    samples: { ...commonSamples, paths: ["/path"], volumes: ["volume"] },
  }),
  command: rules({
    check: (raw) =>
      checkBy(commandBackupSchema, raw, (entry) => ({ inputs: installInputs(sourcesOf.command(entry), {}, entry) })),
    uses: usesOf("command", "check", "restore", "container"),
    samples: { ...commonSamples, command: "true" },
  }),
};

function rules(of: ArgumentRules<InstallInputs>): ArgumentRules<InstallInputs> {
  return of;
}
