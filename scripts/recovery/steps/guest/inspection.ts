import type { HaResource, IncludedVolumes } from "../../../../proxmox/api/answers";
import type { GuestAddress } from "../../../../proxmox/api/calls/guests";
import type { MissingPrivilege } from "../../../../proxmox/api/permissions";
import type { StorageRoom } from "../../../../site/restore/space";
import type { VerificationRecord } from "../../../../site/restore/verification-record";
import type { Guest } from "../../../../site/settings/environment";

/** A guest as it is on its node now. */
export interface PresentGuest {
  readonly address: GuestAddress;
  readonly running: boolean;
  /** Why the node refuses changes at the moment: `backup`, `rollback`, … */
  readonly lock: string | undefined;
  readonly protection: boolean;
  /** Keys of its configuration, without `digest` and `lock`. */
  readonly configuration: Readonly<Record<string, string>>;
  readonly snapshots: readonly string[];
  readonly pool: string | undefined;
  readonly highAvailability: HaResource | undefined;
  /** UPIDs of its newest tasks, read before all else: what they did is seen in the rest. */
  readonly tasks: readonly string[];
}

/** An archive and the storage on which it was found. */
export interface FoundArchive {
  readonly volid: string;
  /** The number of its guest, as its name says; undefined where Proxmox tells none. */
  readonly vmid?: number | undefined;
  readonly storage: string;
  /** Nodes that can reach it: one for a storage of its own, several for a shared one. Never empty. */
  readonly nodes: readonly string[];
  readonly type: "lxc" | "qemu";
  /** Bytes; undefined where the storage tells none. */
  readonly size: number | undefined;
  /** Unix seconds: when the backup started. */
  readonly time: number;
  /** What a backup server found when it verified it: `ok`, `failed`; undefined where nobody has. */
  readonly verification?: string | undefined;
  /** What was recorded when Lifeboat verified it. */
  readonly verified?: VerificationRecord | undefined;
  /** What was recorded could not be read: it may be known to be damaged. */
  readonly isUnread?: boolean;
  /** Unix seconds: when the task began that verified it. */
  readonly verifiedAt?: number | undefined;
  /** On a backup server: fingerprint of the key that it is encrypted with, or 1; undefined: it is not. */
  readonly encrypted?: string | undefined;
  /** First line of its notes; empty when there are none. */
  readonly notes: string;
  readonly protected: boolean;
}

/** What was found on the storages that hold backups. */
export interface ArchiveSearch {
  readonly archives: readonly FoundArchive[];
  /** Storages that were searched; in a cluster with their node unless they are shared: `local (pve2)`. */
  readonly searched: readonly string[];
  /** Storages that could not be searched, with the reason. `all (pve2)` stands for a node that is offline. */
  readonly unsearched: readonly { readonly storage: string; readonly reason: string }[];
  /** What the token lacks to see archives. With an empty list this means "not allowed", not "none". */
  readonly missing: readonly MissingPrivilege[];
}

/** A storage as far as a restore needs to know it. Its free bytes are not known while it is not active. */
export interface TargetStorage extends StorageRoom {
  readonly active: boolean;
  readonly content: readonly string[];
}

/** A job that backs up the guest, and which of its disks. */
export interface Membership {
  readonly job: string;
  /** Disk keys (`rootfs`, `mp0`) and whether the job includes them. */
  readonly disks: Readonly<Record<string, boolean>>;
}

/** A task that is at work on the node. */
export interface RunningTask {
  readonly upid: string;
  readonly type: string;
  /** Guest number as text; empty for a run over several guests. */
  readonly id: string;
  readonly user: string;
  /** Unix seconds. */
  readonly since: number;
}

/** The memberships of one guest in a job's answer. */
export function membershipIn(job: string, volumes: IncludedVolumes, vmid: number): Membership | undefined {
  const guest = volumes.children.find((child) => child.id === vmid);
  if (guest === undefined) return undefined;
  const disks = guest.children.map(({ id, included }) => [id.slice(id.indexOf(":") + 1), included] as const);
  return { job, disks: Object.fromEntries(disks) };
}

/** The host name that a guest must have, as far as the settings know it: an adopted guest may have any. */
export function expectedName(guest: Guest): string | undefined {
  const mayHaveAny = guest.kind === "adopted" && guest.left?.isMarked !== false;
  return mayHaveAny ? undefined : guest.hostname;
}
