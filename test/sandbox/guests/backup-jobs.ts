/** Which guests a job selects, and which of their volumes a run would take (PVE::VZDump, PVE::API2::Backup). */
import {
  isBackedUp,
  isCdrom,
  isDriveKey,
  isMountPointKey,
  parseDrive,
  parseMountPoint,
} from "../../../proxmox/rules/property-strings";
import { parseCalendarEvent } from "../../../proxmox/rules/calendar-events";
import { death } from "../protocol/failure";
import { readConfiguration } from "./configuration";
import { splitList } from "../protocol/parameters";
import type { Cluster } from "../model/site";
import type { BackupJobEntry, GuestState } from "../model/state";

/** A guest that a job names; `guest` is undefined when there is none of that id. */
export interface SelectedGuest {
  vmid: number;
  guest: GuestState | undefined;
}

/** The jobs that Proxmox can read: of others it knows nothing, although their lines are in jobs.cfg. */
export function readableJobs(cluster: Cluster): BackupJobEntry[] {
  return cluster.state.jobs.filter(isReadable);
}

/** An old form of start time is written without a look at it, and its job is none when the file is read. */
function isReadable({ options: { schedule } }: BackupJobEntry): boolean {
  if (schedule === undefined) return false;
  try {
    parseCalendarEvent(schedule);
    return true;
  } catch {
    return false;
  }
}

/**
 * Writes jobs.cfg (PVE::SectionConfig::write_config).
 * @param made what is new or changed, which is written whatever it says
 * @throws while the file has a job that cannot be read
 */
export function writeJobs(cluster: Cluster, jobs: BackupJobEntry[], made?: BackupJobEntry): void {
  if (jobs.some((job) => job !== made && !isReadable(job))) throw death("unknown section type ''");
  cluster.state.jobs = jobs;
}

export function selectedGuests(cluster: Cluster, job: BackupJobEntry): SelectedGuest[] {
  const { pool, vmid, all, exclude, node } = job.options;
  const excluded = new Set(splitList(exclude ?? "").map(Number));
  const pooled = cluster.state.access.pools.find((entry) => entry.poolid === pool)?.vmids ?? [];
  const everything = cluster.state.guests.map((guest) => guest.vmid).filter((id) => !excluded.has(id));
  const ids =
    pool !== undefined ? pooled : vmid !== undefined ? splitList(vmid).map(Number) : all === "1" ? everything : [];
  return [...new Set(ids)]
    .sort((a, b) => a - b)
    .map((id) => ({ vmid: id, guest: cluster.guest(id) }))
    .filter(({ guest }) => guest === undefined || node === undefined || guest.node === node);
}

/** A disk of a guest, and whether a backup takes it. */
export interface BackupVolume {
  key: string;
  /** Volume id, or the path of a bind mount. */
  volume: string;
  included: boolean;
  reason: string;
}

export function guestName(guest: GuestState): string | undefined {
  return readConfiguration(guest.configuration).keys.get(guest.type === "lxc" ? "hostname" : "name");
}

/** The disks that a guest's current configuration names, with Proxmox's own reasons. */
export function backupVolumes(guest: GuestState): BackupVolume[] {
  const { keys } = readConfiguration(guest.configuration);
  const entries = [...keys];
  return guest.type === "lxc"
    ? entries.filter(([key]) => isMountPointKey(key)).map(([key, text]) => containerVolume(key, text))
    : entries.filter(([key]) => isDriveKey(key)).flatMap(([key, text]) => machineVolume(key, text, keys.get("bios")));
}

function containerVolume(key: string, text: string): BackupVolume {
  const mountPoint = parseMountPoint(key, text);
  const included = isBackedUp("lxc", key, mountPoint);
  const flag = included ? "enabled" : "disabled";
  const reason = key === "rootfs" ? "rootfs" : mountPoint.kind === "volume" ? flag : "not a volume";
  return { key, volume: mountPoint.volume, included, reason };
}

/** A drive's reason only says whether its flag is set, not to what. */
function machineVolume(key: string, text: string, bios: string | undefined): BackupVolume[] {
  const drive = parseDrive(key, text);
  if (isCdrom(drive)) return [];
  if (key.startsWith("efidisk") && bios !== "ovmf") {
    return [{ key, volume: drive.file, included: false, reason: "efidisk but no OVMF BIOS" }];
  }
  const reason = drive.backup === undefined ? "backup=yes" : "backup=no";
  return [{ key, volume: drive.file, included: isBackedUp("qemu", key, drive), reason }];
}
