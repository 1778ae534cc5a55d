import type { GuestAddress } from "../../../../proxmox/api/calls/guests";
import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { plainText } from "../../../../proxmox/api/plain-text";
import { isCdrom, isDriveKey, isUnusedKey, parseDrive } from "../../../../proxmox/rules/property-strings";
import { canSnapshot } from "../../../../proxmox/rules/snapshots";
import { containerDisks, storageOfVolume } from "../../../../site/restore/volumes";
import type { ListedSnapshot } from "../../../../site/snapshots";

/** A guest's snapshots, the oldest first. */
export async function readSnapshots(client: ProxmoxClient, guest: GuestAddress): Promise<ListedSnapshot[]> {
  const snapshots = await client.guests.snapshots(guest);
  const parents = new Map(snapshots.map(({ name, parent }) => [name, parent]));
  const order = (one: ListedSnapshot): number => depthOf(one.name, parents);
  return snapshots
    .map(({ name, description = "", snaptime, snapstate }) => ({
      name,
      description,
      time: snaptime,
      incomplete: snapstate !== undefined,
    }))
    .sort((a, b) => (a.time ?? 0) - (b.time ?? 0) || order(a) - order(b));
}

/** How many snapshots came before one, by the chain of parents: those of one second have one time. */
function depthOf(name: string, parents: ReadonlyMap<string, string | undefined>): number {
  let depth = 0;
  for (let parent = parents.get(name); parent !== undefined && depth < parents.size; parent = parents.get(parent)) {
    depth += 1;
  }
  return depth;
}

/** A disk of a guest and where it lies. */
export interface GuestDisk {
  readonly key: string;
  /** Volume id, or a folder or device of the node. */
  readonly volume: string;
  /** Undefined for what lies on none. */
  readonly storage: string | undefined;
  /** Type of the storage, such as `lvmthin`; undefined where it is not known. */
  readonly storageType: string | undefined;
}

/** Disks of a configuration, with the types of their storages. */
export async function disksOf(
  client: ProxmoxClient,
  { node, type }: GuestAddress,
  configuration: Readonly<Record<string, string>>,
): Promise<GuestDisk[]> {
  const types = new Map((await client.backups.storages(node)).map((storage) => [storage.storage, storage.type]));
  return volumesOf(type, configuration).map(({ key, volume }) => {
    const storage = storageOfVolume(volume);
    return { key, volume, storage, storageType: storage === undefined ? undefined : types.get(storage) };
  });
}

/** Disks that a configuration names, without unused ones. */
export function volumesOf(
  type: GuestAddress["type"],
  configuration: Readonly<Record<string, string>>,
): { key: string; volume: string }[] {
  if (type === "lxc")
    return containerDisks(configuration).map(({ key, mountPoint }) => ({ key, volume: mountPoint.volume }));
  return Object.entries(configuration)
    .filter(([key]) => isDriveKey(key) && !isUnusedKey(key))
    .map(([key, text]) => ({ key, drive: parseDrive(key, text, "keep") }))
    .filter(({ drive }) => !isCdrom(drive))
    .map(({ key, drive }) => ({ key, volume: drive.file }));
}

/**
 * Why a guest can have no snapshots: Proxmox takes them of all its disks or of none.
 *
 * @returns undefined when it can; else a sentence that names each disk in the way, and its storage.
 */
export async function whyNoSnapshots(client: ProxmoxClient, guest: GuestAddress): Promise<string | undefined> {
  if (await client.guests.hasSnapshots(guest)) return undefined;
  const disks = await disksOf(client, guest, await client.guests.guestConfig(guest));
  const inTheWay = disks
    .filter(({ storageType, volume }) => canSnapshot(storageType ?? "", volume) !== true)
    .map(describe);
  const which = inTheWay.length === 0 ? "Proxmox says so, and not why" : inTheWay.join("; ");
  return `it can have no snapshots: ${which}`;
}

function describe({ key, volume, storage, storageType }: GuestDisk): string {
  if (storage === undefined) return `${key} is a folder or device of the node (${plainText(volume)})`;
  const type = storageType === undefined ? "" : ` (${storageType})`;
  return `${key} lies on storage ${storage}${type}, which keeps none of ${plainText(volume)}`;
}

/** What to do about a storage without snapshots. */
export const supportHint =
  "LVM-thin, ZFS, BTRFS and Ceph keep snapshots of every disk, folders and NFS only of virtual machines' qcow2 disks; backups need none of this";
