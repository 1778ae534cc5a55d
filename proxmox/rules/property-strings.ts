/**
 * Property strings: `local:8,mp=/data,backup=1`.
 *
 * Sources: pve-common, `PVE::JSONSchema::parse_property_string` and `print_property_string`; pve-container,
 * `PVE::LXC::Config` (mount points, networks); qemu-server, `PVE::QemuServer::Drive` and `::Network`.
 */

/** A property string that Proxmox would refuse; `problems` has one text per property, in Proxmox's words. */
export class PropertyStringError extends Error {
  override readonly name = "PropertyStringError";
  readonly problems: ReadonlyMap<string, string>;

  constructor(problems: ReadonlyMap<string, string>) {
    super([...problems].map(([property, text]) => `${property}: ${text}`).join("\n"));
    this.problems = problems;
  }
}

/**
 * Splits a property string without looking at the meaning. The part without a name is stored under `defaultKey`.
 *
 * @throws PropertyStringError on a name that comes twice and on a second part without a name.
 */
export function parsePropertyString(text: string, defaultKey?: string): Map<string, string> {
  throw new Error(`follows ${text} ${String(defaultKey)}`);
}

/** `volume`: on a storage; `bind`: a folder of the node; `device`: a block device of the node. */
export type MountPointKind = "volume" | "bind" | "device";

/** `rootfs` or `mpN` of a container. */
export interface MountPoint {
  readonly kind: MountPointKind;
  /** Volume id, `storage:SIZE` for a new volume, or a path of the node. */
  readonly volume: string;
  /** Path inside the container; `/` for the root disk. */
  readonly mount: string;
  /** Bytes. */
  readonly size?: number;
  readonly backup?: boolean;
  readonly readOnly?: boolean;
  readonly acl?: boolean;
  readonly quota?: boolean;
  readonly replicate?: boolean;
  readonly shared?: boolean;
  readonly keepAttributes?: boolean;
  readonly mountOptions?: readonly string[];
}

/** Reads `rootfs`, `mpN` or `unusedN` of a container. @throws PropertyStringError */
export function parseMountPoint(key: string, text: string): MountPoint {
  throw new Error(`follows ${key} ${text}`);
}

/** Writes a mount point in Proxmox's order: volume, mount, then the rest by name. */
export function formatMountPoint(key: string, mountPoint: MountPoint): string {
  throw new Error(`follows ${key} ${mountPoint.volume}`);
}

/** A drive of a virtual machine (`scsi0`, `virtio1`, `ide2`, `sata0`, `efidisk0`, `tpmstate0`, `unused0`). */
export interface Drive {
  /** Volume id, `storage:SIZE` for a new one, a path, `none` or `cdrom`. */
  readonly file: string;
  readonly media?: "disk" | "cdrom";
  /** Bytes. */
  readonly size?: number;
  readonly backup?: boolean;
  /** Everything else, by Proxmox's names, booleans as `1` and `0`. */
  readonly options: ReadonlyMap<string, string>;
}

/** Reads a drive. `import-from` is allowed, as in a request that makes one. @throws PropertyStringError */
export function parseDrive(key: string, text: string): Drive {
  throw new Error(`follows ${key} ${text}`);
}

/** Writes a drive in Proxmox's order. @throws PropertyStringError for what a configuration cannot hold (`import-from`). */
export function formatDrive(key: string, drive: Drive): string {
  throw new Error(`follows ${key} ${drive.file}`);
}

/** A network interface, `netN`. */
export interface NetworkInterface {
  /** Container: name inside, such as `eth0`. */
  readonly name?: string;
  /** Virtual machine: the card, such as `virtio`. */
  readonly model?: string;
  readonly bridge?: string;
  /** `BC:24:11:00:00:01`. */
  readonly mac?: string;
  /** Container: address with prefix, `dhcp` or `manual`. */
  readonly ip?: string;
  readonly gateway?: string;
  readonly ip6?: string;
  readonly gateway6?: string;
  readonly firewall?: boolean;
  readonly linkDown?: boolean;
  readonly mtu?: number;
  readonly rate?: number;
  readonly tag?: number;
  readonly trunks?: string;
  /** Everything else, by Proxmox's names. */
  readonly options: ReadonlyMap<string, string>;
}

/** Reads `netN`. @throws PropertyStringError */
export function parseNetwork(kind: "lxc" | "qemu", text: string): NetworkInterface {
  throw new Error(`follows ${kind} ${text}`);
}

/** Writes `netN` in Proxmox's order. */
export function formatNetwork(kind: "lxc" | "qemu", network: NetworkInterface): string {
  throw new Error(`follows ${kind} ${String(network.bridge)}`);
}

/** Bytes of `8G`, `512M`, `1.5T`, `4096`. Undefined when it is not a size. */
export function parseSize(text: string): number | undefined {
  throw new Error(`follows ${text}`);
}

/** Writes bytes with the largest unit that leaves a whole number, as Proxmox does (0 is `0T`). */
export function formatSize(bytes: number): string {
  throw new Error(`follows ${bytes}`);
}

/**
 * True when a backup of the guest holds this disk. Containers: the root disk always, `mpN` only with `backup=1`, bind and
 * device mounts never. Virtual machines: unless `backup=0`, CD-ROM drives never.
 */
export function isBackedUp(kind: "lxc", key: string, disk: MountPoint): boolean;
export function isBackedUp(kind: "qemu", key: string, disk: Drive): boolean;
export function isBackedUp(kind: "lxc" | "qemu", key: string, disk: MountPoint | Drive): boolean {
  throw new Error(`follows ${kind} ${key} ${JSON.stringify(disk)}`);
}

/** `rootfs`, `mp0` to `mp255`. */
export function isMountPointKey(key: string): boolean {
  return /^(rootfs|mp(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5]))$/.test(key);
}

/** Keys of drives that a virtual machine can have, without `unusedN`. */
export function isDriveKey(key: string): boolean {
  return /^(ide[0-3]|sata[0-5]|scsi(\d|[12]\d|30)|virtio(\d|1[0-5])|efidisk0|tpmstate0)$/.test(key);
}
