import {
  isBackedUp,
  isCdrom,
  isDriveKey,
  isMountPointKey,
  parseDrive,
  parseMountPoint,
} from "../proxmox/rules/property-strings";
import type { LiveDisk } from "./policies/coverage";

/**
 * Disks of a guest by its live configuration, and whether a backup holds them. Drives without a disk (a CD-ROM, the seed of
 * cloud-init) are left out: nobody misses them in a backup.
 *
 * @param configuration keys and values as Proxmox returns them.
 */
export function liveDisks(type: "lxc" | "qemu", configuration: Readonly<Record<string, string>>): LiveDisk[] {
  return Object.entries(configuration).flatMap(([key, text]) =>
    type === "lxc" ? mountPoint(key, text) : drive(key, text),
  );
}

/** Bytes of a disk by the line of the configuration; undefined where that does not say. */
export function diskSize(type: "lxc" | "qemu", key: string, text: string): number | undefined {
  return (type === "lxc" ? parseMountPoint(key, text, "keep") : parseDrive(key, text, "keep")).size;
}

function mountPoint(key: string, text: string): LiveDisk[] {
  if (!isMountPointKey(key)) return [];
  const parsed = parseMountPoint(key, text, "keep");
  return [{ key, volume: parsed.volume, included: isBackedUp("lxc", key, parsed) }];
}

function drive(key: string, text: string): LiveDisk[] {
  if (!isDriveKey(key)) return [];
  const parsed = parseDrive(key, text, "keep");
  if (isCdrom(parsed)) return [];
  return [{ key, volume: parsed.file, included: isBackedUp("qemu", key, parsed) }];
}
