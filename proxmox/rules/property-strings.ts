/**
 * Property strings, `local:8,mp=/data,backup=1`: everything that reads and writes them, and what a backup takes of
 * disks.
 *
 * The frame is in `property-format.ts`; each kind has a file of its own.
 */
import type { Drive } from "./drives";
import type { MountPoint } from "./mount-points";

export { formatDrive, isDriveKey, parseDrive, type Drive } from "./drives";
export { formatMountPoint, isMountPointKey, isUnusedKey, parseMountPoint, type MountPoint } from "./mount-points";
export { formatNetwork, isIpv6, isNetworkKey, parseNetwork, type NetworkInterface } from "./networks";
export { formatSize, parsePropertyString, parseSize, PropertyStringError } from "./property-format";

/**
 * True when a backup of the guest holds this disk.
 *
 * Containers: the root disk always, `mpN` only with `backup=1`, bind and device mounts never. Virtual machines: unless
 * `backup=0`, CD-ROM drives never. Unused volumes are in no backup.
 */
export function isBackedUp(kind: "lxc", key: string, disk: MountPoint): boolean;
export function isBackedUp(kind: "qemu", key: string, disk: Drive): boolean;
export function isBackedUp(kind: "lxc" | "qemu", key: string, disk: MountPoint | Drive): boolean {
  if (key.startsWith("unused")) {
    return false;
  }
  if ("mount" in disk) {
    return key === "rootfs" || (disk.kind === "volume" && disk.backup === true);
  }
  return !isCdrom(disk) && disk.backup !== false;
}

/** True for a CD-ROM drive, also for one without a disc. A cloud-init drive is one. */
export function isCdrom(drive: Drive): boolean {
  return drive.media === "cdrom" || drive.file === "none" || drive.file === "cdrom";
}
