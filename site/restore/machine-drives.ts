import type { ConfigurationKeys, GuestConfiguration } from "../../proxmox/rules/guest-configuration";
import {
  type Drive,
  isBackedUp,
  isCdrom,
  isDriveKey,
  parseDrive,
  PropertyStringError,
} from "../../proxmox/rules/property-strings";
import { storageOfVolume } from "./volumes";

/** Drives of a machine's configuration, by key. @throws PropertyStringError when one cannot be read */
export function drivesOf(keys: ConfigurationKeys): { readonly key: string; readonly drive: Drive }[] {
  return Object.keys(keys)
    .filter(isDriveKey)
    .sort()
    .map((key) => ({ key, drive: parseDrive(key, keys[key] ?? "", "keep") }));
}

/** vzdump notes in the archive which disks are in it; without those notes the flags of the drives say the same. */
export function storedDrives(
  archived: GuestConfiguration,
): { readonly key: string; readonly size: number | undefined }[] {
  const listed = archived.dumpedDisks?.map(({ key }) => key);
  return drivesOf(archived.keys)
    .filter(({ key, drive }) => listed?.includes(key) ?? isBackedUp("qemu", key, drive))
    .map(({ key, drive }) => ({ key, size: drive.size }));
}

/** Bytes of what cloud-init reads, whatever the storage (PVE::QemuServer::Cloudinit). */
const seedSize = 4 * 1024 ** 2;

/** Drives that cloud-init reads: a restore makes them anew, empty, where the archive's configuration has them. */
export function seedDrives(
  keys: ConfigurationKeys,
): { readonly key: string; readonly file: string; readonly size: number }[] {
  return drivesOf(keys)
    .filter(({ key, drive }) => /^(?:ide|sata|scsi)\d+$/u.test(key) && isSeedVolume(drive.file))
    .map(({ key, drive }) => ({ key, file: drive.file, size: seedSize }));
}

/** Source: qemu-server, `drive_is_cloudinit`. */
function isSeedVolume(file: string): boolean {
  return /[:/](?:vm-\d+-)?cloudinit(?:\.(?:raw|qcow2|vmdk))?$/u.test(file);
}

/** The drive that cloud-init reads, and the storage on which a restore makes it anew. */
export interface SeedPlace {
  readonly key: string;
  readonly storage: string;
}

/** @param storage puts every disk there */
export function seedPlaces(keys: ConfigurationKeys, storage: string | undefined): SeedPlace[] {
  return seedDrives(keys).map(({ key, file }) => ({ key, storage: storage ?? storageOfVolume(file) ?? "local" }));
}

/**
 * A volume that has the name which a restore gives to the drive of cloud-init: after the machine's number alone. Proxmox frees one
 * that the machine has under the same key, and fails at any other half-way, when the old disks are gone.
 *
 * @param present the machine's configuration; undefined: it has none
 * @param volumes that the node has of the machine
 */
export function seedInTheWay(
  seeds: readonly SeedPlace[],
  present: ConfigurationKeys | undefined,
  volumes: readonly string[],
): { readonly key: string; readonly volume: string } | undefined {
  for (const { key, storage } of seeds) {
    const own = present?.[key] === undefined ? undefined : parseDrive(key, present[key], "keep").file;
    const volume = volumes.find((volid) => storageOfVolume(volid) === storage && isSeedVolume(volid) && volid !== own);
    if (volume !== undefined) return { key, volume };
  }
  return undefined;
}

/** A disk that a restore takes off a virtual machine, and that belongs to it. */
export interface LeftDisk {
  readonly key: string;
  /** Its volume, which stays. */
  readonly volume: string;
  /** Its line in the machine's configuration. */
  readonly drive: string;
}

/**
 * Disks that no backup holds by choice (`backup=0`), so that the archive names them and has nothing of them. Proxmox frees nothing of
 * them, but takes them off the machine, notes their line in its description, and keeps the volume unused (semantics §5).
 * They are put back: as they are now, or as the archive says where the machine lacks them already.
 *
 * @param present undefined where the machine is lost: its volumes may be there all the same
 */
export function leftDisks(present: ConfigurationKeys | undefined, archived: GuestConfiguration): LeftDisk[] {
  const stored = new Set(storedDrives(archived).map(({ key }) => key));
  return drivesOf(archived.keys)
    .filter(({ key, drive }) => !isCdrom(drive) && !stored.has(key))
    .map(({ key }) => {
      const line = present?.[key] ?? archived.keys[key] ?? "";
      return { key, volume: parseDrive(key, line, "keep").file, drive: line };
    });
}

/** The machine's notes, without lines that earlier restores have left in them. What people have written about a disk stays. */
export function ownNotes({ description = "" }: GuestConfiguration): string {
  return description
    .split("\n")
    .filter((line) => !isLeftLine(line))
    .join("\n")
    .trimEnd();
}

/** The line of a disk outside the backups, as Proxmox notes it: `scsi2: local:122/vm-122-disk-1.qcow2,backup=0,size=4M`. */
function isLeftLine(line: string): boolean {
  const [, key = "", text = ""] = /^(\w+): (\S+)$/u.exec(line) ?? [];
  if (!isDriveKey(key)) return false;
  try {
    return parseDrive(key, text, "keep").backup === false;
  } catch (error) {
    if (error instanceof PropertyStringError) return false;
    throw error;
  }
}

/** Whether a disk is a device of the node itself, which only root@pam may give to a machine. */
export function isRealDisk({ volume }: Pick<LeftDisk, "volume">): boolean {
  return volume.startsWith("/");
}
