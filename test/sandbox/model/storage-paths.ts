import { death } from "../protocol/failure";
import type { StorageEntry } from "./state";

/** Storages that Proxmox mounts by itself, without a path of their own. */
const MOUNTED_TYPES = ["nfs", "cifs", "cephfs", "glusterfs"];

/** The storage's folder on the node. @throws for storages that have none */
export function storagePath(storage: StorageEntry): string {
  const { path } = storage.options;
  if (path !== undefined) return path;
  if (MOUNTED_TYPES.includes(storage.type)) return `/mnt/pve/${storage.storage}`;
  throw death("storage definition has no path");
}

export function hasPath(storage: StorageEntry): boolean {
  return storage.options.path !== undefined || MOUNTED_TYPES.includes(storage.type);
}
