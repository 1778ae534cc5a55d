import type { ConfigurationKeys } from "../../proxmox/rules/guest-configuration";
import { formatMountPoint, type MountPoint } from "../../proxmox/rules/property-strings";
import { newVolumeSize } from "../../proxmox/rules/volume-ids";
import { containerDisks, storageOfVolume, type ContainerDisk } from "./volumes";

export interface TargetOptions {
  /** Puts every volume on this storage, whatever else is known. */
  readonly storage?: string | undefined;
  /** Storages that stand for those of the archive, by their ids there. */
  readonly storages?: ReadonlyMap<string, string> | undefined;
  /**
   * Configuration of the guest as it should be: the present guest's, where there is one. A volume that it mounts at the
   * same path keeps the storage, the size and the options that it has there; the size in the archive is the least.
   */
  readonly wanted?: ConfigurationKeys | undefined;
  /**
   * Makes volumes of `wanted` that the archive does not know, empty. Their content is lost either way, and with them
   * the guest has the disks that the settings declare.
   */
  readonly makeMissing?: boolean | undefined;
}

/** A volume that the restore makes. */
export interface VolumeTarget {
  readonly key: string;
  readonly path: string;
  readonly storage: string;
  /** Bytes; 0 is a folder without a limit, which only storages of folders have (directory, BTRFS, ZFS). */
  readonly size: number;
  /** The archive has its content; otherwise it is made empty. */
  readonly filled: boolean;
}

/** `rootfs` and `mpN` of a restore request. */
export interface VolumeTargets {
  /** By key, for the request. Folders and devices of the node are among them: only root@pam may send those. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly targets: readonly VolumeTarget[];
  /** What keeps a request from being made, as sentences without a full stop. */
  readonly problems: readonly string[];
}

const mebibyte = 1024 ** 2;
const gibibyte = 1024 ** 3;

/**
 * Explicit `rootfs` and `mpN` parameters for the restore of a container, so that every volume returns to its own
 * storage at its own size (D14).
 *
 * With `storage` alone Proxmox would put all volumes on that one. And if one is given, all must be: what is left out is
 * not made, and its archived content lands in the root disk (semantics §5). Excluded mount points are made too, and
 * stay empty.
 *
 * @throws PropertyStringError when a configuration cannot be read.
 */
export function volumeTargets(archived: ConfigurationKeys, options: TargetOptions = {}): VolumeTargets {
  const wanted = containerDisks(options.wanted ?? {});
  const disks = containerDisks(archived);
  const missing = options.makeMissing === true ? missingDisks(disks, wanted) : [];
  const parameters: Record<string, string> = {};
  const targets: VolumeTarget[] = [];
  const problems = disks.some(({ key }) => key === "rootfs") ? [] : ["the archive's configuration has no root disk"];
  for (const disk of [...disks, ...missing]) {
    if (disk.mountPoint.kind !== "volume") {
      parameters[disk.key] = formatMountPoint(disk.key, disk.mountPoint, "keep");
      continue;
    }
    const target = targetOf(
      disk,
      wanted.find(({ path, mountPoint }) => path === disk.path && mountPoint.kind === "volume"),
      options,
    );
    if (typeof target === "string") {
      problems.push(target);
      continue;
    }
    targets.push({ ...target.volume, filled: target.volume.filled && !missing.includes(disk) });
    parameters[disk.key] = formatMountPoint(disk.key, target.mountPoint, "keep");
  }
  return { parameters, targets, problems };
}

/**
 * Volumes that only the wanted configuration has. A key that the archive uses for another disk is replaced by a free
 * one.
 */
function missingDisks(archived: readonly ContainerDisk[], wanted: readonly ContainerDisk[]): ContainerDisk[] {
  const used = new Set(archived.map(({ key }) => key));
  return wanted
    .filter(({ path, mountPoint }) => mountPoint.kind === "volume" && !archived.some((disk) => disk.path === path))
    .map((disk) => {
      const key = used.has(disk.key) ? freeKey(used) : disk.key;
      used.add(key);
      return { ...disk, key };
    });
}

function freeKey(used: ReadonlySet<string>): string {
  let index = 0;
  while (used.has(`mp${index}`)) {
    index += 1;
  }
  return `mp${index}`;
}

interface MadeTarget {
  readonly volume: VolumeTarget;
  /** As the request has it: `storage:SIZE` for the volume, and no `size`. */
  readonly mountPoint: MountPoint;
}

function targetOf(disk: ContainerDisk, wanted: ContainerDisk | undefined, options: TargetOptions): MadeTarget | string {
  const like = wanted?.mountPoint ?? disk.mountPoint;
  const archived = storageOfVolume(disk.mountPoint.volume);
  const own = wanted === undefined ? undefined : storageOfVolume(wanted.mountPoint.volume);
  const storage = options.storage ?? own ?? (archived && (options.storages?.get(archived) ?? archived));
  if (storage === undefined) {
    return `the storage of ${disk.key} (${disk.path}) is not known: '${like.volume}' names none`;
  }
  const size = sizeOf(disk.mountPoint, wanted?.mountPoint);
  if (size === undefined) {
    return `the size of ${disk.key} (${disk.path}) is recorded neither in the archive nor in the guest`;
  }
  const { size: _size, ...kept } = like;
  return {
    volume: { key: disk.key, path: disk.path, storage, size, filled: disk.backedUp },
    // The archive's own path: it is the same place, and its content is below that very name.
    mountPoint: { ...kept, mount: disk.mountPoint.mount, volume: `${storage}:${gibibytes(size)}` },
  };
}

/**
 * The larger of both sizes: the archive's content fits, and a disk that has grown since stays grown. Without a limit
 * (0) is the largest of all.
 */
function sizeOf(archived: MountPoint, wanted: MountPoint | undefined): number | undefined {
  const sizes = [archived, wanted].map(bytesOf).filter((size) => size !== undefined);
  if (sizes.length === 0) {
    return undefined;
  }
  return sizes.includes(0) ? 0 : Math.max(...sizes);
}

function bytesOf(mountPoint: MountPoint | undefined): number | undefined {
  const asked = newVolumeSize(mountPoint?.volume ?? "")?.gibibytes;
  return mountPoint?.size ?? (asked === undefined ? undefined : Math.round(asked * gibibyte));
}

/**
 * A size as Proxmox wants it behind `storage:`: GiB, with a fraction where needed. Proxmox rounds down to whole MiB
 * (pve-container: `int($size_gb * 1024) * 1024` KiB), so that is rounded up here: a disk never shrinks.
 */
function gibibytes(bytes: number): string {
  // A whole number of MiB divided by 1024 is exact in binary, and short in decimal.
  return String(Math.ceil(bytes / mebibyte) / 1024);
}
