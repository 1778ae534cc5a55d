import type { ConfigurationKeys } from "../../proxmox/rules/guest-configuration";
import { isBackedUp, isMountPointKey, parseMountPoint, type MountPoint } from "../../proxmox/rules/property-strings";
import { parseVolumeId } from "../../proxmox/rules/volume-ids";

/** `rootfs` or `mpN` of a container's configuration. */
export interface ContainerDisk {
  readonly key: string;
  /** Path in the container, in one form: `/srv/data`. What an archive holds is found again by it, not by the key. */
  readonly path: string;
  readonly mountPoint: MountPoint;
  /** A backup of this configuration holds its content. */
  readonly backedUp: boolean;
}

/**
 * The disks of a container's configuration, the root disk first. Options that this program does not know are kept.
 *
 * @throws PropertyStringError when Proxmox itself could not read the configuration.
 */
export function containerDisks(keys: ConfigurationKeys): ContainerDisk[] {
  return Object.keys(keys)
    .filter(isMountPointKey)
    .sort((a, b) => indexOf(a) - indexOf(b))
    .map((key) => {
      const mountPoint = parseMountPoint(key, keys[key] ?? "", "keep");
      return { key, path: normalPath(mountPoint.mount), mountPoint, backedUp: isBackedUp("lxc", key, mountPoint) };
    });
}

function indexOf(key: string): number {
  return key === "rootfs" ? -1 : Number(key.slice("mp".length));
}

/** Proxmox takes `data`, `/data` and `/data/` for the same place. */
function normalPath(path: string): string {
  return `/${path
    .split("/")
    .filter((part) => part !== "")
    .join("/")}`;
}

/** Storage of a volume; undefined for a folder or device of the node. */
export function storageOfVolume(volume: string): string | undefined {
  return volume.startsWith("/") ? undefined : parseVolumeId(volume)?.storage;
}
