/** Names of volumes, `storage:volume`. Source: pve-storage, `PVE::Storage::parse_volume_id`. */

/** A volume id taken apart. */
export interface VolumeId {
  readonly storage: string;
  /** What is behind the colon: `101/vm-101-disk-0.raw`, `subvol-101-disk-0`, `backup/vzdump-lxc-101-….tar.zst`. */
  readonly volume: string;
}

const pattern = /^([A-Za-z][A-Za-z0-9\-_.]*[A-Za-z0-9]):(.+)$/s;

/** Reads a volume id; `undefined` for a path or anything else. */
export function parseVolumeId(text: string): VolumeId | undefined {
  const match = pattern.exec(text);
  return match?.[1] === undefined || match[2] === undefined ? undefined : { storage: match[1], volume: match[2] };
}

/** The storage in a volume id: what stands before the first colon. @throws RangeError without one. */
export function storageOf(volid: string): string {
  const end = volid.indexOf(":");
  if (end < 1) throw new RangeError(`'${volid}' is not a volume id (storage:volume).`);
  return volid.slice(0, end);
}

/** Writes a volume id. */
export function formatVolumeId(id: VolumeId): string {
  return `${id.storage}:${id.volume}`;
}

/** The volume id of an archive in a storage's dump folder. */
export function archiveVolumeId(storage: string, fileName: string): string {
  return formatVolumeId({ storage, volume: `backup/${fileName}` });
}

/** The file name of an archive, `undefined` when the volume is not a backup. */
export function archiveFileName(volumeId: string): string | undefined {
  const volume = parseVolumeId(volumeId)?.volume;
  const match = volume === undefined ? null : /^backup\/(.+)$/s.exec(volume);
  // On a Proxmox Backup Server the rest has further slashes (`ct/101/2026-11-20T01:00:00Z`) and is no file name.
  return match?.[1]?.includes("/") === false ? match[1] : undefined;
}

const serverVolume = /^backup\/(?:ct|vm)\/(\d+)\/\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;

/**
 * The guest of a snapshot on a Proxmox Backup Server (`pbs:backup/ct/101/2026-11-20T01:00:00Z`); undefined for any other
 * volume. Source: pve-storage, `PVE::Storage::PBSPlugin::parse_volname`.
 */
export function backupServerOwner(volumeId: string): number | undefined {
  const owner = serverVolume.exec(parseVolumeId(volumeId)?.volume ?? "")?.[1];
  return owner === undefined ? undefined : Number(owner);
}

/**
 * The size that is asked of a storage for a new volume, in GiB: 8 for `local:8`, `undefined` when `text` names an
 * existing volume. Source: pve-container, `$NEW_DISK_RE`; qemu-server, `$PVE::QemuServer::Drive::NEW_DISK_RE`.
 */
export function newVolumeSize(text: string): { readonly storage: string; readonly gibibytes: number } | undefined {
  const id = parseVolumeId(text);
  return id !== undefined && /^\d+(\.\d+)?$/.test(id.volume)
    ? { storage: id.storage, gibibytes: Number(id.volume) }
    : undefined;
}
