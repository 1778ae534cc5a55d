import { isShrunk } from "../../../site/health";
import { type ArchiveChoice, comparableSize } from "../../../site/restore/choose-archive";
import type { Guest } from "../../../site/settings/environment";
import type { BareStorage, StorageFacts } from "./backup-storages";
import { chooseNewest, type GuestArchive } from "./guest-archives";
import { withoutAnothers } from "./ownership";
import type { EnvironmentFacts } from "./read-environment";

/** The newest real backup of a guest. */
export interface NewestBackup {
  archive: string;
  storage: string;
  /** Unix seconds. */
  time: number;
  ageSeconds: number;
  /** Bytes. */
  size: number;
  /** Bytes of the backup before it; undefined when it is the first. */
  previousSize: number | undefined;
  /** It has less than half the size of the one before. */
  shrunk: boolean;
  /** When it was last verified, unix seconds; undefined: never. */
  verified: number | undefined;
}

/** The archives under a guest's number that are no other guest's, and which of them is its newest backup. */
export function backupsOf(
  guest: Guest,
  facts: Pick<EnvironmentFacts, "archivesOf" | "ownership" | "onNode" | "now" | "timeZone">,
): ArchiveChoice<GuestArchive> & { readonly archives: readonly GuestArchive[] } {
  const archives = withoutAnothers(facts.archivesOf(guest.id), facts.ownership.get(guest.id));
  return { archives, ...chooseNewest(archives, guest, facts.onNode.get(guest.id), facts) };
}

/** @param now unix seconds */
export function newestBackup(chosen: GuestArchive, predecessor: GuestArchive | undefined, now: number): NewestBackup {
  const { volid, storage, time, size = 0 } = chosen;
  const previousSize = comparableSize(chosen, predecessor);
  return {
    archive: volid,
    storage,
    time,
    ageSeconds: Math.max(0, now - time),
    size,
    previousSize,
    shrunk: isShrunk(size, previousSize),
    verified: chosen.verified?.time,
  };
}

/** The storage of the settings may be a folder on a disk that is not mounted: it is no proof then that there is no backup. */
export function bareStorage({ node }: Guest, { bare }: StorageFacts, declared: string): BareStorage | undefined {
  return bare.find((one) => one.storage === declared && (one.shared || one.node === node));
}
