import type { MissingPrivilege } from "../../../proxmox/api/permissions";
import type { Guest as NodeGuest } from "../../../proxmox/api/answers";
import { type CoverageProblem, coverageProblems, type UnderOtherNumber } from "../../../site/coverage";
import { dayOf } from "../../../site/opt-outs";
import { pulumiLine } from "../../../site/plain-pulumi";
import { guestFindings } from "../../../site/policies/coverage";
import type { LeftOutArchive } from "../../../site/restore/choose-archive";
import { isSavePoint } from "../../../site/restore/save-point";
import type { Environment, Guest } from "../../../site/settings/environment";
import type { LoadedEnvironment } from "../../project/environment";
import { unreadText } from "../../recovery/steps/guest/verified-archives";
import { formatBytes, formatDuration, formatShare } from "../../terminal/durations";
import { declaredProblems, type GuestProblem } from "./declared";
import { drillProblems, drillStatus } from "./drills";
import type { GuestArchive } from "./guest-archives";
import { backupsOf, bareStorage, type NewestBackup, newestBackup } from "./guest-backups";
import { oldDiskProblems } from "./old-disks";
import { isTaken, type OwnershipProblem, ownershipProblems } from "./ownership";
import { type EnvironmentFacts, minute } from "./read-environment";
import { guestProblems, isAtWork, isHalfDone, type JournalStatus } from "./unfinished";

/** The commands that go on from what is wrong with a guest. */
interface Ways {
  /** Brings it back. */
  readonly restore: string;
  readonly backUp: string;
  /** Shows what there is of it. */
  readonly backups: string;
  readonly doctor: string;
  /** Looks for it under every number. */
  readonly dryRun: string;
  /** Has the number in the settings again that it and its archives have; undefined where that is not wanted. */
  readonly renumber: string | undefined;
  /** Has Proxmox as the settings want it, whoever has changed it there: a state that was not refreshed knows nothing of that. */
  readonly refresh: string;
}

/** Everything that is wrong with one guest and its backups, each with what goes on from there. */
export function problemsOfGuest(
  guest: Guest,
  facts: EnvironmentFacts,
  environment: LoadedEnvironment,
  journals: JournalStatus,
): GuestProblem[] {
  const { id } = guest;
  const { name, settings } = environment;
  const ownership = facts.ownership.get(id);
  const taken = isTaken(guest, ownership);
  const listed = facts.onNode.get(id);
  const onNode = taken ? undefined : listed;
  const { archives, chosen, older, leftOut } = backupsOf(guest, facts);
  const newest = chosen && newestBackup(chosen, older[0], facts.now);
  const selector = `${name}/${guest.name}`;
  const other = facts.otherNumbers.get(id) ?? {};
  const isThere = onNode !== undefined || (facts.hidden.has(id) && other.guest === undefined);
  const ways = { ...waysOf(name, selector, { isThere, taken }), renumber: wayBack(guest, settings, other, isThere) };
  const savePoints = archives.filter(({ notes }) => isSavePoint(notes)).toSorted((a, b) => b.time - a.time);
  const halfDone = { here: isHalfDone(journals, id), savePoint: savePoints[0]?.volid, environment: name };
  const running = facts.runs.some((run) => run.running.length > 0);
  const bare = bareStorage(guest, facts.storages, settings.backup.storage.id);
  const coverage = {
    guest,
    exists: listed !== undefined,
    hidden: whyHidden(guest, facts),
    newest: newest?.time,
    blind: whyBlind(facts.unseen.get(id) ?? [], newest !== undefined),
    unread: facts.storages.unreadable.length === 0 ? undefined : facts.storages.unreadable.join("; "),
    bare: bare?.storage,
    disks: facts.inJob.get(id),
    isTaken: taken,
    other,
  };
  const snapshots = onNode && facts.snapshots.get(id);
  const schedule = { ...facts, jobId: settings.backup.jobId, running };
  return [
    ...each(guestProblems(journals, id), `lifeboat status ${name}`),
    ...(onNode === undefined || isAtWork(journals, id) ? [] : declaredProblems(guest, onNode, halfDone)),
    ...each(oldDiskProblems(facts.oldDisks.of.get(id), listed?.node), null),
    ...ownershipProblems(guest, ownership, name).map((problem) => ofOwnership(problem, listed, ways)),
    ...ofCoverage(coverageProblems(coverage, schedule), ways),
    ...each(optOutProblems(guest, facts), `change it in Pulumi.${name}.yaml, then: lifeboat up ${name}`),
    ...each(failedRuns(guest, newest, facts), ways.backUp),
    ...each(doubts(leftOut, running), ways.backups),
    ...each(chosen?.isUnread === true ? [unreadText(chosen.volid)] : [], ways.backups),
    ...each(newest === undefined ? [] : sizeProblems(newest), ways.backups),
    ...each(newest === undefined ? [] : ageProblems(newest, guest), ways.backUp),
    ...each(drillProblems(drillStatus(guest, facts.drills, facts.now), selector), null),
    ...each(snapshots?.problem === undefined ? [] : [snapshots.problem], `lifeboat snapshots ${selector}`),
  ];
}

/** Of one that is not there nothing can be backed up; beside another that has its number it comes back under a new one. */
function waysOf(
  environment: string,
  selector: string,
  { isThere, taken }: { readonly isThere: boolean; readonly taken: boolean },
): Omit<Ways, "renumber"> {
  const restore = `lifeboat restore guest ${selector}${taken ? " --target-id NUMBER --dry-run" : ""}`;
  return {
    restore,
    dryRun: `lifeboat restore guest ${selector} --dry-run`,
    backUp: isThere ? `lifeboat backup ${selector}` : restore,
    backups: `lifeboat backups ${selector}`,
    doctor: `lifeboat doctor ${environment}`,
    refresh: pulumiLine(environment, "up --refresh"),
  };
}

/**
 * What has the number in the settings again that a guest and its archives have: under the new one nothing can be restored. Undefined:
 * it stands there, and its next backup bears that.
 */
function wayBack(
  { name }: Guest,
  { name: environment, guests }: Environment,
  { guest, archives }: UnderOtherNumber,
  isThere: boolean,
): string | undefined {
  const id = guest?.id ?? archives?.id;
  if (isThere || id === undefined) return undefined;
  const owner = guests.find((one) => one.id === id);
  const free = owner === undefined ? "" : `give ${owner.name} another number than ${String(id)}, `;
  const then = guest === undefined ? `restore guest ${environment}/${name}` : `status ${environment}`;
  return `${free}write \`id: ${String(id)}\` in the settings of ${name} again, then: lifeboat ${then}`;
}

function each(texts: readonly string[], next: string | null): GuestProblem[] {
  return texts.map((text) => ({ text, next }));
}

function ofOwnership(
  { kind, text, mend }: OwnershipProblem,
  listed: NodeGuest | undefined,
  { restore, backups, doctor }: Ways,
): GuestProblem {
  const said = mend === undefined ? text : `${text}: ${mend}`;
  if (kind === "unread") return { text: said, next: doctor };
  if (kind === "archive" || listed === undefined) return { text: said, next: backups };
  // One that has the name may well be it, and what is to be done then is said.
  return { text: said, next: restore.includes("--target-id") ? restore : null };
}

function ofCoverage(problems: readonly CoverageProblem[], ways: Ways): GuestProblem[] {
  const { restore, backUp, doctor, refresh, dryRun, renumber } = ways;
  // Said once, and with every look: the command alone would not do.
  const last = problems.findLast(({ kind }) => kind === "renumbered");
  return problems.map((problem) => {
    const { kind, text } = problem;
    if (kind === "renumbered") {
      if (renumber === undefined) return { text, next: backUp };
      return { text: problem === last ? `${text}; ${renumber}` : text, next: null };
    }
    return { text, next: { missing: restore, unseen: doctor, backups: backUp, job: refresh, doubtful: dryRun }[kind] };
  });
}

/** Proxmox leaves a guest out of its list without a word where the token may not see it. */
function whyHidden({ id }: Guest, { hidden }: EnvironmentFacts): string | undefined {
  const missing = hidden.get(id);
  return missing && `guest ${String(id)} cannot be seen: the token lacks ${missing.privilege} on ${missing.path}`;
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
