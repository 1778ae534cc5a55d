import { randomUUID } from "node:crypto";
import { dirname } from "node:path";
import type { Log, Volume } from "../drivers/driver";
import type { Image } from "../drivers/machines";
import { exists, removeIfEmpty } from "../machine/files";
import type { Node } from "../model/site";
import type { StorageEntry, VolumeState } from "../model/state";
import { death } from "../protocol/failure";
import { activateStorage, holds, parseVolume, volumePath } from "./storages";
import { hasPath } from "../model/storage-paths";
import { isSharedStorage } from "../model/storage-types";
import { snapshotNamed } from "./backup-server/content";
import { snapshotArchive } from "./backup-server/snapshots";
import { capacityOf, storageUsage } from "./usage";

/** More than ext4 lets a file have: where qemu-img finds an image too large. */
const LARGEST_FILE = 16 * 1024 ** 4 - 4096;

/** Proxmox numbers a guest's disks on one storage up to here. */
const MOST_DISKS = 16_384;

export interface Allocation {
  storage: string;
  vmid: number;
  /** Bytes; a container's volume of 0 bytes is a folder without a limit. */
  size: number;
  format: VolumeState["format"];
  /** Instead of the next number: what follows the guest's number in the name, such as `cloudinit`. */
  purpose?: string;
  /** Name on its storage of the template's volume that it is built upon. */
  base?: string;
  /** A virtual machine's disk, rather than a container's tree. */
  isDisk?: true;
}

/**
 * Makes a volume under the next free number of the guest on that storage (PVE::Storage::vdisk_alloc).
 * @throws the texts of qemu-img for an image that is too large or has no room
 */
export async function allocateVolume(node: Node, wanted: Allocation, log: Log): Promise<VolumeState> {
  const storage = await activateStorage(node, wanted.storage);
  const volid = `${storage.storage}:${freeVolumeName(node, storage, wanted)}`;
  const path = volumePath(parseVolume(node.cluster, volid));
  // Only names that are given can be there already, such as that of what cloud-init reads (PVE::Storage::Plugin::alloc_image).
  if (findVolume(node, volid) !== undefined) throw death(`disk image '${path}' already exists`);
  const kind = wanted.isDisk === true ? ({ isDisk: true } as const) : {};
  const volume: VolumeState = { node: node.name, volid, format: wanted.format, path, size: wanted.size, ...kind };
  if (wanted.format !== "subvol") {
    log(`Formatting '${path}', fmt=${wanted.format} size=${wanted.size}${creationOptions(wanted.format)}`);
    if (wanted.size > LARGEST_FILE) {
      throw imageFailure(path, `The image size is too large for file format '${wanted.format}'`);
    }
  } else if (wanted.size !== 0 && storage.type !== "zfspool") {
    throw death("storage does not support subvol quotas");
  }
  if (await lacksRoom(node, storage, wanted.size)) {
    throw imageFailure(path, `Could not create '${path}': No space left on device`);
  }
  const { driver } = node.cluster.site;
  if (volume.isDisk === true) await driver.machines.createImage(diskImage(node, volume), volume.size);
  else await driver.createVolume(machineVolume(node, volume));
  node.cluster.state.volumes.push(volume);
  node.cluster.save();
  return volume;
}

function creationOptions(format: string): string {
  if (format !== "qcow2") return " preallocation=off";
  return " cluster_size=65536 extended_l2=off preallocation=metadata compression_type=zlib lazy_refcounts=off refcount_bits=16";
}

function imageFailure(path: string, text: string): Error {
  return death(`unable to create image: qemu-img: ${path}: ${text}`);
}

async function lacksRoom(node: Node, storage: StorageEntry, size: number): Promise<boolean> {
  const where = { node: node.name, storage: storage.storage };
  if (node.cluster.site.faults.hit("storage-full", where) !== undefined) return true;
  return capacityOf(node, storage) !== undefined && size > (await storageUsage(node, storage)).avail;
}

/** The volume's name below the storage: numbers that any disk of the guest has there are taken. */
export function freeVolumeName(node: Node, storage: StorageEntry, wanted: Allocation): string {
  if (wanted.purpose !== undefined) return placed(storage, wanted, `vm-${wanted.vmid}-${wanted.purpose}`);
  const taken = new Set(
    volumesOf(node, wanted.vmid)
      .filter((volume) => volume.volid.startsWith(`${storage.storage}:`))
      .map((volume) => /(?:vm|base|subvol|basevol)-\d+-disk-(\d+)[^/]*$/.exec(volume.volid)?.[1]),
  );
  for (let number = 0; number < MOST_DISKS; number += 1) {
    if (taken.has(String(number))) continue;
    const name = `${wanted.format === "subvol" ? "subvol" : "vm"}-${wanted.vmid}-disk-${number}`;
    return placed(storage, wanted, name);
  }
  throw death(`unable to allocate an image name for VM ${wanted.vmid} in storage '${storage.storage}'`);
}

function placed(storage: StorageEntry, { vmid, format, base }: Allocation, name: string): string {
  const own = hasPath(storage) ? `${vmid}/${name}.${format}` : name;
  return base === undefined ? own : `${base}/${own}`;
}

/**
 * Makes a container's volume and its file system, with the lines that Proxmox's task prints (PVE::LXC::alloc_disk).
 * @param gibibytes 0 for a folder
 */
export async function allocateContainerVolume(
  node: Node,
  vmid: number,
  storageId: string,
  gibibytes: number,
  log: Log,
): Promise<VolumeState> {
  const storage = await activateStorage(node, storageId);
  if (!holds(storage, "rootdir")) {
    throw death(`content type 'rootdir' is not available or configured on storage '${storageId}'`);
  }
  const size = Math.floor(gibibytes * 1024) * 1024 ** 2;
  const folder = storage.type === "zfspool" || (size === 0 && hasPath(storage));
  const volume = await allocateVolume(node, { storage: storageId, vmid, size, format: folder ? "subvol" : "raw" }, log);
  if (!folder) for (const line of fileSystemLines(size)) log(line);
  return volume;
}

/** What mkfs.ext4 prints and Proxmox passes on. */
export function fileSystemLines(size: number): string[] {
  // Below 512 MiB mke2fs uses smaller blocks (the type `small` of mke2fs.conf).
  const small = size < 512 * 1024 ** 2;
  const blockSize = small ? 1024 : 4096;
  const perGroup = blockSize * 8;
  const blocks = Math.floor(size / blockSize);
  const inodes = Math.floor(size / (small ? 4096 : 16_384));
  const backups: number[] = [];
  for (let group = 1; group * perGroup < blocks; group += 1) if (isSparseGroup(group)) backups.push(group * perGroup);
  return [
    `Creating filesystem with ${blocks} ${blockSize / 1024}k blocks and ${inodes} inodes`,
    `Filesystem UUID: ${randomUUID()}`,
    ...(backups.length === 0 ? [] : ["Superblock backups stored on blocks: ", ...wrapped(backups)]),
  ];
}

/** Groups 1 and the powers of 3, 5 and 7 hold copies of the superblock. */
function isSparseGroup(group: number): boolean {
  return [3, 5, 7].some((base) => {
    let rest = group;
    while (rest % base === 0) rest /= base;
    return rest === 1;
  });
}

function wrapped(numbers: readonly number[]): string[] {
  const lines: string[] = [];
  let line = "";
  numbers.forEach((number, index) => {
    const text = index < numbers.length - 1 ? `${number}, ` : String(number);
    if (line.length + text.length > 75) {
      lines.push(`\t${line}`);
      line = "";
    }
    line += text;
  });
  return [...lines, `\t${line}`];
}

/**
 * Removes a volume (PVE::Storage::vdisk_free). One whose data is gone already is only forgotten.
 */
export async function freeVolume(node: Node, volid: string, log: Log): Promise<void> {
  const parsed = parseVolume(node.cluster, volid);
  await activateStorage(node, parsed.storage.storage);
  const path = volumePath(parsed);
  const { volumes } = node.cluster.state;
  const found = findVolume(node, volid);
  if (found === undefined) {
    if (parsed.format !== "subvol") log(`disk image '${path}' does not exist`);
    return;
  }
  if (isBaseInUse(node, volid)) {
    throw death(`base volume '${volid.slice(volid.indexOf(":") + 1)}' is still in use by linked clones`);
  }
  await node.cluster.site.driver.removeVolume(machineVolume(node, found));
  // Its place is looked for only now: another guest's task may have freed a volume while this one was removed.
  const index = volumes.indexOf(found);
  if (index >= 0) volumes.splice(index, 1);
  node.cluster.save();
  if (hasPath(parsed.storage)) await removeIfEmpty(dirname(node.path(path)));
}

/** Whether a volume builds upon this one of a template's: `tank:basevol-101-disk-0/subvol-102-disk-0`. */
export function isBaseInUse(node: Node, base: string): boolean {
  return node.cluster.state.volumes.some(({ volid }) => volid.startsWith(`${base}/`));
}

/** Removes several, whatever happens to each. */
export async function freeVolumes(node: Node, volids: readonly string[], log: Log): Promise<void> {
  for (const volid of volids) {
    try {
      await freeVolume(node, volid, log);
    } catch (failure) {
      log(failure instanceof Error ? failure.message : String(failure));
    }
  }
}

/** The volume of that id; undefined when it does not exist. */
export function findVolume(node: Node, volid: string): VolumeState | undefined {
  return node.cluster.state.volumes.find((volume) => volume.volid === volid && reaches(node, volume));
}

/** @throws `volume '…' does not exist` (PVE::Storage::activate_volumes) */
export async function activateVolume(node: Node, volid: string): Promise<VolumeState> {
  const { storage } = parseVolume(node.cluster, volid);
  await activateStorage(node, storage.storage);
  const volume = findVolume(node, volid);
  if (volume === undefined || !(await exists(node.path(volume.path)))) throw death(`volume '${volid}' does not exist`);
  return volume;
}

/**
 * Path on the node of an archive, template or other file.
 * @throws `volume '…' does not exist` (PVE::Storage::abs_filesystem_path)
 */
export async function activateFile(node: Node, volid: string): Promise<string> {
  const parsed = parseVolume(node.cluster, volid);
  await activateStorage(node, parsed.storage.storage);
  const path = volumePath(parsed);
  if (!(await exists(node.path(path)))) throw death(`volume '${volid}' does not exist`);
  return path;
}

/**
 * Where an archive or a template lies on this machine; of a snapshot on a backup server that is the archive which stands for it.
 * @throws `volume '…' does not exist`
 */
export async function archiveFile(node: Node, volid: string): Promise<string> {
  const parsed = parseVolume(node.cluster, volid);
  if (parsed.storage.type !== "pbs") return node.path(await activateFile(node, volid));
  await activateStorage(node, parsed.storage.storage);
  return snapshotArchive(node, parsed.storage, snapshotNamed(parsed));
}

/** Disks of a guest on the node's storages, also those that no configuration names. */
export function volumesOf(node: Node, vmid: number): VolumeState[] {
  return node.cluster.state.volumes.filter((volume) => reaches(node, volume) && ownerOf(volume.volid) === vmid);
}

/** Whether a node has a volume: those on a shared storage all nodes have. */
export function reaches(node: Node, { node: holder, volid }: VolumeState): boolean {
  if (holder === node.name) return true;
  const entry = node.cluster.storage(volid.slice(0, volid.indexOf(":")));
  return entry !== undefined && isSharedStorage(entry.type, entry.options);
}

/** Number of the guest that a disk is named after, also on a storage that is no longer configured. */
export function ownerOf(volid: string): number | undefined {
  // A linked clone's id begins with the volume that it builds upon.
  const owner = /[:/](?:vm|base|subvol|basevol)-(\d+)-[^/]*$/.exec(volid)?.[1] ?? /:(\d+)\//.exec(volid)?.[1];
  return owner === undefined ? undefined : Number(owner);
}

/** The volume as the driver sees it. */
export function machineVolume(node: Node, volume: VolumeState): Volume {
  const format = volume.format === "vmdk" ? "raw" : volume.format;
  return { volid: volume.volid, path: node.path(volume.path), format, size: volume.size };
}

/** A machine's disk as the driver sees it. */
export function diskImage(node: Node, { path, format }: Pick<VolumeState, "path" | "format">): Image {
  return { path: node.path(path), format: format === "qcow2" ? "qcow2" : "raw" };
}
