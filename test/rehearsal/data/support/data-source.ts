import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { programFiles } from "../../../../components/data/guest-program/program";
import { settingsFile } from "../../../../components/data/guest-program/settings-file";
import { dataProgram, placesOf } from "../../../../site/data/places";
import { type DumpManifest, parseManifests } from "../../../../site/data/manifest";
import { parseStatus, type SourceStatus } from "../../../../site/data/status";
import type {
  CommandSource,
  DataCommon,
  DataSource,
  FilesSource,
  MariaDbSource,
  PostgresSource,
} from "../../../../site/settings/data";
import type { DatabaseGuest, GuestAnswer, GuestCommandOptions } from "../../../support/database-guest/database-guest";

const programFolder = dataProgram.slice(0, dataProgram.lastIndexOf("/"));

const common: DataCommon = {
  name: "shop",
  at: "03:00",
  keep: { daily: 7, weekly: 4, monthly: 12 },
  recipients: [],
  shrink: 50,
  minimum: 1,
  folder: "/var/backups/lifeboat",
  by: "ssh",
  enabled: true,
};

/** A source of PostgreSQL with other settings than the defaults. */
export function postgresSource(other: Partial<PostgresSource> = {}): PostgresSource {
  return { ...common, kind: "postgres", port: 5432, proof: "user", ...other };
}

/** A source of MariaDB with other settings than the defaults. */
export function mariaDbSource(other: Partial<MariaDbSource> = {}): MariaDbSource {
  return { ...common, kind: "mariadb", ...other };
}

/** A source of files with other settings than the defaults. */
export function filesSource(other: Partial<FilesSource> = {}): FilesSource {
  return { ...common, kind: "files", paths: [], volumes: [], exclude: [], ...other };
}

/** A source of a command's output with other settings than the defaults. */
export function commandSource(other: Partial<CommandSource> & Pick<CommandSource, "command">): CommandSource {
  return { ...common, kind: "command", ...other };
}

/** A source whose program and settings lie in a guest, as `pulumi up` puts them there; without systemd. */
export class InstalledSource {
  constructor(
    readonly guest: DatabaseGuest,
    readonly source: DataSource,
    password = "secret",
  ) {
    const { settings } = placesOf(source.name);
    mkdirSync(guest.path(programFolder), { recursive: true });
    for (const { name, text, isExecutable } of programFiles()) {
      writeFileSync(guest.path(`${programFolder}/${name}`), text);
      chmodSync(guest.path(`${programFolder}/${name}`), isExecutable ? 0o755 : 0o644);
    }
    mkdirSync(guest.path(settings), { recursive: true, mode: 0o700 });
    const recipients = source.recipients.map((one) => `${one}\n`).join("");
    for (const [name, text] of Object.entries({ settings: settingsFile(source), password, recipients })) {
      writeFileSync(guest.path(`${settings}/${name}`), text, { mode: 0o600 });
    }
  }

  /** Runs a verb of the program. */
  program(verb: string, words: readonly string[] = [], options?: GuestCommandOptions): Promise<GuestAnswer> {
    return this.guest.run([dataProgram, verb, this.source.name, ...words], options);
  }

  /** A run that has to make a dump. @returns its line of the log */
  async dump(...words: readonly string[]): Promise<string> {
    const { exitCode, stderr } = await this.program("run", words);
    if (exitCode !== 0) throw new Error(`The run ended with ${exitCode}: ${stderr}`);
    return this.lastLine();
  }

  /** A run that has to fail. @returns its line of the log, without the time */
  async failingRun(options?: GuestCommandOptions): Promise<string> {
    const { exitCode } = await this.program("run", [], options);
    if (exitCode !== 1) throw new Error(`The run ended with ${exitCode}: ${await this.lastLine()}`);
    return this.lastLine();
  }

  async lastLine(): Promise<string> {
    const line = await this.guest.must(`tail -n 1 ${placesOf(this.source.name).log}`);
    return line.replace(/^\S+ /u, "");
  }

  async manifests(): Promise<DumpManifest[]> {
    const { exitCode, stdout, stderr } = await this.program("list");
    if (exitCode !== 0) throw new Error(stderr);
    return parseManifests(stdout);
  }

  async status(): Promise<SourceStatus> {
    const { stdout, stderr } = await this.program("status");
    const status = parseStatus(stdout);
    if (status === undefined) throw new Error(`No status: ${stdout}${stderr}`);
    return status;
  }
}
