/** Volumes of containers that are copied, or built upon a template's. */
import { copySmallTree } from "../../drivers/small-trees";
import type { Log } from "../../drivers/driver";
import { run } from "../../machine/child-process";
import { removeTree } from "../../machine/files";
import { hasPath } from "../../model/storage-paths";
import type { Node } from "../../model/site";
import { isBase } from "../base-volumes";
import { parseVolume } from "../storages";
import { activateVolume, allocateContainerVolume, allocateVolume, freeVolume } from "../volumes";
import type { ContainerMount } from "./mount-points";

/** Where the copy lies that stands for a volume's snapshot. */
export function snapshotPath(node: Node, path: string, name: string): string {
  return `${node.path(path)}@${name}`;
}

/** Guests that run may have more on their files than Node can see. */
export async function copyTree({ cluster }: Node, from: string, to: string): Promise<void> {
  if (cluster.site.driver.name === "memory" && (await copySmallTree(from, to))) return;
  await run("cp", ["--archive", "--sparse=always", "--no-target-directory", from, to]);
}

interface VolumeCopy {
  readonly mount: ContainerMount;
  /** Whose the copy is. */
  readonly vmid: number;
  readonly storage: string;
  /** Of the volume as it was then; undefined: as it is now. */
  readonly snapshot?: string | undefined;
}

/** Copies a volume with what is in it (PVE::LXC::copy_volume). @returns the new one; after a failure there is none */
export async function copyVolume(
  node: Node,
  { mount, vmid, storage, snapshot }: VolumeCopy,
  log: Log,
): Promise<string> {
  const source = await activateVolume(node, mount.volume);
  const made = await allocateContainerVolume(node, vmid, storage, (mount.size ?? 0) / 1024 ** 3, log);
  try {
    const from = snapshot === undefined ? node.path(source.path) : snapshotPath(node, source.path, snapshot);
    await removeTree(node.path(made.path));
    await copyTree(node, from, node.path(made.path));
  } catch (failure) {
    await freeVolume(node, made.volid, log);
    throw failure;
  }
  return made.volid;
}

/** Whether a container's volume can be built upon this one: a folder's images build upon each other as qcow2 only. */
export function mayLink(node: Node, volid: string): boolean {
  const { storage } = parseVolume(node.cluster, volid);
  return isBase(volid) && !hasPath(storage);
}

/** Builds a volume upon a template's, with what is in it (PVE::Storage::vdisk_clone). */
export async function linkVolume(node: Node, volid: string, vmid: number, log: Log): Promise<string> {
  const source = await activateVolume(node, volid);
  const { storage } = parseVolume(node.cluster, volid);
  const { format, size } = source;
  const base = volid.slice(volid.indexOf(":") + 1);
  const made = await allocateVolume(node, { storage: storage.storage, vmid, size, format, base }, log);
  await removeTree(node.path(made.path));
  await copyTree(node, node.path(source.path), node.path(made.path));
  return made.volid;
}
