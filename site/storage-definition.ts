import type { BackupStorageSettings } from "./settings/environment";

/** A request that defines a storage. */
export type StorageDefinition = Readonly<Record<string, string | number>>;

/**
 * How a storage of the settings is defined on a node that does not know it, as the program defines it (`POST /storage`). Undefined
 * where the settings do not say what it is, as of one that was there already, and for a backup server, whose password no request of
 * ours has in its parameters.
 */
export function definitionOf(storage: BackupStorageSettings): StorageDefinition | undefined {
  switch (storage.type) {
    case "dir": {
      const { path, shared } = storage;
      return { ...common(storage), path, shared: shared ? 1 : 0 };
    }
    case "nfs": {
      const { server, export: exported, options } = storage;
      return { ...common(storage), server, export: exported, ...(options === undefined ? {} : { options }) };
    }
    case "adopted":
    case "pbs":
      return undefined;
  }
}

/** The words of the line by which somebody defines on the node what cannot be defined from here. */
export function definingWords(storage: BackupStorageSettings): readonly string[] {
  switch (storage.type) {
    case "pbs": {
      const { id, server, datastore, username, fingerprint, namespace } = storage;
      const options = { server, datastore, username, fingerprint, namespace };
      return ["pvesm", "add", "pbs", id, ...wordsOf(options), "--password"];
    }
    case "adopted":
      return ["pvesm", "add", "TYPE", storage.id, "--content", "backup"];
    case "dir":
    case "nfs": {
      const { storage: id, type, ...options } = definitionOf(storage) ?? {};
      return ["pvesm", "add", String(type), String(id), ...wordsOf(options)];
    }
  }
}

function wordsOf(options: Readonly<Record<string, string | number | undefined>>): string[] {
  return Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)]));
}

function common({ id, type, nodes }: Exclude<BackupStorageSettings, { readonly type: "adopted" }>): StorageDefinition {
  return { storage: id, type, content: "backup", ...(nodes === undefined ? {} : { nodes: nodes.join(",") }) };
}
