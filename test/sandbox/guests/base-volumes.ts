/** Volumes that take another name: those of templates, and those that another guest gets. */
import { mkdir, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { hasPath } from "../model/storage-paths";
import type { Node } from "../model/site";
import type { VolumeState } from "../model/state";
import { removeIfEmpty } from "../machine/files";
import { death } from "../protocol/failure";
import { parseVolume, volumePath } from "./storages";
import { activateVolume, freeVolumeName } from "./volumes";

/** Whether a volume is a template's. */
export function isBase(volid: string): boolean {
  return /(?:^|[:/])(?:base|basevol)-\d+-[^/]*$/.test(volid);
}

/** Makes a volume a template's (PVE::Storage::vdisk_create_base). @returns its id from now on */
export async function makeBase(node: Node, volid: string): Promise<string> {
  if (isBase(volid)) throw death("create_base not possible with base image");
  const volume = await activateVolume(node, volid);
  const name = volid.replace(/(^|[:/])(vm|subvol)(-\d+-[^/]*)$/, (_, before: string, kind: string, rest: string) =>
    [before, kind === "vm" ? "base" : "basevol", rest].join(""),
  );
  return renamed(node, volume, name);
}

/** Whether another guest can get a volume (PVE::Storage::volume_has_feature, `rename`): a folder that is a volume cannot. */
export function canRename(node: Node, volid: string): boolean {
  const { storage, format } = parseVolume(node.cluster, volid);
  return !isBase(volid) && !(format === "subvol" && hasPath(storage));
}

/** Gives a volume to another guest, under its next free number (PVE::Storage::rename_volume). @returns its id from now on */
export async function giveVolume(node: Node, volid: string, vmid: number): Promise<string> {
  const volume = await activateVolume(node, volid);
  const { storage } = parseVolume(node.cluster, volid);
  const { format } = volume;
  const name = freeVolumeName(node, storage, { storage: storage.storage, vmid, size: volume.size, format });
  return renamed(node, volume, `${storage.storage}:${name}`);
}

async function renamed(node: Node, volume: VolumeState, volid: string): Promise<string> {
  const path = volumePath(parseVolume(node.cluster, volid));
  const from = node.path(volume.path);
  await mkdir(dirname(node.path(path)), { recursive: true });
  await rename(from, node.path(path));
  if (hasPath(parseVolume(node.cluster, volid).storage)) await removeIfEmpty(dirname(from));
  Object.assign(volume, { volid, path });
  node.cluster.save();
  return volid;
}

/** The image that a volume in a folder builds upon, as the list of its storage tells it; null: none. */
export function parentOf(volid: string): string | null {
  const base = /:(\d+\/[^/]+)\/\d+\/[^/]+$/.exec(volid)?.[1];
  return base === undefined ? null : `../${base}`;
}
