import type { ConfigurationKeys, GuestConfiguration } from "../../proxmox/rules/guest-configuration";
import { drivesOf, leftDisks, storedDrives } from "./machine-drives";
import { isBackedUp, isCdrom, isDriveKey, isMountPointKey, isUnusedKey } from "../../proxmox/rules/property-strings";
import { containerDisks, type ContainerDisk } from "./volumes";

/** The guest that a restore in place would overwrite. */
export interface PresentConfiguration {
  /** As it is while it runs: what a backup holds and a restore replaces. */
  readonly keys: ConfigurationKeys;
  /** As it is after its next start; undefined: the same. */
  readonly later?: ConfigurationKeys | undefined;
  /** Names of its snapshots. */
  readonly snapshots: readonly string[];
}

/** Something that is there now and for which the archive has nothing. */
export interface Loss {
  /**
   * `emptied`: the volume comes back without content. `vanishes`: neither volume nor content comes back. `unsaved`: the
   * archive's content replaces what is in it now, which no backup holds, and so no save point either. `unused`: a volume
   * that the guest keeps without using it. `detached`: a machine's disk that the archive does not know; it stays, unused.
   * `snapshot`: the guest as it was once. `raw`: a line of LXC's own, which only root@pam may write. `excluded`: files that
   * the node leaves out of every backup. `firewall`: a line of the guest's firewall, for which the archive may have another.
   */
  readonly kind:
    "emptied" | "vanishes" | "unsaved" | "unused" | "detached" | "snapshot" | "raw" | "excluded" | "firewall";
  /** Key of the disk, name of the snapshot, the line, or the pattern of the files. */
  readonly name: string;
  /** Path in the container. */
  readonly path?: string;
  readonly volume?: string;
  /** Bytes. */
  readonly size?: number;
}

/** A volume whose content comes from the archive. What it holds now is replaced. */
export interface ReturningVolume {
  readonly key: string;
  readonly path?: string;
  /** Bytes, as the archive's configuration has it; undefined when it does not say. */
  readonly size: number | undefined;
  /** The guest has no such volume now. */
  readonly isNew: boolean;
}

/** A folder or device of the node. No backup holds its content and no restore touches it. */
export interface HostMount {
  readonly key: string;
  readonly path: string;
  readonly source: string;
  readonly kind: "bind" | "device";
}

/** A setting of the guest that the restore changes. */
export interface Difference {
  readonly key: string;
  /** Undefined: the guest has no such setting. */
  readonly present: string | undefined;
  readonly archived: string | undefined;
}

/** What a restore in place does to a guest. */
export interface InPlaceEffects {
  readonly losses: readonly Loss[];
  readonly returns: readonly ReturningVolume[];
  /** Mounts of the archive that only root@pam may restore. */
  readonly hostMounts: readonly HostMount[];
  /** Mounts that the guest has now and the archive has not: the mount goes, what is on the node stays. */
  readonly hostMountsGone: readonly HostMount[];
  readonly differences: readonly Difference[];
}

/**
 * What a restore of an archive over a guest destroys, brings back and changes (D7).
 *
 * @param present undefined when the guest is lost: then nothing can be destroyed.
 * @throws PropertyStringError when a configuration cannot be read.
 */
export function inPlaceEffects(
  kind: "lxc" | "qemu",
  present: PresentConfiguration | undefined,
  archived: GuestConfiguration,
): InPlaceEffects {
  return kind === "lxc" ? containerEffects(present, archived) : machineEffects(present, archived);
}

/**
 * Containers: Proxmox deletes every volume of the old guest, also those that the archive does not hold, and makes those
 * of the archive's configuration anew; excluded ones stay empty. Seen in recordings of the real API (semantics §5).
 */
function containerEffects(present: PresentConfiguration | undefined, archived: GuestConfiguration): InPlaceEffects {
  const now = presentDisks(present);
  const then = containerDisks(archived.keys);
  const volumesNow = now.filter(isVolume);
  const volumesThen = then.filter(isVolume);
  return {
    losses: [
      ...volumesNow.flatMap((disk) => lossOf(disk, volumesThen)),
      ...unusedVolumes({ ...present?.later, ...present?.keys }),
      ...snapshotLosses(present),
      ...rawLosses(present, archived),
    ],
    returns: volumesThen
      .filter(({ backedUp }) => backedUp)
      .map(({ key, path, mountPoint }) => ({
        key,
        path,
        size: mountPoint.size,
        isNew: !volumesNow.some((disk) => disk.path === path),
      })),
    hostMounts: hostMounts(then),
    hostMountsGone: hostMounts(now).filter(({ path }) => !then.some((disk) => disk.path === path)),
    differences: differencesOf(present && (present.later ?? present.keys), archived.keys, isContainerDiskKey),
  };
}

/**
 * The guest's disks now. One that leaves the backups at the next start counts as left. Volumes that are mounted at the next
 * start only are among them: a restore deletes them too, and no backup holds them yet.
 */
function presentDisks(present: PresentConfiguration | undefined): ContainerDisk[] {
  const now = containerDisks(present?.keys ?? {});
  const later = containerDisks(present?.later ?? {});
  const volumes = new Set(now.map(volumeOf));
  const leaving = new Set(later.filter(({ backedUp }) => !backedUp).map(volumeOf));
  return [
    ...now.map((disk) => ({ ...disk, backedUp: disk.backedUp && !leaving.has(volumeOf(disk)) })),
    ...later.filter((disk) => !volumes.has(volumeOf(disk))).map((disk) => ({ ...disk, backedUp: false })),
  ];
}

/**
 * What going back to a snapshot replaces although no backup holds it, where a backup is the way back: disks that are in the
 * snapshot and outside the backups, those that the guest keeps unused among them.
 *
 * @param held the configuration in the snapshot
 */
export function unsavedByRollback(
  kind: "lxc" | "qemu",
  present: PresentConfiguration,
  held: ConfigurationKeys,
): Loss[] {
  const disks = kind === "lxc" ? containerDisksOutside(present) : drivesOutside(present);
  const goBack = new Set(
    kind === "lxc" ? containerDisks(held).map(volumeOf) : drivesOf(held).map(({ drive }) => drive.file),
  );
  return [...disks, ...unusedVolumes({ ...present.later, ...present.keys })]
    .filter(({ volume = "" }) => goBack.has(volume))
    .map((loss) => ({ ...loss, kind: "unsaved" }));
}

/** Volumes of a container that no backup holds. */
function containerDisksOutside(present: PresentConfiguration): Omit<Loss, "kind">[] {
  return presentDisks(present)
    .filter((disk) => isVolume(disk) && !disk.backedUp)
    .map(({ key, path, mountPoint: { volume, size } }) => ({ name: key, path, volume, ...sizeOf(size) }));
}

/** Drives of a virtual machine that no backup holds, or that leave the backups at the next start. */
function drivesOutside({ keys, later = {} }: PresentConfiguration): Omit<Loss, "kind">[] {
  const drives = [...drivesOf(keys), ...drivesOf(later)].filter(
    ({ key, drive }) => !isUnusedKey(key) && !isCdrom(drive) && !isBackedUp("qemu", key, drive),
  );
  return [...new Map(drives.map((one) => [one.drive.file, one])).values()].map(({ key, drive }) => ({
    name: key,
    volume: drive.file,
    ...sizeOf(drive.size),
  }));
}

function sizeOf(size: number | undefined): Pick<Loss, "size"> {
  return size === undefined ? {} : { size };
}

function volumeOf({ mountPoint }: ContainerDisk): string {
  return mountPoint.volume;
}

function isVolume({ mountPoint }: ContainerDisk): boolean {
  return mountPoint.kind === "volume";
}

function isContainerDiskKey(key: string): boolean {
  return isMountPointKey(key) || isUnusedKey(key);
}

/** The archive's content is found by its path: `mp0` may have been another disk then. */
function lossOf(disk: ContainerDisk, archived: readonly ContainerDisk[]): Loss[] {
  const counterpart = archived.find(({ path }) => path === disk.path);
  const returns = counterpart?.backedUp === true;
  // What the archive's content replaces is in the save point, if the disk is in backups now.
  if (returns && disk.backedUp) {
    return [];
  }
  const { volume, size } = disk.mountPoint;
  return [
    {
      kind: returns ? "unsaved" : counterpart === undefined ? "vanishes" : "emptied",
      name: disk.key,
      path: disk.path,
      volume,
      ...sizeOf(size),
    },
  ];
}

function unusedVolumes(keys: ConfigurationKeys): Loss[] {
  return Object.keys(keys)
    .filter(isUnusedKey)
    .sort()
    .map((key) => ({ kind: "unused", name: key, volume: keys[key] ?? "" }));
}

/** Snapshots are in no archive, neither of containers nor of virtual machines. */
function snapshotLosses(present: PresentConfiguration | undefined): Loss[] {
  // Proxmox's list ends in the present state, which is no snapshot.
  return (present?.snapshots ?? []).filter((name) => name !== "current").map((name) => ({ kind: "snapshot", name }));
}

/**
 * Lines of LXC's own. Proxmox brings those of the archive back for root@pam only, which a restore is where folders of the
 * node are mounted, and leaves out everybody else's with a warning in the task's log (semantics §5).
 */
function rawLosses(present: PresentConfiguration | undefined, archived: GuestConfiguration): Loss[] {
  const asRoot = hostMounts(containerDisks(archived.keys)).length > 0;
  const then = archived.raw.map(({ key, value }) => `${key}: ${value}`);
  const now = rawLines(present?.keys ?? {});
  const back = new Set(asRoot ? then : []);
  return [...new Set([...now, ...then])].filter((line) => !back.has(line)).map((name) => ({ kind: "raw", name }));
}

/** Proxmox answers them as pairs, which the client keeps as JSON. */
function rawLines({ lxc }: ConfigurationKeys): string[] {
  const pairs: unknown = lxc === undefined ? [] : JSON.parse(lxc);
  if (!Array.isArray(pairs)) return [];
  return pairs.map((pair: unknown) => (Array.isArray(pair) ? pair.map(String).join(": ") : String(pair)));
}

/** A configuration without folders and devices of the node. */
export function withoutHostMounts(keys: ConfigurationKeys): ConfigurationKeys {
  const mounts = new Set(hostMounts(containerDisks(keys)).map(({ key }) => key));
  return Object.fromEntries(Object.entries(keys).filter(([key]) => !mounts.has(key)));
}

function hostMounts(disks: readonly ContainerDisk[]): HostMount[] {
  return disks.flatMap(({ key, path, mountPoint }) =>
    mountPoint.kind === "volume" ? [] : [{ key, path, source: mountPoint.volume, kind: mountPoint.kind }],
  );
}

/**
 * Virtual machines: disks whose key is in the archive are freed and filled from it; the others stay as unused volumes, and are
 * put back where the archive leaves them out by choice.
 * Read in qemu-server's source (semantics §5).
 */
function machineEffects(present: PresentConfiguration | undefined, archived: GuestConfiguration): InPlaceEffects {
  const now = drivesOf(present?.keys ?? {});
  const stored = storedDrives(archived);
  const staying = new Set(leftDisks(present?.keys, archived).map(({ key }) => key));
  // Proxmox frees nothing of what waits for the next start, under whatever key: such volumes stay too.
  const added = drivesOf(present?.later ?? {}).filter(({ drive }) => !now.some((one) => one.drive.file === drive.file));
  const taken = [...now.filter(({ key }) => !stored.some((disk) => disk.key === key)), ...added].filter(
    ({ key, drive }) => !isCdrom(drive) && !staying.has(key),
  );
  return {
    losses: [
      ...(present === undefined ? [] : drivesOutside(present))
        .filter(({ name }) => stored.some(({ key }) => key === name))
        .map((loss) => ({ ...loss, kind: "unsaved" as const })),
      ...taken.map(({ key, drive }) => ({
        kind: "detached" as const,
        name: key,
        volume: drive.file,
        ...sizeOf(drive.size),
      })),
      ...snapshotLosses(present),
    ],
    returns: stored.map(({ key, size }) => ({ key, size, isNew: !now.some((drive) => drive.key === key) })),
    hostMounts: [],
    hostMountsGone: [],
    differences: differencesOf(present?.keys, archived.keys, (key) => isDriveKey(key) || isUnusedKey(key)),
  };
}

/**
 * Proxmox's own notes about a guest's state, which say nothing about its settings; `template` is among them, because a
 * restore never takes it from the archive (`semantics.md` §5).
 */
const stateKeys = new Set([
  "digest",
  "lock",
  "parent",
  "snaptime",
  "snapstate",
  "template",
  "vmgenid",
  "meta",
  "runningmachine",
]);

function differencesOf(
  present: ConfigurationKeys | undefined,
  archived: ConfigurationKeys,
  isDisk: (key: string) => boolean,
): Difference[] {
  if (present === undefined) {
    return [];
  }
  const keys = new Set([...Object.keys(present), ...Object.keys(archived)]);
  return [...keys]
    .filter((key) => !isDisk(key) && !stateKeys.has(key) && key !== "description" && key !== "lxc")
    .filter((key) => present[key] !== archived[key])
    .sort()
    .map((key) => ({ key, present: present[key], archived: archived[key] }));
}
