/**
 * Which storages can keep a guest's snapshots.
 *
 * Source: pve-storage, `volume_has_feature` and `volume_rollback_is_possible` of each plugin; pve-container and
 * qemu-server, `has_feature`: a guest has snapshots only if each of its disks can.
 */

/** Types of storage whose volumes have snapshots, whatever their format. */
const withSnapshots: ReadonlySet<string> = new Set(["btrfs", "lvmthin", "rbd", "zfs", "zfspool"]);

/** Types whose volumes have them in the format `qcow2` only, which containers never use. */
const withQcow2: ReadonlySet<string> = new Set(["cifs", "cephfs", "dir", "glusterfs", "lvm", "nfs"]);

/** ZFS goes back to the newest snapshot only: newer ones would have to be removed first. */
const newestOnly: ReadonlySet<string> = new Set(["zfspool"]);

/**
 * Whether a volume can have snapshots.
 *
 * @param type of its storage, such as `lvmthin`.
 * @param volume id, such as `local:101/vm-101-disk-0.qcow2`.
 * @returns undefined for types that are not known here: Proxmox itself must say.
 */
export function canSnapshot(type: string, volume: string): boolean | undefined {
  if (withSnapshots.has(type)) return true;
  return withQcow2.has(type) ? volume.endsWith(".qcow2") : undefined;
}

/** Whether a storage goes back to a snapshot only when there is no newer one. */
export function goesBackToNewestOnly(type: string): boolean {
  return newestOnly.has(type);
}

/** What Proxmox takes as the name of a snapshot (`pve-configid`), and does not use itself. */
export function isSnapshotName(name: string): boolean {
  return /^[A-Za-z][A-Za-z0-9_-]{1,39}$/.test(name) && !["current", "vzdump", "pending"].includes(name.toLowerCase());
}
