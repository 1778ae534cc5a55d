import { randomUUID } from "node:crypto";
import { formatDrive, isDriveKey } from "../../../../proxmox/rules/property-strings";
import type { Log } from "../../drivers/driver";
import type { VolumeState } from "../../model/state";
import { readConfiguration, type Configuration } from "../configuration";
import { addUnused, dropUsedFromUnused } from "../unused-volumes";
import { volumesOf } from "../volumes";
import { plainValue } from "./plain-value";
import { driveKeys, driveVolume, isSeed, readDrive } from "./drives";
import { withNewAddress, withNewUuid } from "./identity";
import type { MachineRestore } from "./order";

/** What an archive's configuration says of a disk: vzdump's own lines. */
interface MappedDisk {
  key: string;
  /** Such as `drive-scsi0`. */
  device: string;
  storage: string;
  format: string;
}

/** Disks and cloud-init drives that an archive's configuration names (PVE::QemuServer, $parse_backup_hints). */
export function mapOf(text: string): { disks: MappedDisk[]; seeds: Omit<MappedDisk, "device">[] } {
  const disks: MappedDisk[] = [];
  const seeds: Omit<MappedDisk, "device">[] = [];
  for (const line of text.split("\n")) {
    const [, key, device, storage, format] = /^#qmdump#map:(\S+):(\S+):(\S*):(\S*):$/.exec(line) ?? [];
    if (key !== undefined && device !== undefined) {
      disks.push({ key, device, storage: storage || "local", format: format || "raw" });
      continue;
    }
    const [, seed, value] = /^((?:ide|sata|scsi)\d+):\s*(.*)\s*$/.exec(line) ?? [];
    if (seed === undefined || value === undefined) continue;
    const drive = readDrive(seed, value);
    if (!isSeed(drive)) continue;
    const [storageId = "local"] = drive.file.split(":");
    seeds.push({ key: seed, storage: storageId, format: /\.(\w+)$/.exec(drive.file)?.[1] ?? "raw" });
  }
  return { disks, seeds };
}

/**
 * The configuration of a restored machine (PVE::QemuServer::restore_update_config_line, restore_merge_config): the archive's, its
 * disks where they are now, with what the request says over it. What a backup left out comes back as a note, and disks that
 * nothing names as unused ones.
 */
export function restoredConfiguration(
  restore: MachineRestore,
  text: string,
  made: ReadonlyMap<string, VolumeState>,
  log: Log,
): Configuration {
  const unique = restore.call.parameters.flag("unique") ?? false;
  const lines = text.split("\n").map((line) => restoredLine(line, made, unique));
  const configuration = readConfiguration(lines.filter((line) => line !== undefined).join("\n"));
  for (const [key, value] of restore.options) configuration.keys.set(key, plainValue(key, value));
  rescan(restore, configuration, log);
  return configuration;
}

/** @returns undefined for a line that goes */
function restoredLine(line: string, made: ReadonlyMap<string, VolumeState>, unique: boolean): string | undefined {
  if (/^(?:#qmdump#|#vzdump#|lock:|unused\d+:|parent:)/.test(line)) return undefined;
  const [, key, value] = /^(\w+):\s*(.*?)\s*$/.exec(line) ?? [];
  if (key === undefined || value === undefined) return line;
  if (isDriveKey(key)) return restoredDrive(line, key, value, made.get(key));
  if (key === "vmgenid") return `vmgenid: ${value === "0" ? "0" : randomUUID()}`;
  if (!unique) return line;
  if (key === "smbios1") return `smbios1: ${withNewUuid(value)}`;
  return /^net\d+$/.test(key) ? `${key}: ${withNewAddress(key, value)}` : line;
}

function restoredDrive(line: string, key: string, value: string, volume: VolumeState | undefined): string {
  const drive = readDrive(key, value);
  if (drive.options.get("backup") === "0" || drive.backup === false) return `#${line}`;
  if (volume === undefined) return line;
  const options = new Map(drive.options);
  options.delete("format");
  return `${key}: ${formatDrive(key, { ...drive, file: volume.volid, options })}`;
}

/** Sizes as the disks have them, and disks of the machine that nothing names (PVE::QemuServer::update_disk_config). */
function rescan({ call, vmid }: MachineRestore, configuration: Configuration, log: Log): void {
  const { keys } = configuration;
  log("rescan volumes...");
  const volumes = volumesOf(call.node, vmid).filter(({ volid }) => !volid.includes(`vm-${vmid}-state-`));
  const used = new Set<string>();
  for (const key of driveKeys(keys)) {
    const drive = readDrive(key, keys.get(key) ?? "");
    used.add(drive.file);
    const volume = volumes.find(({ volid }) => volid === drive.file);
    if (volume === undefined || driveVolume(drive) === undefined || drive.size === volume.size) continue;
    keys.set(key, formatDrive(key, { ...drive, size: volume.size }));
    log(`VM ${vmid} (${key}): size was updated to ${volume.size}`);
  }
  dropUsedFromUnused(configuration, [...used]);
  for (const { volid } of volumes.sort((a, b) => (a.volid < b.volid ? -1 : 1))) {
    if (used.has(volid)) continue;
    const key = addUnused(configuration, volid);
    log(`VM ${vmid} add unreferenced volume '${volid}' as '${key ?? ""}' to config`);
  }
}
