import type { Retention } from "../../proxmox/rules/retention";
import type { BucketKeys, MirroredBucket } from "./bucket";
import type { DataSecrets } from "./data";
import type { Guest, Objectives } from "./guest";
import type { KitSettings } from "./kit";
import type { MonitoringSecrets, MonitoringSettings } from "./monitoring";
import type { OffsiteKeys, OffsiteSettings } from "./offsite";
import type { KeyPair, StateStoreKeys, StateStoreSettings } from "./state-store";
import type { CalendarDay, Seconds } from "./units";

export type * from "./bucket";
export type * from "./data";
export type * from "./download";
export type * from "./guest";
export type * from "./kit";
export type * from "./monitoring";
export type * from "./offsite";
export type * from "./point-in-time";
export type * from "./state-store";
export type * from "./units";

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
  /** Numbers of the tokens by which `lifeboat exporter` looks at the environment, rising: the last is in use. None: it has none. */
  readonly exporterTokens: readonly number[];
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
  /** The site's monitoring, where this is the environment whose stack makes it. */
  readonly monitoring?: MonitoringSettings | undefined;
  /** The decrypted secret `lifeboat:monitoringSecrets`. */
  readonly monitoringSecrets?: MonitoringSecrets | undefined;
  /** `lifeboat:monitoringAuthority`: certificate (PEM) of the authority that signs Grafana's own. Public. */
  readonly monitoringAuthority?: string | undefined;
  /** Where copies go that nobody can remove. Absent: nowhere. */
  readonly offsite?: OffsiteSettings | undefined;
  /** The decrypted secret `lifeboat:offsiteKeys`. */
  readonly offsiteKeys?: OffsiteKeys | undefined;
  /** Buckets that are mirrored there, by their names. */
  readonly buckets: readonly MirroredBucket[];
  /** The decrypted secret `lifeboat:bucketKeys`. */
  readonly bucketKeys?: BucketKeys | undefined;
  /** The decrypted secret `lifeboat:dataSecrets`; empty where there is none. */
  readonly dataSecrets: DataSecrets;
  /** Addresses from which guests may be asked how their dumps are. Absent: those of the guests that watch. */
  readonly dataWatchers?: readonly string[] | undefined;
  /** The site's break-glass file, where this is the environment that says of it. */
  readonly kit?: KitSettings | undefined;
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

/** Where an environment's defaults come from (A4, A13). */
export type Profile = "prod" | "lab" | "monitoring";

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
