import type { DataSource } from "../../../site/settings/data";
import { assignments } from "../../install/shell";

/** The settings of a source as the program in the guest reads them. */
export function settingsFile(source: DataSource): string {
  const { kind, keep, shrink, minimum, folder } = source;
  return assignments({
    kind,
    keep_daily: String(keep.daily),
    keep_weekly: String(keep.weekly),
    keep_monthly: String(keep.monthly),
    shrink: String(shrink),
    minimum: String(minimum),
    folder,
    ...ownValues(source),
  });
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
