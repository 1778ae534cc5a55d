import { lstatSync, mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { hasPath, storagePath } from "../guests/storages";
import type { Cluster } from "./site";
import { isSharedStorage } from "./storage-types";

/**
 * Gives every node of a cluster the same folder where a storage is shared: a link below the node's `/` to a folder of the
 * site. What is there already stays, as a mount point with files in it would.
 */
export function linkSharedStorages(cluster: Cluster): void {
  if (cluster.nodes.length < 2) return;
  for (const entry of cluster.state.storages) {
    if (!isSharedStorage(entry.type, entry.options) || !hasPath(entry)) continue;
    const folder = join(cluster.site.folder, "shared", entry.storage);
    mkdirSync(folder, { recursive: true });
    for (const node of cluster.nodes) {
      const path = node.path(storagePath(entry));
      if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) continue;
      mkdirSync(dirname(path), { recursive: true });
      symlinkSync(folder, path);
    }
  }
}
