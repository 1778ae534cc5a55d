import { UNUSED_KEYS } from "../unused-volumes";
import { FORMATS, readProperties, writeProperties, type Properties } from "../properties";

/** `volume`: on a storage; `device` and `bind`: a path of the node. */
export type MountKind = "volume" | "device" | "bind";

/** `rootfs`, `mpN` or `unusedN` of a container. */
export interface ContainerMount {
  key: string;
  kind: MountKind;
  /** Volume id, `storage:SIZE` for a new one, or a path of the node. */
  volume: string;
  /** Place in the container; `/` for the root. Undefined for an unused volume. */
  target: string | undefined;
  /** Bytes; undefined when the configuration does not say. */
  size: number | undefined;
  /** All keys, these included. */
  properties: Properties;
}

const MOST_MOUNT_POINTS = 256;

/** `rootfs`, `mp0`, `mp1`, …: the order of Proxmox's own loops. */
export const MOUNT_KEYS: readonly string[] = [
  "rootfs",
  ...Array.from({ length: MOST_MOUNT_POINTS }, (_, number) => `mp${number}`),
];

export function isMountKey(key: string): boolean {
  return key === "rootfs" || /^mp\d+$/.test(key);
}

function formatOf(key: string): (typeof FORMATS)["mountPoint" | "rootFileSystem" | "unusedVolume"] {
  if (key === "rootfs") return FORMATS.rootFileSystem;
  return key.startsWith("mp") ? FORMATS.mountPoint : FORMATS.unusedVolume;
}

/** @throws for a text that is no mount point */
export function readMount(key: string, text: string): ContainerMount {
  const properties = readProperties(formatOf(key), text);
  const volume = properties.get("volume") ?? "";
  const size = properties.get("size");
  return {
    key,
    kind: kindOf(volume),
    volume,
    target: key === "rootfs" ? "/" : properties.get("mp"),
    size: size === undefined ? undefined : Number(size),
    properties,
  };
}

function kindOf(volume: string): MountKind {
  if (volume.startsWith("/dev/")) return "device";
  return volume.startsWith("/") ? "bind" : "volume";
}

export function writeMount(mount: ContainerMount): string {
  return writeProperties(formatOf(mount.key), mount.properties);
}

/** The same mount point with another volume and size. */
export function withVolume(mount: ContainerMount, volume: string, size: number | undefined): ContainerMount {
  const properties = new Map(mount.properties);
  properties.set("volume", volume);
  if (size === undefined) properties.delete("size");
  else properties.set("size", String(size));
  return { ...mount, volume, size, properties, kind: kindOf(volume) };
}

/** Mount points of a configuration in Proxmox's order. Those that cannot be read are left out, as Proxmox does. */
export function mountsOf(keys: ReadonlyMap<string, string>): ContainerMount[] {
  return readAll(MOUNT_KEYS, keys);
}

/** The same, and unused volumes after them. */
export function mountsAndUnusedOf(keys: ReadonlyMap<string, string>): ContainerMount[] {
  return [...readAll(MOUNT_KEYS, keys), ...readAll(UNUSED_KEYS, keys)];
}

function readAll(names: readonly string[], keys: ReadonlyMap<string, string>): ContainerMount[] {
  return names.flatMap((key) => {
    const text = keys.get(key);
    if (text === undefined) return [];
    try {
      return [readMount(key, text)];
    } catch {
      return [];
    }
  });
}

/** Whether a backup holds it, and Proxmox's word for why (PVE::LXC::Config::mountpoint_backup_enabled). */
export function backupDecision(mount: ContainerMount): { included: boolean; reason: string } {
  if (mount.key === "rootfs") return { included: true, reason: "rootfs" };
  if (mount.kind !== "volume") return { included: false, reason: "not a volume" };
  return mount.properties.get("backup") === "1"
    ? { included: true, reason: "enabled" }
    : { included: false, reason: "disabled" };
}
