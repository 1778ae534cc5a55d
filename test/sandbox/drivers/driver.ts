/**
 * What the sandbox's Proxmox emulator asks of the machine below it: volumes, archives and running containers.
 *
 * The emulator decides everything that Proxmox decides (ids, names, sizes, orders, log lines, errors); a driver only
 * does what storage, tar and LXC do on a real node. Two drivers exist: `memory` (folders and archives, no process) and
 * `real` (ext4 images and LXC containers).
 */

import type { Machines } from "./machines";

/** A volume and where its data lies on this machine. */
export interface Volume {
  /** Proxmox's volume id, such as `local:101/vm-101-disk-0.raw`. */
  volid: string;
  /** Absolute path on this machine. */
  path: string;
  /** `subvol` is a plain folder; `raw` is an ext4 image in the real driver and a folder in the memory driver. */
  format: "raw" | "subvol" | "qcow2";
  /** Size in bytes; 0 for a folder without a limit. */
  size: number;
}

/** A volume at its place in a container; `/` is the root. */
export interface Mount {
  volume: Volume;
  target: string;
  readOnly: boolean;
}

/** A folder of the node at its place in a container. */
export interface BindMount {
  source: string;
  target: string;
  readOnly: boolean;
}

/** One network interface of a container, as `netN` of its configuration says. */
export interface ContainerNetwork {
  /** The N of `netN`. */
  number: number;
  /** Name in the container, such as `eth0`. */
  name: string;
  bridge: string | undefined;
  hardwareAddress: string;
  /** `192.0.2.101/24`, `dhcp`, `manual`, or undefined. */
  ip: string | undefined;
  gateway: string | undefined;
  /** The same for IPv6, also `auto`. */
  ip6: string | undefined;
  gateway6: string | undefined;
  linkDown: boolean;
  /** The card's own switch of Proxmox's firewall. */
  firewall: boolean;
}

/** A container as the driver runs it. */
export interface ContainerSpec {
  node: string;
  vmid: number;
  hostname: string;
  /** The root first, then mount points in the order in which they are mounted. */
  mounts: Mount[];
  bindMounts: BindMount[];
  networks: ContainerNetwork[];
  nameservers: string[];
  searchDomain: string | undefined;
  cores: number | undefined;
  /** MiB. */
  memory: number;
  nesting: boolean;
}

/** A container's cards, and what tells it from others. */
export type ContainerCards = Pick<ContainerSpec, "node" | "vmid" | "networks">;

/** What `POST nodes/N/lxc` gives a container made from a template, beyond its configuration. */
export interface FirstUse {
  sshPublicKeys: string | undefined;
  rootPassword: string | undefined;
}

export type Compression = "none" | "gzip" | "lzo" | "zstd";

export interface PackRequest {
  mounts: Mount[];
  /** Set when the container runs: the driver reads its tree through the running container. */
  running: { node: string; vmid: number } | undefined;
  /** Text of `./etc/vzdump/pct.conf` and `./etc/vzdump/pct.fw`, the first two members of the archive. */
  configuration: string;
  firewall: string;
  /** `exclude-path` globs and the standard exclusions, in Proxmox's form (`/tmp/?*`; without a leading `/`: anywhere). */
  exclude: string[];
  compression: Compression;
  /** Of the compressor. */
  threads: number;
  /** The file to write; the caller renames it when the run is complete. */
  destination: string;
  /** A folder beside it that the driver may make and use; the caller removes it. */
  temporary: string;
  /** Bytes per second, for a slow storage or a bandwidth limit. */
  bytesPerSecond?: number;
  signal?: AbortSignal;
}

export interface UnpackRequest {
  /** A template or an archive, with any compression. */
  archive: string;
  mounts: Mount[];
  /** Members that stay out, such as `./etc/vzdump/pct.conf`. */
  exclude: string[];
  bytesPerSecond?: number;
  signal?: AbortSignal;
}

/** Receives one line of the task's log. */
export type Log = (line: string) => void;

export interface InterfaceAddress {
  name: string;
  hardwareAddress: string;
  addresses: { address: string; prefix: number; family: "inet" | "inet6" }[];
}

/** A card of a container with the rules that stand before it. */
export interface GuardedCard {
  node: string;
  vmid: number;
  /** The N of `netN`. */
  number: number;
  /** Statements of nftables for what is sent to the guest, in order. */
  incoming: readonly string[];
  /** The same for what the guest sends. */
  outgoing: readonly string[];
}

/** What keeps packets from guests. */
export interface PacketFilter {
  /** These cards, and no others, are guarded from now on; connections that are open stay open. */
  enforce(cards: readonly GuardedCard[]): Promise<void>;
}

export interface Driver {
  readonly name: "memory" | "real";
  /** Undefined where there are no packets. */
  readonly firewall: PacketFilter | undefined;
  readonly machines: Machines;

  createVolume(volume: Volume): Promise<void>;
  /** Grows a volume to `size` bytes, and its file system, also under a running container; its data stays. */
  growVolume(volume: Volume, size: number, log: Log): Promise<void>;
  /** Removes the data; a volume that is already gone is no error. */
  removeVolume(volume: Volume): Promise<void>;

  /** Unpacks into the mounted tree. Rejects with CommandFailed (child-process.ts), whose message is tar's last error line. */
  unpack(request: UnpackRequest, log: Log): Promise<void>;
  /** Writes an archive and answers with the number of bytes in the tar stream. */
  pack(request: PackRequest, log: Log): Promise<{ tarBytes: number }>;
  /** Text of one member of an archive, such as `./etc/vzdump/pct.conf`; undefined when it has none. */
  readMember(archive: string, member: string): Promise<string | undefined>;

  /** What Proxmox writes into a container made from a template: SSH keys, password, new host keys. */
  prepareFirstUse(container: ContainerSpec, first: FirstUse): Promise<void>;
  /** Writes host name, network and resolver files as Proxmox does before each start, then starts. */
  start(container: ContainerSpec): Promise<void>;
  /** Puts volumes and folders of the node at their places in a running container. */
  attach(container: Pick<ContainerSpec, "node" | "vmid" | "mounts" | "bindMounts">): Promise<void>;
  /** Puts a running container's cards on the bridges that its configuration names, behind the firewall or not. */
  plug(container: ContainerCards): Promise<void>;
  /** Ends it at once. */
  stop(container: ContainerSpec): Promise<void>;
  /** Asks it to end; false when it still runs after `timeout` seconds. */
  shutdown(container: ContainerSpec, timeout: number): Promise<boolean>;
  /** Undefined where a driver has no processes: then the emulator's own record of starts and stops counts. */
  isRunning(node: string, vmid: number): Promise<boolean | undefined>;
  /** Process id of a running container's init, when there is one. */
  processId(node: string, vmid: number): Promise<number | undefined>;
  /** Bytes of the file system on a running container's root disk; undefined where that cannot be seen. */
  rootFileSystem(node: string, vmid: number): Promise<{ total: number; used: number } | undefined>;
  /** Interfaces of a running container; undefined when it does not run. */
  interfaces(container: ContainerSpec): Promise<InterfaceAddress[] | undefined>;
}
