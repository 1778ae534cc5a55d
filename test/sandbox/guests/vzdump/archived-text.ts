import { emptySection, writeConfiguration, type Configuration } from "../configuration";

/** The configuration as an archive holds it: without lock, snapshots, pending changes and their parent. */
export function archivedText(configuration: Configuration): string {
  const keys = new Map([...configuration.keys].filter(([key]) => key !== "lock" && key !== "parent"));
  return writeConfiguration({ ...configuration, keys, pending: emptySection(), snapshots: new Map() });
}
