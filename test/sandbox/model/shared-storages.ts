import { lstatSync, mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import type { StorageEntry } from "./state";
import { hasPath, storagePath } from "./storage-paths";
import { isSharedStorage } from "./storage-types";

/** A cluster, as far as its folders go. */
interface ClusterFolders {
  readonly site: { readonly folder: string };
  /** `path` is where a path of the node lies on this machine. */
  readonly nodes: readonly { path(nodePath: string): string }[];
  readonly state: { readonly storages: readonly StorageEntry[] };
}

/**
 * Gives every node of a cluster the same folder where a storage is shared: a link below the node's `/` to a folder of the
 * site. What is there already stays, as a mount point with files in it would.
 */
export function linkSharedStorages({ site, nodes, state }: ClusterFolders): void {
  if (nodes.length < 2) return;
  for (const entry of state.storages) {
    if (!isSharedStorage(entry.type, entry.options) || !hasPath(entry)) continue;
    const shared = join(site.folder, "shared", entry.storage);
    mkdirSync(shared, { recursive: true });
    for (const node of nodes) {
      const path = node.path(storagePath(entry));
      if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) continue;
      mkdirSync(dirname(path), { recursive: true });
      symlinkSync(shared, path);
    }
  }
}
