import type { MissingPrivilege } from "../../../proxmox/api/permissions";
import { coverageProblems } from "../../../site/coverage";
import { dayOf, diskOptOuts } from "../../../site/opt-outs";
import { guestFindings } from "../../../site/policies/coverage";
import { isShrunk } from "../../../site/health";
import { type ArchiveChoice, comparableSize, type LeftOutArchive } from "../../../site/restore/choose-archive";
import { isSavePoint } from "../../../site/restore/save-point";
import type { Guest, OptOut } from "../../../site/settings/environment";
import type { LoadedEnvironment } from "../../project/environment";
import { unreadText } from "../../recovery/steps/guest/verified-archives";
import { formatBytes, formatDuration, formatShare } from "../../terminal/durations";
import type { SnapshotStatus } from "./snapshot-status";
import { drillProblems, drillStatus, type DrillStatus } from "./drills";
import { declaredProblems } from "./declared";
import type { BareStorage, StorageFacts } from "./backup-storages";
import { chooseNewest, type GuestArchive } from "./guest-archives";
import { oldDiskProblems } from "./old-disks";
import { ownershipProblems, withoutAnothers } from "./ownership";
import { type EnvironmentFacts, minute } from "./read-environment";
import { guestProblems, isAtWork, isHalfDone, type JournalStatus } from "./unfinished";

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

export interface GuestStatus {
  name: string;
  id: number;
  node: string;
  /** `running`, `stopped`, `unknown`, or `missing` where the node has no such guest; `unknown` also where the token may not see it. */
  state: string;
  newest: NewestBackup | undefined;
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
  /** Undefined: the settings want no snapshots of it on a schedule. */
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
  const onNode = facts.onNode.get(guest.id);
  const ownership = facts.ownership.get(guest.id);
  const { archives, chosen, older, leftOut } = backupsOf(guest, facts);
  const newest = chosen && newestBackup(chosen, older[0], facts.now);
  const missing = facts.unseen.get(guest.id) ?? [];
  const bare = bareStorage(guest, facts.storages, environment.settings.backup.storage.id);
  const coverage = {
    guest,
    exists: onNode !== undefined,
    hidden: whyHidden(guest, facts),
    newest: newest?.time,
    blind: whyBlind(missing, newest !== undefined),
    unread: facts.storages.unreadable.length === 0 ? undefined : facts.storages.unreadable.join("; "),
    bare: bare?.storage,
    disks: facts.inJob.get(guest.id),
  };
  const snapshots = facts.snapshots.get(guest.id);
  const drill = drillStatus(guest, facts.drills, facts.now);
  const savePoints = archives.filter(({ notes }) => isSavePoint(notes)).toSorted((a, b) => b.time - a.time);
  const halfDone = {
    here: isHalfDone(journals, guest.id),
    savePoint: savePoints[0]?.volid,
    selector: `${environment.name}/${guest.name}`,
  };
  const running = facts.runs.some((run) => run.running.length > 0);
  return {
    name: guest.name,
    id: guest.id,
    node: guest.node,
    state: onNode?.status ?? (facts.hidden.has(guest.id) ? "unknown" : "missing"),
    newest,
    allSeen:
      missing.length === 0 && facts.storages.unreadable.length === 0 && bare === undefined && chosen?.isUnread !== true,
    rpoSeconds: guest.objectives.rpo,
    backups: archives.length - leftOut.length,
    savePoints: savePoints.length,
    optOut: guest.optOut,
    diskOptOuts: diskOptOuts(guest).map(({ disk, optOut }) => ({ disk, ...optOut })),
    drill,
    snapshots,
    problems: [
      ...guestProblems(journals, guest.id),
      ...(onNode === undefined || isAtWork(journals, guest.id) ? [] : declaredProblems(guest, onNode, halfDone)),
      ...oldDiskProblems(facts.oldDisks.of.get(guest.id), onNode?.node),
      ...ownershipProblems(guest, ownership, environment.name).map(({ text, mend }) =>
        mend === undefined ? text : `${text}: ${mend}`,
      ),
      ...coverageProblems(coverage, { ...facts, jobId: environment.settings.backup.jobId, running }),
      ...optOutProblems(guest, facts),
      ...failedRuns(guest, newest, facts),
      ...doubts(leftOut, running),
      ...(chosen?.isUnread === true ? [unreadText(chosen.volid)] : []),
      ...(newest === undefined ? [] : sizeProblems(newest)),
      ...(newest === undefined ? [] : ageProblems(newest, guest)),
      ...drillProblems(drill, halfDone.selector),
      ...(snapshots?.problem === undefined ? [] : [snapshots.problem]),
    ],
  };
}

/** The archives under a guest's number that are no other guest's, and which of them is its newest backup. */
export function backupsOf(
  guest: Guest,
  facts: Pick<EnvironmentFacts, "archivesOf" | "ownership" | "onNode" | "now" | "timeZone">,
): ArchiveChoice<GuestArchive> & { readonly archives: readonly GuestArchive[] } {
  const archives = withoutAnothers(facts.archivesOf(guest.id), facts.ownership.get(guest.id));
  return { archives, ...chooseNewest(archives, guest, facts.onNode.get(guest.id), facts) };
}

function newestBackup(chosen: GuestArchive, predecessor: GuestArchive | undefined, now: number): NewestBackup {
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

/** Proxmox leaves a guest out of its list without a word where the token may not see it. */
function whyHidden({ id }: Guest, { hidden }: EnvironmentFacts): string | undefined {
  const missing = hidden.get(id);
  return missing && `guest ${String(id)} cannot be seen: the token lacks ${missing.privilege} on ${missing.path}`;
}

/** The storage of the settings may be a folder on a disk that is not mounted: it is no proof then that there is no backup. */
export function bareStorage({ node }: Guest, { bare }: StorageFacts, declared: string): BareStorage | undefined {
  return bare.find((one) => one.storage === declared && (one.shared || one.node === node));
}

/** An empty list may only mean that the token may not see what is there. */
function whyBlind(missing: readonly MissingPrivilege[], someSeen: boolean): string | undefined {
  if (missing.length === 0) return undefined;
  const lacking = missing.map(({ privilege, path }) => `${privilege} on ${path}`).join(", ");
  const cannot = someSeen
    ? "its backups may not all be seen, and can be neither made nor restored"
    : "its backups cannot be seen";
  return `${cannot}: the token lacks ${lacking}`;
}

/** Opt-outs whose day is past. */
function optOutProblems(guest: Guest, { now, timeZone }: EnvironmentFacts): string[] {
  const findings = guestFindings(guest, { today: dayOf(now, timeZone), adoptedDisks: new Map() });
  return findings.filter(({ weight }) => weight === "broken").map(({ text }) => text);
}

/** Backups that count as none. A backup server tells no size of one that is still being made. */
function doubts(leftOut: readonly LeftOutArchive<GuestArchive>[], running: boolean): string[] {
  return leftOut
    .filter(({ archive, doubtful }) => doubtful && !(running && archive.size === undefined))
    .map(({ archive, reason }) => `${archive.volid} counts as no backup: ${reason}`);
}

/** The job's last run could not back the guest up, and nothing has since. */
function failedRuns(guest: Guest, newest: NewestBackup | undefined, facts: EnvironmentFacts): string[] {
  return facts.runs.flatMap(({ last }) => {
    const failed = last?.failed.find(({ id }) => id === guest.id);
    if (last === undefined || failed === undefined || (newest?.time ?? 0) >= last.started) return [];
    return [`its backup failed in the run of ${minute(last.started, facts)}: ${failed.reason}`];
  });
}

function sizeProblems({ shrunk, size, previousSize = 0 }: NewestBackup): string[] {
  if (!shrunk) return [];
  const share = formatShare(size / previousSize);
  return [
    `the newest backup has ${share} of the size of the one before (${formatBytes(size)}, before ${formatBytes(previousSize)}): something may be missing`,
  ];
}

/** The objective as it is today, whatever the schedule promises (A8). */
function ageProblems({ ageSeconds }: NewestBackup, { objectives, optOut }: Guest): string[] {
  if (optOut !== undefined || ageSeconds <= objectives.rpo) return [];
  return [`the newest backup is ${formatDuration(ageSeconds)} old, its RPO allows ${formatDuration(objectives.rpo)}`];
}
