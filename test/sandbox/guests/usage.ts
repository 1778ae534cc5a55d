import { readdir, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { Node } from "../model/site";
import { isSharedStorage } from "../model/storage-types";
import type { StorageEntry } from "../model/state";
import { contentFolder, type ContentType } from "./storages";
import { usedBytes } from "../machine/files";
import { datastoreFolder } from "../model/backup-servers";
import { hasPath } from "../model/storage-paths";

/** Bytes of a storage, as its status shows them. */
export interface StorageUsage {
  total: number;
  used: number;
  avail: number;
}

const FILE_CONTENT: readonly ContentType[] = ["vztmpl", "iso", "backup", "snippets", "import"];

/** Bytes of a storage that has a size of its own; undefined: that of the machine's file system. */
export function capacityOf(node: Node, { storage, capacity }: StorageEntry): number | undefined {
  const small = node.cluster.site.faults.hit("small-disk", { node: node.name, storage });
  return small === undefined ? capacity : Number(small["bytes"]);
}

/**
 * Room on a storage. With a `capacity` (sandbox only) every disk counts with its full size, as on a storage that sets
 * the room aside; without one it is that of the machine's file system.
 */
export async function storageUsage(node: Node, storage: StorageEntry): Promise<StorageUsage> {
  const capacity = capacityOf(node, storage);
  if (capacity === undefined) {
    const machine = await statfs(node.root);
    const total = machine.blocks * machine.bsize;
    const avail = machine.bavail * machine.bsize;
    return { total, avail, used: (machine.blocks - machine.bfree) * machine.bsize };
  }
  const isShared = isSharedStorage(storage.type, storage.options);
  const disks = node.cluster.state.volumes
    .filter((volume) => isShared || volume.node === node.name)
    .filter((volume) => volume.volid.startsWith(`${storage.storage}:`))
    .reduce((sum, volume) => sum + volume.size, 0);
  const used = disks + (await storedBytes(node, storage));
  return { total: capacity, used, avail: Math.max(0, capacity - used) };
}

async function storedBytes(node: Node, storage: StorageEntry): Promise<number> {
  // All namespaces of a datastore share its room.
  if (storage.type === "pbs") return usedBytes(datastoreFolder(node, storage));
  return hasPath(storage) ? fileBytes(node, storage) : 0;
}

async function fileBytes(node: Node, storage: StorageEntry): Promise<number> {
  const sizes = await Promise.all(
    FILE_CONTENT.map((content) => folderBytes(node.path(contentFolder(storage, content)))),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function folderBytes(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const files = await Promise.all(names.map((name) => stat(join(folder, name)).catch(() => undefined)));
  return files.reduce((sum, file) => sum + (file?.isFile() === true ? file.size : 0), 0);
}
