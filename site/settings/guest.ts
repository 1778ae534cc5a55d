import type { DataSource } from "./data";
import type { Bytes, CalendarDay, Seconds } from "./units";

/** Recovery objectives (A8). */
export interface Objectives {
  /** How much work may be lost: the time between the last backup that can be restored and the loss. */
  readonly rpo: Seconds;
  /** How long a restore may take. Absent: it is not judged. */
  readonly rto?: Seconds | undefined;
}

export type Guest = OwnedGuest | AdoptedGuest;

/** A guest that the program makes. */
export type OwnedGuest = ContainerGuest | VirtualMachineGuest;

/**
 * Snapshots of a guest on a schedule (D13). They do not interrupt it, and lie on the storage of its own disks: they are
 * no backups.
 */
export interface SnapshotSettings {
  /** When: a Proxmox calendar event, in the node's time zone. */
  readonly schedule: string;
  /** How many of the schedule's snapshots stay. */
  readonly keep: number;
}

/** Archives of a guest that are copied elsewhere: each one of the schedule, or one in seven days (J2). */
export type ArchiveChoice = "newest" | "weekly";

/** A guest that was made by hand: backed up and restorable, never owned (A10). */
export interface AdoptedGuest {
  readonly kind: "adopted";
  /** Key in the settings. */
  readonly name: string;
  readonly id: number;
  readonly node: string;
  /** The name that its archives carry: its key unless the settings say another. */
  readonly hostname: string;
  readonly checks: readonly Check[];
  /** Guests of the environment that it cannot work without: a drill brings them up first. Absent: none. */
  readonly needs?: readonly string[] | undefined;
  readonly objectives: Objectives;
  /** Disks that are left out of backups on purpose, by Proxmox's key: `mp1`, `scsi2`. */
  readonly diskOptOuts: Readonly<Record<string, OptOut>>;
  /** The whole guest stays out of the job. */
  readonly optOut?: OptOut | undefined;
  /** Absent: no snapshots on a schedule. */
  readonly snapshots?: SnapshotSettings | undefined;
  /** Which archives of it are copied elsewhere. Absent: none. */
  readonly offsite?: ArchiveChoice | undefined;
  /** What is dumped inside it, by rising names. */
  readonly data: readonly DataSource[];
  /** The settings do not have it any more: its archives tell what is known of it. */
  readonly left?: LeftGuest | undefined;
}

/** A guest that no settings have, as its archives tell of it. */
export interface LeftGuest {
  /** They bear Lifeboat's mark with its name; without one only its host name says which guest it is. */
  readonly isMarked: boolean;
}

/** What containers and virtual machines that the program makes have alike. */
interface MadeGuest {
  /** Key in the settings, name of its resource, and its name in Proxmox and host name unless `hostname` differs. */
  readonly name: string;
  readonly id: number;
  readonly node: string;
  readonly hostname: string;
  /** Proxmox's `ostype`. */
  readonly osType: string;
  readonly network: Network;
  readonly cores: number;
  readonly memory: Bytes;
  readonly checks: readonly Check[];
  /** Guests of the environment that it cannot work without: a drill brings them up first. Absent: none. */
  readonly needs?: readonly string[] | undefined;
  readonly startOnBoot: boolean;
  readonly started: boolean;
  /** Proxmox's own protection, which also refuses an in-place restore. */
  readonly protection: boolean;
  /** Lower case, sorted, without Lifeboat's own tag. */
  readonly tags: readonly string[];
  readonly pool?: string | undefined;
  readonly description?: string | undefined;
  /** May be made empty although its backup storage holds archives for its id (A9). */
  readonly fresh: boolean;
  readonly objectives: Objectives;
  /** The whole guest stays out of the job. */
  readonly optOut?: OptOut | undefined;
  /** Absent: no snapshots on a schedule. */
  readonly snapshots?: SnapshotSettings | undefined;
  /** Which archives of it are copied elsewhere. Absent: none. */
  readonly offsite?: ArchiveChoice | undefined;
  /** What is dumped inside it, by rising names. */
  readonly data: readonly DataSource[];
}

/** A container that the program makes. */
export interface ContainerGuest extends MadeGuest {
  readonly kind: "container";
  /** Volume id of the template: `local:vztmpl/debian-12-standard_amd64.tar.zst`. */
  readonly template: string;
  readonly root: RootDisk;
  /** `disks[0]` is Proxmox's `mp0`, and so on: `slot` in the settings, or the order of the paths. */
  readonly disks: readonly Disk[];
  readonly swap: Bytes;
  readonly nameservers: readonly string[];
  readonly searchDomain?: string | undefined;
  readonly unprivileged: boolean;
  readonly nesting: boolean;
  readonly sshKeys: readonly string[];
}

/** A virtual machine that the program makes. */
export interface VirtualMachineGuest extends MadeGuest {
  readonly kind: "virtual-machine";
  /** By Proxmox's key; the first one is booted from. */
  readonly disks: readonly MachineDisk[];
  /** Proxmox's model of the CPU. */
  readonly cpu: string;
  readonly firmware: "seabios" | "ovmf";
  /** The QEMU guest agent runs in it. */
  readonly agent: boolean;
  /** What cloud-init sets up at the first start. Absent: nothing does. */
  readonly cloudInit?: CloudInit | undefined;
}

/** A disk of a virtual machine. */
export interface MachineDisk {
  /** Proxmox's key, which is also its key in the settings: `scsi0`, `virtio1`. A disk keeps it for ever. */
  readonly key: string;
  readonly storage: string;
  readonly size: Bytes;
  readonly format: "raw" | "qcow2";
  /** Volume id of an image that the disk is made from: `local:import/debian-12.qcow2`. Absent: empty. */
  readonly image?: string | undefined;
  /** Absent: backed up. */
  readonly optOut?: OptOut | undefined;
}

/** What cloud-init sets up. */
export interface CloudInit {
  /** Storage of the drive that it reads. */
  readonly storage: string;
  readonly user: string;
  readonly sshKeys: readonly string[];
  readonly nameservers: readonly string[];
  readonly searchDomain?: string | undefined;
}

/** The root disk. Proxmox always backs it up. */
export interface RootDisk {
  readonly storage: string;
  /** Whole GiB: Proxmox's API takes nothing finer for a root disk. */
  readonly size: Bytes;
}

export type Disk = VolumeDisk | BindMount;

export interface VolumeDisk {
  readonly kind: "volume";
  /** Key in the settings. */
  readonly name: string;
  /** Absolute path in the guest. */
  readonly mount: string;
  readonly storage: string;
  readonly size: Bytes;
  /** Absent: backed up. */
  readonly optOut?: OptOut | undefined;
}

/** A folder of the node. Proxmox never backs it up. */
export interface BindMount {
  readonly kind: "bind";
  readonly name: string;
  readonly mount: string;
  /** Absolute path on the node. */
  readonly bind: string;
  /** What protects the data instead, in the words of its owner. */
  readonly protectedBy: string;
  readonly readOnly: boolean;
}

/** Why something is not backed up, who answers for it, and until when that holds (A2). Whether the day is past is a
 * matter of policy, not of structure. */
export interface OptOut {
  readonly reason: string;
  readonly owner: string;
  readonly until: CalendarDay;
}

/** The guest's first interface. */
export interface Network {
  readonly bridge: string;
  readonly address: Address;
  /** Fixed MAC address, upper case. Absent: Proxmox makes one up. */
  readonly mac?: string | undefined;
  readonly vlan?: number | undefined;
  /** Proxmox's firewall on this interface. */
  readonly firewall: boolean;
}

export type Address =
  | { readonly kind: "dhcp" }
  | {
      readonly kind: "static";
      readonly family: 4 | 6;
      /** `192.0.2.101` */
      readonly ip: string;
      /** `24` */
      readonly prefix: number;
      /** `192.0.2.101/24` */
      readonly cidr: string;
      readonly gateway?: string | undefined;
    };

/** What proves that a guest is back. */
export type Check =
  | { readonly kind: "running" }
  /** The guest agent in a virtual machine answers. */
  | { readonly kind: "agent" }
  | { readonly kind: "ping" }
  | { readonly kind: "ssh" }
  | { readonly kind: "tcp"; readonly port: number }
  /** A request over HTTP is answered with this status. */
  | { readonly kind: "http"; readonly port: number; readonly path: string; readonly status: number }
  /** A command in the guest ends as it is expected to. */
  | CommandCheck
  | AgentExecCheck;

/** A command that the guest agent runs in a virtual machine. */
export interface AgentExecCheck {
  readonly kind: "agent-exec";
  /** A text is run by `/bin/sh -c`; a list is program and arguments. */
  readonly command: string | readonly string[];
  /** The exit code that it has to end with. */
  readonly exit: number;
  /** As of a command over SSH. */
  readonly output?: string;
}

export interface CommandCheck {
  readonly kind: "command";
  /** Read by the guest's `sh`. */
  readonly command: string;
  /** Its exit code. */
  readonly exit: number;
  /** What its output has to contain; between slashes a regular expression that it has to match. Absent: it may say anything. */
  readonly output?: string;
}
