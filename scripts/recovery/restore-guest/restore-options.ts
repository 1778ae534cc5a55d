import type { RestorePlan } from "../steps/guest/plan";

/** What was asked for, besides the choice of the archive. */
export interface RestoreOptions {
  readonly storage: string | undefined;
  /** Storages that stand for those of the archive, by their ids there: its node was replaced by one with others. Default: none. */
  readonly storages?: ReadonlyMap<string, string>;
  /** It is to run while its disks still come. */
  readonly live: boolean;
  /** True or a name: no save point is wanted. */
  readonly withoutSavePoint: string | boolean | undefined;
  /** A credential of root@pam is set. */
  readonly mayBeRoot: boolean;
  /** Archives that earlier, unproven restores of the guest have protected. */
  readonly leftProtected: readonly string[];
  /** What is there is the rest of a guest, of which no save point can be made. */
  readonly isWreck: boolean;
  /** It is one of a batch: Pulumi is asked once for all of them, at the end. */
  readonly inBatch: boolean;
  /** What the node has of the machine that is restored in place, on storages where that matters. */
  readonly left: readonly string[];
  /** What this restore takes back; the guest is then left as it was: running, or not. */
  readonly undoes: (NonNullable<RestorePlan["undoes"]> & { readonly start: boolean }) | undefined;
}
