import type { DataCommon, DataKeep, DataSecrets, DataSource } from "./data";
import type { DataEntries, dataDefaultsSchema, dataSecretsSchema, DataSourceEntry } from "./data-schema";

/** What sources have from their environment. */
export interface DataDefaults {
  readonly at: string;
  readonly keep: DataKeep;
  readonly recipients: readonly string[];
}

/** Fills in what `lifeboat:data` leaves out. */
export function completeDataDefaults(entry: ReturnType<typeof dataDefaultsSchema.parse> | undefined): DataDefaults {
  return {
    at: entry?.at ?? "03:00",
    keep: entry?.keep ?? { daily: 7, weekly: 4, monthly: 12 },
    recipients: entry?.recipients ?? [],
  };
}

/** @param isAddressed the guest has an address that the settings name */
export function completeData(sources: DataEntries, defaults: DataDefaults, isAddressed: boolean): DataSource[] {
  return (sources ?? []).map(([name, entry]) => completeSource(name, entry, defaults, isAddressed));
}

/** One source, with what it leaves out. */
export function completeSource(
  name: string,
  entry: DataSourceEntry,
  defaults: DataDefaults,
  isAddressed: boolean,
): DataSource {
  const common: DataCommon = {
    name,
    at: entry.at ?? defaults.at,
    keep: entry.keep ?? defaults.keep,
    recipients: [...new Set(entry.recipients ?? defaults.recipients)].sort(),
    shrink: entry.shrink ?? 50,
    minimum: entry.minimum ?? 1,
    folder: entry.folder ?? "/var/backups/lifeboat",
    by: entry.by ?? (isAddressed ? "ssh" : "node"),
    enabled: entry.enabled ?? true,
  };
  switch (entry.kind) {
    case "postgres": {
      const { kind, container, port = 5432, superuser, proof = "user", drill, pointInTime } = entry;
      const databases = namesOf(entry.databases);
      return { ...common, kind, databases, container, port, superuser, proof, drill, pointInTime };
    }
    case "mariadb": {
      const { kind, container, drill } = entry;
      return { ...common, kind, databases: namesOf(entry.databases), container, drill };
    }
    case "files": {
      const { kind, paths = [], volumes = [], exclude = [] } = entry;
      return { ...common, kind, paths: paths.map(withoutSlash), volumes, exclude };
    }
    case "command": {
      const { kind, command, check, restore, container } = entry;
      return { ...common, kind, command, check, restore, container };
    }
  }
}

function namesOf(databases: readonly string[] | undefined): readonly string[] | undefined {
  return databases === undefined ? undefined : [...new Set(databases)];
}

function withoutSlash(path: string): string {
  return path.endsWith("/") ? path.slice(0, -1) : path;
}

/** By guest, then by source. */
export function completeDataSecrets(entry: ReturnType<typeof dataSecretsSchema.parse>): DataSecrets {
  return Object.fromEntries(entry.map(([guest, sources]) => [guest, Object.fromEntries(sources)]));
}
