import type { ProxmoxClient } from "../../../../proxmox/api/client";
import type { ArchiveReading } from "../../../clients/node-program/archive-reader";
import type { Check } from "../../../../site/settings/environment";
import type { MeantGuest } from "../../../../site/restore/identity";
import type { Finding } from "../../engine/step";
import type { DeclaredIds } from "./declared-ids";

/** What a check talks to. */
export interface CheckTarget {
  readonly name: string;
  readonly node: string;
  readonly type: "lxc" | "qemu";
  readonly vmid: number;
  /** Address; undefined where none is known. */
  readonly host: string | undefined;
}

/** One attempt at a check; rejects with the reason when the guest does not pass. */
export type Probe = (check: Check, target: CheckTarget, signal: AbortSignal) => Promise<void>;

/** Everything outside the plan that the steps on a guest use. */
export interface GuestWorld {
  readonly client: ProxmoxClient;
  /** The guest that the settings mean: another may have its number by now. */
  readonly meant: MeantGuest;
  /** Signs in as root@pam, for archives with bind mounts. Undefined: no such credential is set. */
  readonly rootClient: ProxmoxClient | undefined;
  readonly probe: Probe;
  /** Reads an archive to its end on a node. */
  readArchive(
    host: string,
    path: string,
    signal: AbortSignal,
    onProgress: (bytes: number) => void,
  ): Promise<Pick<ArchiveReading, "result" | "sha256">>;
  /** How long a check is repeated until it counts as failed, in seconds. */
  readonly checkSeconds: number;
  /** Ids that the settings of the site give to guests now. */
  declaredIds(): Promise<DeclaredIds>;
  /** Digest of what the settings say about the guest now. */
  settingsDigest(): Promise<string>;
  /** What Pulumi would change in the environment now (D11). */
  comparePulumi(signal: AbortSignal): Promise<readonly Finding[]>;
}
