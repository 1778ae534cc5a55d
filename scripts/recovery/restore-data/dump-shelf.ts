import type { DumpName } from "../../../site/data/dump-name";
import type { DumpItem, DumpManifest } from "../../../site/data/manifest";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { ShelvedBytes } from "../steps/data/carry-into";
import type { RestoreDataPlan } from "./plan";

/** What lies on a shelf. */
export interface ShelvedDumps {
  readonly manifests: readonly DumpManifest[];
  /** Dumps from which nothing can be restored, and why. */
  readonly damaged: readonly { readonly dump: DumpName; readonly why: string }[];
}

/** Where whole dumps of a source lie: in its guest, or in the bucket elsewhere. */
export interface DumpShelf {
  /** For messages: `prod/web`, or `s3://far-away at https://…`. */
  readonly place: string;
  /** The command that lists what lies there. */
  readonly listing: string;
  /** The place of the bucket; undefined: the dumps lie in the guest that the source is in. */
  readonly bucket: string | undefined;
  /** @throws GuestUnreachable, StoreError, CommandError */
  list(): Promise<ShelvedDumps>;
  /** The dump of a plan as it is now. @throws CommandError (10) where it is gone */
  find(plan: RestoreDataPlan): Promise<DumpManifest>;
  /** What people should know of a dump before they restore it. */
  remarks(manifest: DumpManifest): Promise<string[]>;
  /** What is seen of a dump before something is done with it, as a part of a sentence. */
  checks(plan: RestoreDataPlan): string;
  /** @throws CommandError (1) where it is damaged */
  check(plan: RestoreDataPlan, signal: AbortSignal): Promise<void>;
  /** @throws CommandError (13) where no bytes can be carried from there */
  requireStreams(): Promise<void>;
  open(
    plan: Pick<RestoreDataPlan, "dump" | "savePointOf">,
    item: Pick<DumpItem, "file" | "bytes" | "sha256">,
    signal: AbortSignal,
  ): Promise<ShelvedBytes>;
}

/** What names a dump in the guest: that of a save point lies elsewhere. */
export function dumpWords({ dump, savePointOf }: Pick<RestoreDataPlan, "dump" | "savePointOf">): string {
  return savePointOf === undefined ? dump : `save-points/${savePointOf}/${dump}`;
}

/** @throws CommandError (10) */
export function gone({ dump }: Pick<RestoreDataPlan, "dump">): never {
  throw new CommandError(`the dump ${dump} is gone`, { exitCode: exitCodes.nothing });
}
