import { type CalendarEvent, nextStart } from "../proxmox/rules/calendar-events";
import { formatMoment } from "./restore/moments";
import type { LiveDisk } from "./policies/coverage";
import type { Guest } from "./settings/environment";

/**
 * Whether a guest is backed up as its settings want it: the rules behind `lifeboat status`. Pure; what is known about the
 * node is handed in.
 */

/** What is known about the backups of one guest. */
export interface GuestBackups {
  readonly guest: Guest;
  /** Whether the node has it. */
  readonly exists: boolean;
  /** Why nobody can say whether the node has it; undefined where that is known. */
  readonly hidden?: string | undefined;
  /** When its newest real backup began, unix seconds; undefined without one. Save points are none. */
  readonly newest: number | undefined;
  /** Why its archives cannot be seen, or not all of them; undefined when they can. */
  readonly blind: string | undefined;
  /** Storages that could not be read, on which there may be more archives; undefined when every one was. */
  readonly unread?: string | undefined;
  /** The storage for backups that shows none at all, which is no proof that there is none; undefined: it shows some, or proves it. */
  readonly bare?: string | undefined;
  /** Its disks in the environment's job; undefined when the job does not have the guest. */
  readonly disks: readonly LiveDisk[] | undefined;
  /** Another guest has its number, which is told elsewhere: the job speaks of that one. */
  readonly isTaken?: boolean;
  /** What is known under other numbers of one that is not there, or has no backup. */
  readonly other?: UnderOtherNumber | undefined;
}

/** What bears a guest's mark and another number than its own: that was changed in the settings. */
export interface UnderOtherNumber {
  /** The guest itself. */
  readonly guest?: { readonly id: number; readonly node: string };
  /** Its backups. */
  readonly archives?: { readonly id: number; readonly count: number; /** Unix seconds. */ readonly newest: number };
  /** Why nobody can say whether it has backups there, as a clause. */
  readonly unknown?: string;
}

/**
 * What is wrong: the guest is not there, something cannot be seen, backups lack or are late, the job has not all of it; its number
 * was changed, or may have been.
 */
export interface CoverageProblem {
  readonly kind: "missing" | "unseen" | "backups" | "job" | "renumbered" | "doubtful";
  /** A sentence without its full stop. */
  readonly text: string;
}

/** When backups are due. */
export interface CoverageSchedule {
  readonly jobId: string;
  readonly event: CalendarEvent;
  readonly timeZone: string;
  /** Unix seconds. */
  readonly now: number;
  /** A backup run is going on: what is due may be on its way. */
  readonly running: boolean;
}

/** Seconds after its time at which a missing backup counts as missed: guests of one job are backed up one after another. */
const grace = 3_600;

/**
 * Everything that is wrong with a guest's backups; empty when it is covered. What opts out is covered here, and whether it still
 * may is a matter of policy.
 */
export function coverageProblems(facts: GuestBackups, schedule: CoverageSchedule): CoverageProblem[] {
  const { guest, exists, isTaken = false } = facts;
  const missing = exists ? [] : [missingProblem(facts)];
  if (guest.optOut !== undefined) return missing;
  const hasJob = exists && !isTaken;
  return [...missing, ...archiveProblems(facts, schedule), ...(hasJob ? jobProblems(facts, schedule) : [])];
}

function missingProblem({ guest: { id, node }, hidden, other = {} }: GuestBackups): CoverageProblem {
  const text = `guest ${String(id)} is not on ${node}`;
  if (other.guest !== undefined) {
    return { kind: "renumbered", text: `${text}, and it is there as ${String(other.guest.id)} on ${other.guest.node}` };
  }
  if (hidden !== undefined) return { kind: "unseen", text: hidden };
  return { kind: other.archives === undefined ? "missing" : "renumbered", text };
}

/** Whether an archive that is not listed is not there: a right that lacks, and a storage that shows nothing, prove nothing (K6). */
export function isCertain({ blind, unread, bare }: Pick<GuestBackups, "blind" | "unread" | "bare">): boolean {
  return blind === undefined && unread === undefined && bare === undefined;
}

function archiveProblems(facts: GuestBackups, schedule: CoverageSchedule): CoverageProblem[] {
  const { newest, blind, unread, bare, other = {} } = facts;
  const unseen = blind === undefined ? [] : [unseenProblem(blind)];
  if (newest === undefined) {
    if (other.archives !== undefined) return [renumberedProblem(other.archives, schedule), ...unseen];
    if (blind !== undefined) return unseen;
    if (unread !== undefined) return [unseenProblem(`whether it was ever backed up is not known: ${unread}`)];
    if (other.unknown !== undefined) {
      return [{ kind: "doubtful", text: `whether it was ever backed up is not known: ${other.unknown}` }];
    }
    const isNever = isCertain({ blind, unread, bare });
    return isNever
      ? [{ kind: "backups", text: "it was never backed up" }]
      : [unseenProblem("no backup of it can be seen")];
  }
  const due = nextStart(schedule.event, newest, schedule.timeZone);
  const late = due !== undefined && due + grace < schedule.now && !schedule.running;
  if (!late) return unseen;
  const missed = `the backup of ${dayAndTime(due, schedule.timeZone)}`;
  const doubt = blind ?? unread ?? (bare === undefined ? undefined : `${bare} shows no backup at all`);
  return doubt === undefined
    ? [{ kind: "backups", text: `${missed} is missing` }]
    : [unseenProblem(`whether ${missed} was made is not known: ${doubt}`)];
}

function renumberedProblem(
  { id, count, newest }: NonNullable<UnderOtherNumber["archives"]>,
  { timeZone }: CoverageSchedule,
): CoverageProblem {
  const which =
    count === 1 ? `1 of ${dayAndTime(newest, timeZone)}` : `${count}, the newest of ${dayAndTime(newest, timeZone)}`;
  return { kind: "renumbered", text: `its backups lie under number ${id}, which it had before: ${which}` };
}

function unseenProblem(text: string): CoverageProblem {
  return { kind: "unseen", text };
}

function jobProblems({ guest, disks }: GuestBackups, schedule: CoverageSchedule): CoverageProblem[] {
  if (disks === undefined) return [{ kind: "job", text: `it is not in the backup job ${schedule.jobId}` }];
  return uncoveredDisks(guest, disks).map(({ name, volume }) => ({
    kind: "job",
    text: `disk ${name} (${volume}) is in no backup`,
  }));
}

/** A disk that no backup holds, and that nobody has left out on purpose. */
export interface UncoveredDisk {
  /** As the settings call it; Proxmox's key where they do not know it. */
  readonly name: string;
  readonly volume: string;
}

/** Those of a guest's live disks. */
export function uncoveredDisks(guest: Guest, disks: readonly LiveDisk[]): UncoveredDisk[] {
  return disks.flatMap(({ key, volume, included }) => {
    const { name, isLeftOut } = declaredDisk(guest, key);
    // A bind mount that nobody declared is a path: Proxmox never backs it up, and nobody says what does.
    return included || isLeftOut ? [] : [{ name, volume }];
  });
}

/** What the settings say of a disk: `disks[0]` of a container is Proxmox's `mp0`. */
function declaredDisk(guest: Guest, key: string): { name: string; isLeftOut: boolean } {
  if (guest.kind === "adopted") return { name: key, isLeftOut: guest.diskOptOuts[key] !== undefined };
  if (guest.kind === "virtual-machine") {
    return { name: key, isLeftOut: guest.disks.some((disk) => disk.key === key && disk.optOut !== undefined) };
  }
  const place = /^mp(\d+)$/u.exec(key)?.[1];
  const disk = place === undefined ? undefined : guest.disks[Number(place)];
  return { name: disk?.name ?? key, isLeftOut: disk?.kind === "bind" || disk?.optOut !== undefined };
}

function dayAndTime(moment: number, timeZone: string): string {
  return formatMoment(moment, timeZone).slice(0, "2026-11-20 03:00".length);
}
