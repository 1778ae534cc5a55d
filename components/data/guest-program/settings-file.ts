import type { DataSource } from "../../../site/settings/data";
import { quote } from "../../install/shell";

/** The settings of a source as the program in the guest reads them: assignments of a shell, every value quoted. */
export function settingsFile(source: DataSource): string {
  const { kind, keep, shrink, minimum, folder } = source;
  const values = {
    kind,
    keep_daily: String(keep.daily),
    keep_weekly: String(keep.weekly),
    keep_monthly: String(keep.monthly),
    shrink: String(shrink),
    minimum: String(minimum),
    folder,
    ...ownValues(source),
  };
  const lines = Object.entries(values).map(([name, value]) => `${name}=${value === "" ? "''" : quote(value)}`);
  return `# shellcheck shell=sh disable=SC2034\n# Written by Lifeboat: changes to this file are overwritten.\n${lines.join("\n")}\n`;
}

/** Lists are one entry a line: no name of the settings holds a line break. */
function ownValues(source: DataSource): Readonly<Record<string, string>> {
  switch (source.kind) {
    case "postgres":
      return {
        databases: lines(source.databases),
        container: source.container ?? "",
        port: String(source.port),
        superuser: source.superuser ?? "",
        proof: source.proof,
      };
    case "mariadb":
      return { databases: lines(source.databases), container: source.container ?? "" };
    case "files":
      return { paths: lines(source.paths), volumes: lines(source.volumes), exclude: lines(source.exclude) };
    case "command":
      return {
        command: source.command,
        check: source.check ?? "",
        restore: source.restore ?? "",
        container: source.container ?? "",
      };
  }
}

function lines(entries: readonly string[] = []): string {
  return entries.join("\n");
}
