import { diskOptOuts } from "../../../site/opt-outs";
import { isSavePoint } from "../../../site/restore/save-point";
import type { Guest, OptOut } from "../../../site/settings/environment";
import type { LoadedEnvironment } from "../../project/environment";
import { drillStatus, type DrillStatus } from "./drills";
import { backupsOf, bareStorage, type NewestBackup, newestBackup } from "./guest-backups";
import { problemsOfGuest } from "./guest-problems";
import { isTaken } from "./ownership";
import type { EnvironmentFacts } from "./read-environment";
import type { SnapshotStatus } from "./snapshot-status";
import type { JournalStatus } from "./unfinished";

export interface GuestStatus {
  name: string;
  id: number;
  node: string;
  /** `running`, `stopped`, `unknown`, or `missing` where the node has no such guest, or another under its number; `unknown` also where the token may not see it. */
  state: string;
  newest: NewestBackup | undefined;
  /** Its backups bear a number that it had before; undefined: it has some under its own, or none bears its mark. */
  otherNumber: { id: number; backups: number; newest: number } | undefined;
  /** Whether all its archives could be seen, and what was recorded of the newest: where not, there may be newer ones, or any. */
  allSeen: boolean;
  /** How old the newest backup may be, in seconds. */
  rpoSeconds: number;
  /** Real backups and save points that there are. */
  backups: number;
  savePoints: number;
  /** The guest is left out on purpose: why, and until when. */
  optOut: OptOut | undefined;
  /** Disks that are left out on purpose. */
  diskOptOuts: ({ disk: string } & OptOut)[];
  /** What the last drill has found; undefined: the settings have none, or the guest is left out. */
  drill: DrillStatus | undefined;
  /** Undefined: the settings want no snapshots of it on a schedule, or it is not there. */
  snapshots: SnapshotStatus | undefined;
  problems: string[];
}

/** How one guest is backed up, and what is wrong with that. */
export function guestStatus(
  guest: Guest,
  facts: EnvironmentFacts,
  environment: LoadedEnvironment,
  journals: JournalStatus,
): GuestStatus {
  const onNode = isTaken(guest, facts.ownership.get(guest.id)) ? undefined : facts.onNode.get(guest.id);
  const { archives, chosen, older, leftOut } = backupsOf(guest, facts);
  const newest = chosen && newestBackup(chosen, older[0], facts.now);
  const missing = facts.unseen.get(guest.id) ?? [];
  const bare = bareStorage(guest, facts.storages, environment.settings.backup.storage.id);
  const elsewhere = facts.otherNumbers.get(guest.id)?.archives;
  const drill = drillStatus(guest, facts.drills, facts.now);
  return {
    name: guest.name,
    id: guest.id,
    node: guest.node,
    state: onNode?.status ?? (facts.hidden.has(guest.id) ? "unknown" : "missing"),
    newest,
    otherNumber: elsewhere && { id: elsewhere.id, backups: elsewhere.count, newest: elsewhere.newest },
    allSeen:
      missing.length === 0 && facts.storages.unreadable.length === 0 && bare === undefined && chosen?.isUnread !== true,
    rpoSeconds: guest.objectives.rpo,
    backups: archives.length - leftOut.length,
    savePoints: archives.filter(({ notes }) => isSavePoint(notes)).length,
    optOut: guest.optOut,
    diskOptOuts: diskOptOuts(guest).map(({ disk, optOut }) => ({ disk, ...optOut })),
    drill,
    snapshots: onNode === undefined ? undefined : facts.snapshots.get(guest.id),
    problems: problemsOfGuest(guest, facts, environment, journals).map(({ text }) => text),
  };
}
