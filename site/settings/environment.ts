import type { Retention } from "../../proxmox/rules/retention";

/**
 * An environment as everything else sees it: the settings of one `Pulumi.<env>.yaml`, checked, with every default
 * filled in. Components, the programs in `stacks/` and the command line read this and nothing else, so that a guest is
 * described once.
 *
 * Units are in the types: sizes are bytes, durations are seconds.
 */
export interface Environment {
  /** The stack's name: `prod` for `Pulumi.prod.yaml`. Free; the profile decides the defaults. */
  readonly name: string;
  readonly profile: Profile;
  readonly proxmox: ProxmoxSettings;
  readonly backup: BackupSettings;
  /** Every guest of the environment, by rising id. */
  readonly guests: readonly Guest[];
  /** Pulumi's `protect` on every guest. Off: `pulumi destroy` may delete the guests that Lifeboat made. */
  readonly protectGuests: boolean;
  /** What backups and restores have to achieve; guests may say otherwise for themselves. */
  readonly objectives: Objectives;
  /** Policies that do not count until a day. */
  readonly suspensions: readonly Suspension[];
  /** Hazards that somebody knows of and accepts until a day. */
  readonly acknowledgements: readonly Acknowledgement[];
  /** Restores that the program carries out, each once; by their ids. */
  readonly restores: readonly DeclaredRestore[];
  /** How to log in to the guests. */
  readonly ssh: GuestAccess;
  /** Where `lifeboat drill` proves backups. Absent: it does not. */
  readonly drill?: DrillSettings | undefined;
  /** The decrypted secret `lifeboat:proxmoxToken`, where the settings hold one. The variables of the shell go first. */
  readonly proxmoxToken?: string | undefined;
  /** The decrypted secret `lifeboat:proxmoxRootPassword`: only for guests with bind mounts. */
  readonly proxmoxRootPassword?: string | undefined;
  /** The site's state store, where this is the environment whose stack makes it. */
  readonly stateStore?: StateStoreSettings | undefined;
  /** The decrypted secret `lifeboat:stateStoreKeys`: every key of the store that this environment makes. */
  readonly stateStoreKeys?: StateStoreKeys | undefined;
  /** `lifeboat:stateStoreAuthority`: certificate (PEM) of the authority that signs the store's own. Public. */
  readonly stateStoreAuthority?: string | undefined;
  /** The decrypted secret `lifeboat:stateStoreOffsiteKey`: key of the second S3 service. */
  readonly stateStoreOffsiteKey?: KeyPair | undefined;
  /** The decrypted secret `lifeboat:stateKey`: this environment's own key to its bucket of the site's store. */
  readonly stateKey?: KeyPair | undefined;
}

/** Where the states of all stacks are kept (B1, B6): in a container that the program makes, or in a service that is there. */
export type StateStoreSettings = ContainerStateStore | ServiceStateStore;

interface AnyStateStore {
  /** What the buckets' names begin with. */
  readonly buckets: string;
  /** How long old versions of a state stay: whole days. */
  readonly expire: Seconds;
  readonly copies: StateCopies;
  readonly region: string;
}

/** A state store in one of the environment's own containers. */
export interface ContainerStateStore extends AnyStateStore {
  readonly kind: "container";
  /** Name of the container: always one of the environment's, with a fixed address. */
  readonly guest: string;
  /** Name of the container's disk that holds the data. */
  readonly disk: string;
  readonly server: StateServer;
  /** Networks that may reach the ports, `192.0.2.0/24`. */
  readonly allow: readonly string[];
  /** Networks that may reach SSH in the guest. Absent: all. */
  readonly allowSsh?: readonly string[] | undefined;
  readonly ports: {
    readonly api: number;
    /** Absent: the server has no console. */
    readonly console?: number | undefined;
  };
}

/** An S3 service that is there already. */
export interface ServiceStateStore extends AnyStateStore {
  readonly kind: "service";
  /** `https://host:port`, without a slash or path at its end. */
  readonly endpoint: string;
  /** PEM file; a relative path starts at the project's folder. Absent: the CAs of the system. */
  readonly ca?: string | undefined;
}

/** The server's program, and the SHA-256 that it must have, in lower case. */
export type StateServer =
  | { readonly from: "url"; readonly url: string; readonly sha256: string }
  /** On the machine where the program runs; a relative path starts at the project's folder. */
  | { readonly from: "file"; readonly file: string; readonly sha256: string };

/** Where the states are besides the store (E6). */
export interface StateCopies {
  /** Folder on the operator's machine; a relative path starts at the project's folder. Absent: one in `$XDG_DATA_HOME`. */
  readonly folder?: string | undefined;
  /** A second S3 service, to which the store's guest copies on a schedule. */
  readonly offsite?: OffsiteCopies | undefined;
}

export interface OffsiteCopies {
  /** `https://host:port`, without a slash or path at its end. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** PEM file; a relative path starts at the project's folder. Absent: the CAs of the system. */
  readonly ca?: string | undefined;
  /** A calendar event, in the guest's time zone. */
  readonly schedule: string;
}

/** Where copies are made that prove a backup, and are destroyed again (G2). */
export interface DrillSettings {
  /** A bridge of the node without any way out of it. */
  readonly bridge: string;
  /** Ids that nothing but such copies has, both included. */
  readonly ids: { readonly from: number; readonly to: number };
  /** When a timer is to start it, in systemd's words: `sun 04:00`. */
  readonly at: string;
  /** For the disks of the copies. Absent: each on the storage of its original. */
  readonly storage?: string | undefined;
}

/** An S3 key. */
export interface KeyPair {
  readonly accessKey: string;
  /** Secret. */
  readonly secretKey: string;
}

/** Every secret of a state store. */
export interface StateStoreKeys {
  /** May do everything on the store. Absent with a service whose buckets and users the program does not make. */
  readonly root?: KeyPair | undefined;
  /** Private key (PEM, PKCS#8) of the authority that signs the server's certificate. Absent with a service. */
  readonly authorityKey?: string | undefined;
  /** Private key (PEM, PKCS#8) of the server. Absent with a service. */
  readonly serverKey?: string | undefined;
  /** Reads all buckets of the store, to copy them elsewhere. */
  readonly copier?: KeyPair | undefined;
  /** By the environment's name: reads and writes its bucket. */
  readonly identities: Readonly<Record<string, KeyPair>>;
  /** By the environment's name: reads its bucket. */
  readonly readers: Readonly<Record<string, KeyPair>>;
}

/** Where an environment's defaults come from (A4, A13). */
export type Profile = "prod" | "lab" | "monitoring";

/** Recovery objectives (A8). */
export interface Objectives {
  /** How much work may be lost: the time between the last backup that can be restored and the loss. */
  readonly rpo: Seconds;
  /** How long a restore may take. Absent: it is not judged. */
  readonly rto?: Seconds | undefined;
}

/** Rules over the settings that stop `pulumi up` and `pulumi preview`, and never a restore. */
export type PolicyName = "coverage" | "objectives";

/** An emergency: a policy counts for nothing until a day. */
export interface Suspension {
  readonly policy: PolicyName;
  readonly reason: string;
  readonly owner: string;
  /** Last day. */
  readonly until: CalendarDay;
}

/** Weak points of a setup that no rule can forbid (A12). */
export type HazardName =
  "own-node" | "own-storage" | "shared-ids" | "two-retentions" | "retention-cut" | "firewall-off" | "unchecked";

/** A hazard that somebody has decided to live with. */
export interface Acknowledgement {
  readonly hazard: HazardName;
  /** The guest for which it is accepted. Absent: every guest. */
  readonly guest?: string | undefined;
  readonly reason: string;
  readonly owner: string;
  /** Last day. */
  readonly until: CalendarDay;
}

/** A restore that the settings ask for (M2). What is absent is the command line's own default. */
export interface DeclaredRestore {
  /** Free; stands for this one restore for ever. */
  readonly id: string;
  readonly guest: string;
  readonly at?: string | undefined;
  readonly archive?: string | undefined;
  readonly targetId?: number | "next" | undefined;
  readonly reuseId?: number | undefined;
  readonly node?: string | undefined;
  readonly storage?: string | undefined;
  readonly stop?: boolean | undefined;
  readonly acceptLoss?: boolean | undefined;
  readonly withoutSavePoint?: boolean | undefined;
  readonly checkTimeout?: Seconds | undefined;
}

/** A number of bytes. */
export type Bytes = number;

/** A number of seconds. */
export type Seconds = number;

/** A calendar day, `2027-06-30`. It has no time zone until somebody compares it with a clock. */
export type CalendarDay = string;

/** A node, or any node of a cluster, and how to trust and reach it. */
export interface ProxmoxSettings {
  /** `https://host:port`, without a slash or path at its end. */
  readonly endpoint: string;
  /** Default node of the environment's guests. */
  readonly node: string;
  readonly trust: TrustSettings;
  /** How long Proxmox may take to make a guest. */
  readonly createTimeout: Seconds;
  /** Absent: archives are not read, and reports say so. */
  readonly ssh?: NodeAccess | undefined;
}

export type TrustSettings =
  | { readonly kind: "system" }
  /** A PEM file; a relative path starts at the project's folder. */
  | { readonly kind: "ca"; readonly file: string }
  /** SHA-256 of the node's certificate as `AA:BB:…`, upper case. The provider cannot check it: it needs a CA. */
  | { readonly kind: "fingerprint"; readonly sha256: string };

/** SSH to the nodes. */
export interface NodeAccess {
  readonly user: string;
  readonly port: number;
  /** Private key's file; a relative path starts at the project's folder. Absent: what the system's `ssh` chooses. */
  readonly identity?: string | undefined;
  /** Keys by which the nodes' SSH servers are known, as `type base64`. */
  readonly hostKeys: readonly string[];
}

/** SSH to the guests. */
export interface GuestAccess {
  readonly user: string;
  /** Private key's file; a relative path starts at the project's folder. Absent: what the system's `ssh` chooses. */
  readonly identity?: string | undefined;
  /** Public keys, as lines of `authorized_keys`, put into every guest that does not name its own. */
  readonly keys: readonly string[];
}

/** The environment's one vzdump job and where it writes (A3, A5). */
export interface BackupSettings {
  /** Id of the job in Proxmox. */
  readonly jobId: string;
  readonly storage: BackupStorageSettings;
  /** A Proxmox calendar event, in the node's time zone. */
  readonly schedule: string;
  /** What the job keeps. Nothing set means everything is kept: `keepAll`. */
  readonly keep: Retention;
  readonly mode: BackupMode;
  readonly compress: Compression;
  /** Template of each archive's notes: `{{cluster}}`, `{{guestname}}`, `{{node}}`, `{{vmid}}`. */
  readonly notes: string;
  readonly enabled: boolean;
  /** Mail that Proxmox sends about the job. Absent: none. */
  readonly mail?: MailSettings | undefined;
}

export type BackupMode = "snapshot" | "suspend" | "stop";

export type Compression = "zstd" | "lzo" | "gzip" | "none";

export interface MailSettings {
  readonly to: readonly string[];
  readonly when: "always" | "failure";
}

/** A storage for archives: made by the program, or there already (`adopt: true`). */
export type BackupStorageSettings =
  | { readonly type: "adopted"; readonly id: string }
  | {
      readonly type: "dir";
      readonly id: string;
      /** Absolute path of the folder on the node. */
      readonly path: string;
      /** The same folder on every node of a cluster (a mounted network file system). */
      readonly shared: boolean;
      /** Nodes that have it. Absent: all. */
      readonly nodes?: readonly string[] | undefined;
    }
  | {
      readonly type: "nfs";
      readonly id: string;
      readonly server: string;
      readonly export: string;
      readonly options?: string | undefined;
      readonly nodes?: readonly string[] | undefined;
    }
  | {
      readonly type: "pbs";
      readonly id: string;
      readonly server: string;
      readonly datastore: string;
      readonly username: string;
      /** Secret. */
      readonly password: string;
      /** Secret. */
      readonly encryptionKey?: string | undefined;
      readonly fingerprint?: string | undefined;
      readonly namespace?: string | undefined;
      readonly nodes?: readonly string[] | undefined;
    };

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
