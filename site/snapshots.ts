import { lastStart, nextStart, parseCalendarEvent } from "../proxmox/rules/calendar-events";
import { formatMoment } from "./restore/moments";
import type { SnapshotSettings } from "./settings/environment";

/**
 * Snapshots on a declared schedule with rotation (D13). Proxmox has no such schedule of its own: `lifeboat backup
 * snapshots --due`, run every few minutes, takes what is due and removes what is too much. Pure; every run decides anew
 * from the snapshots that there are, so that it does not matter when it runs, how often, or where.
 */

/** A snapshot as Proxmox lists it. */
export interface ListedSnapshot {
  readonly name: string;
  readonly description: string;
  /** Unix seconds. */
  readonly time: number | undefined;
  /** It was begun and not finished, or is being removed. */
  readonly incomplete: boolean;
}

/** What is to be done about a guest's snapshots now. */
export interface SnapshotDuty {
  /** The schedule's last time, unix seconds; undefined when it has had none. */
  readonly due: number | undefined;
  /** The snapshot to take for it. */
  readonly take: { readonly name: string; readonly description: string } | undefined;
  /** Snapshots of the schedule that are more than are kept once the new one is there, the oldest first. */
  readonly remove: readonly string[];
  /** The schedule's next time, unix seconds. */
  readonly next: number | undefined;
}

const marker = /^lifeboat scheduled snapshot, due (\d{1,12})$/;
const namePattern = /^auto-\d{8}-\d{4}$/;

/**
 * The time of the schedule that a snapshot was taken for; undefined for one that Lifeboat's schedule did not make. Name
 * and description must both say so: nothing else is ever removed.
 */
export function scheduledFor({ name, description }: Pick<ListedSnapshot, "name" | "description">): number | undefined {
  const due = marker.exec(description.split("\n")[0]?.trimEnd() ?? "")?.[1];
  return due === undefined || !namePattern.test(name) ? undefined : Number(due);
}

/** Whether a name is one that the schedule gives. */
export function isScheduledName(name: string): boolean {
  return namePattern.test(name);
}

/**
 * A name by the time, such as `before-20261120-030000`, that no snapshot has yet.
 *
 * @param moment unix seconds.
 */
export function nameByTime(prefix: string, moment: number, timeZone: string, taken: readonly string[]): string {
  const base = `${prefix}-${formatMoment(moment, timeZone).replaceAll(/[-:]/g, "").replace(" ", "-")}`;
  let name = base;
  for (let number = 2; taken.includes(name); number += 1) name = `${base}-${number}`;
  return name;
}

const wayBackMarker = /^lifeboat way back from /;

/** The snapshot of the present state that is made before a guest goes back to an earlier one. */
export function wayBackDescription(target: string): string {
  return `lifeboat way back from ${target}`;
}

export function isWayBack({ description }: Pick<ListedSnapshot, "description">): boolean {
  return wayBackMarker.test(description);
}

/**
 * What is due: one snapshot for the schedule's last time, however many times were missed before it.
 *
 * @param now the node's clock, unix seconds.
 */
export function snapshotDuty(
  { schedule, keep }: SnapshotSettings,
  snapshots: readonly ListedSnapshot[],
  now: number,
  timeZone: string,
): SnapshotDuty {
  const event = parseCalendarEvent(schedule);
  const due = lastStart(event, now, timeZone);
  const own = snapshots
    .flatMap(({ name, description, incomplete }) => {
      const time = scheduledFor({ name, description });
      return time === undefined || incomplete ? [] : [{ name, time }];
    })
    .sort((a, b) => a.time - b.time);
  const name = due === undefined ? undefined : nameOf(due, timeZone);
  const isThere =
    due === undefined || own.some(({ time }) => time >= due) || snapshots.some((one) => one.name === name);
  const take =
    isThere || name === undefined ? undefined : { name, description: descriptionOf(due, schedule, timeZone) };
  const kept = keep - (take === undefined ? 0 : 1);
  return {
    due,
    take,
    remove: own.slice(0, Math.max(0, own.length - kept)).map((snapshot) => snapshot.name),
    next: nextStart(event, now, timeZone),
  };
}

/** By the node's wall clock. Where autumn repeats an hour, a schedule passes it once, so that no name comes twice. */
function nameOf(due: number, timeZone: string): string {
  const [day = "", time = ""] = formatMoment(due, timeZone).split(" ");
  return `auto-${day.replaceAll("-", "")}-${time.slice(0, 5).replace(":", "")}`;
}

function descriptionOf(due: number, schedule: string, timeZone: string): string {
  return [
    `lifeboat scheduled snapshot, due ${due}`,
    `Taken for ${formatMoment(due, timeZone).slice(0, 16)} ${timeZone} of the schedule '${schedule}', and removed by it.`,
  ].join("\n");
}

/** Seconds after its time at which a snapshot counts as missed: a backup of the guest may hold it up. */
const grace = 3_600;

/**
 * Whether the schedule's last time has no snapshot although it is long over.
 *
 * @returns one sentence; undefined when all is well.
 */
export function missedSnapshot(
  settings: SnapshotSettings,
  snapshots: readonly ListedSnapshot[],
  now: number,
  timeZone: string,
): string | undefined {
  const event = parseCalendarEvent(settings.schedule);
  const due = lastStart(event, now - grace, timeZone);
  const times = snapshots
    .flatMap((snapshot) => (snapshot.incomplete ? [] : (scheduledFor(snapshot) ?? [])))
    // One of the future was made while a clock was wrong: it says nothing of what is missing now.
    .filter((time) => time <= now);
  if (due === undefined || times.some((time) => time >= due)) return undefined;
  const newest = times.length === 0 ? "there is none yet" : `the newest is of ${text(Math.max(...times), timeZone)}`;
  return `the snapshot of ${text(due, timeZone)} is missing (${newest}): does the timer of 'lifeboat backup snapshots --due' run?`;
}

function text(moment: number, timeZone: string): string {
  return formatMoment(moment, timeZone).slice(0, "2026-11-20 03:00".length);
}
