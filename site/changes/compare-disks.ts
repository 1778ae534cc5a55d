import type { ConfigurationKeys } from "../../proxmox/rules/guest-configuration";
import { isBackedUp, isMountPointKey, parseMountPoint, type MountPoint } from "../../proxmox/rules/property-strings";
import { parseVolumeId } from "../../proxmox/rules/volume-ids";
import type { Bytes, ContainerGuest, Disk, VolumeDisk } from "../settings/environment";
import { gibibyte } from "../settings/values/sizes";

/** The root disk in the same words as the others. */
export interface RootOfGuest {
  readonly kind: "root";
  readonly name: "root";
  readonly mount: "/";
  readonly storage: string;
  readonly size: Bytes;
}

/** One thing in which the disks of a container differ from its settings. */
export type DiskDifference =
  /** In the settings and not in Proxmox. */
  | { readonly kind: "missing"; readonly disk: Disk; readonly slot: number }
  /** In Proxmox and not in the settings. */
  | { readonly kind: "unknown"; readonly key: string; readonly found: MountPoint }
  /** `smaller`: it can grow. `larger`: nothing can make it smaller. */
  | {
      readonly kind: "smaller" | "larger";
      readonly disk: RootOfGuest | VolumeDisk;
      readonly key: string;
      readonly found: Bytes;
    }
  | {
      readonly kind: "storage";
      readonly disk: RootOfGuest | VolumeDisk;
      readonly key: string;
      readonly found: string;
    }
  /** Another folder of the node, or a folder in place of a volume. */
  | { readonly kind: "source"; readonly disk: Disk; readonly key: string; readonly found: string }
  /** It has another number than its place in the settings gives it. */
  | { readonly kind: "slot"; readonly disk: Disk; readonly key: string; readonly slot: number }
  /** The same volume at another place in the guest. */
  | { readonly kind: "mount"; readonly disk: Disk; readonly key: string; readonly found: string }
  /** The flags of a disk, which change in place. */
  | { readonly kind: "backup" | "read-only"; readonly disk: Disk; readonly key: string; readonly found: boolean };

/** A mount point of the live configuration. */
interface LiveMount {
  readonly key: string;
  readonly mount: MountPoint;
}

/**
 * What differs between the disks of a container and its settings. Disks are the same when they are mounted at the same
 * path; one that is left on both sides under one number, alike in all else, was moved to another path.
 *
 * @param configuration keys and values as Proxmox returns them.
 */
export function compareDisks(guest: ContainerGuest, configuration: ConfigurationKeys): DiskDifference[] {
  const live = mountPointsOf(configuration);
  const rest = new Map(live.map((entry) => [pathOf(entry.mount), entry]));
  const pairs = guest.disks.map((disk, slot) => {
    const found = rest.get(disk.mount);
    rest.delete(disk.mount);
    return { disk, slot, found };
  });
  const unknown = new Map([...rest.values()].map((entry) => [entry.key, entry]));
  const ofDisks = pairs.flatMap(({ disk, slot, found }): DiskDifference[] => {
    if (found !== undefined) return compareDisk(disk, slot, found);
    const moved = unknown.get(`mp${String(slot)}`);
    if (moved === undefined || !isAlike(disk, moved.mount)) return [{ kind: "missing", disk, slot }];
    unknown.delete(moved.key);
    return [{ kind: "mount", disk, key: moved.key, found: pathOf(moved.mount) }, ...compareDisk(disk, slot, moved)];
  });
  return [
    ...compareRoot(guest, configuration),
    ...ofDisks,
    ...[...unknown.values()].map(({ key, mount }) => ({ kind: "unknown" as const, key, found: mount })),
  ];
}

/** `mpN` of a container, by rising number. */
function mountPointsOf(configuration: ConfigurationKeys): LiveMount[] {
  return Object.entries(configuration)
    .filter(([key]) => key !== "rootfs" && isMountPointKey(key))
    .map(([key, text]) => ({ key, mount: parseMountPoint(key, text, "keep") }))
    .sort((a, b) => slotOf(a.key) - slotOf(b.key));
}

/** 2 for `mp2`. */
export function slotOf(key: string): number {
  return Number(key.slice("mp".length));
}

/** Where a mount point is in the guest, as the settings write paths: Proxmox also takes `srv/`. */
export function pathOf({ mount }: MountPoint): string {
  return `/${mount.replaceAll(/^\/+|\/+$/gu, "")}`;
}

/** The root disk of a guest in the words of the others. */
function rootOf({ root }: ContainerGuest): RootOfGuest {
  return { kind: "root", name: "root", mount: "/", ...root };
}

function compareRoot(guest: ContainerGuest, configuration: ConfigurationKeys): DiskDifference[] {
  const text = configuration["rootfs"];
  if (text === undefined) return [];
  const { size, ...mount } = parseMountPoint("rootfs", text, "keep");
  // The provider counts whole GiB of a root disk and does not see what is above them.
  const seen = size === undefined ? {} : { size: Math.floor(size / gibibyte) * gibibyte };
  return compareVolume(rootOf(guest), "rootfs", { ...mount, ...seen });
}

function compareDisk(disk: Disk, slot: number, { key, mount }: LiveMount): DiskDifference[] {
  const moved: DiskDifference[] = slotOf(key) === slot ? [] : [{ kind: "slot", disk, key, slot }];
  if (disk.kind === "bind") {
    const { volume, readOnly = false } = mount;
    return [
      ...moved,
      ...(volume === disk.bind ? [] : [{ kind: "source" as const, disk, key, found: volume }]),
      ...(readOnly === disk.readOnly ? [] : [{ kind: "read-only" as const, disk, key, found: readOnly }]),
    ];
  }
  if (mount.kind !== "volume") return [...moved, { kind: "source", disk, key, found: mount.volume }];
  const included = isBackedUp("lxc", key, mount);
  const wanted = disk.optOut === undefined;
  return [
    ...moved,
    ...compareVolume(disk, key, mount),
    ...(included === wanted ? [] : [{ kind: "backup" as const, disk, key, found: included }]),
  ];
}

function compareVolume(disk: RootOfGuest | VolumeDisk, key: string, { volume, size }: MountPoint): DiskDifference[] {
  const storage = parseVolumeId(volume)?.storage ?? volume;
  return [
    ...(storage === disk.storage ? [] : [{ kind: "storage" as const, disk, key, found: storage }]),
    ...(size === undefined || size === disk.size
      ? []
      : [{ kind: size < disk.size ? ("smaller" as const) : ("larger" as const), disk, key, found: size }]),
  ];
}

function isAlike(disk: Disk, { kind, volume, size }: MountPoint): boolean {
  if (disk.kind === "bind") return kind === "bind" && volume === disk.bind;
  return kind === "volume" && size === disk.size && parseVolumeId(volume)?.storage === disk.storage;
}
