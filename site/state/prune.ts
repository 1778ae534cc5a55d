import { parseDuration } from "../settings/values/durations";
import type { ObjectRef } from "./restore-points";
import { millisecondsOf, parseBackupKey, parseHistoryKey, parseSavedKey, type StackPlace } from "./state-keys";

/** How much of a stack's history stays: everything younger than so many seconds, or the newest so many updates. */
export type Keep =
  { readonly kind: "age"; readonly seconds: number } | { readonly kind: "count"; readonly count: number };

/** What Lifeboat saved before a restore stays at least so long, in seconds: it is the way back. */
const savedStay = 30 * 86_400;

/** Milliseconds by which what belongs to one update may be apart: its entry, its checkpoint, its copy. */
const slack = 60_000;

/** What goes and what stays. */
export interface PrunePlan {
  readonly remove: readonly ObjectRef[];
  /** Updates that go and stay. */
  readonly updates: { readonly remove: number; readonly keep: number };
  readonly backups: { readonly remove: number; readonly keep: number };
  readonly saved: { readonly remove: number; readonly keep: number };
  /** Updates that would go by their names, and stay because of what they are or when they were written. */
  readonly spared: number;
  /** Milliseconds since 1970 of the oldest update that stays. */
  readonly oldest: number | undefined;
}

/** `30d`, `12w`, or `50`: undefined for anything else. */
export function parseKeep(text: string): Keep | undefined {
  if (/^[1-9]\d{0,6}$/u.test(text)) return { kind: "count", count: Number(text) };
  const seconds = parseDuration(text);
  return seconds === undefined || seconds <= 0 ? undefined : { kind: "age", seconds };
}

/**
 * Decides what of a stack's history goes. The present state is no part of it.
 *
 * A clock that was off never decides: an update goes only when it is too old both by its name, which the clock of the
 * machine gave that made it, and by when it was written to the store. One that is dated later than `now` is of a wrong clock:
 * it stays, and counts as none of those that are kept.
 *
 * @param spared nanoseconds of updates that stay whatever the rule says: the last good ones, and the one that the present
 *   state is.
 * @param now milliseconds since 1970, by the store's clock.
 */
export function planPrune(
  place: StackPlace,
  live: readonly ObjectRef[],
  { keep, now, spared }: { readonly keep: Keep; readonly now: number; readonly spared: ReadonlySet<string> },
): PrunePlan {
  const updates = groupBy(live, ({ key }) => parseHistoryKey(place, key)?.nanos);
  const written = (nanos: string): number => Math.max(...(updates.get(nanos) ?? []).map(({ modified }) => modified));
  const named = [...updates.keys()].sort((a, b) => millisecondsOf(b) - millisecondsOf(a));
  const certain = named.filter((nanos) => millisecondsOf(nanos) <= now + slack);
  const outdatedBy = (timeOf: (nanos: string) => number): ReadonlySet<string> => {
    const newestFirst = certain.toSorted((a, b) => timeOf(b) - timeOf(a));
    return new Set(
      newestFirst.filter((nanos, index) =>
        keep.kind === "count" ? index >= keep.count : timeOf(nanos) < now - keep.seconds * 1_000,
      ),
    );
  };
  const byName = outdatedBy(millisecondsOf);
  const outdated = [...outdatedBy(written)].filter((nanos) => byName.has(nanos));
  const going = new Set(named.filter((nanos) => outdated.includes(nanos) && !spared.has(nanos)));
  const staying = named.filter((nanos) => !going.has(nanos));
  const border = borderOf(keep, now, certain);
  const backups = live.flatMap((object) => timed(object, backupTime(place, object)));
  const oldBackups = backups.filter((backup) => isBefore(backup, border));
  const saved = live.flatMap((object) => timed(object, parseSavedKey(place, object.key)?.time));
  const oldSaved = saved.filter((one) => isBefore(one, Math.min(border, now - savedStay * 1_000)));
  const oldest = staying.at(-1);
  return {
    // The entry goes before its checkpoint: what is left half-way is not shown as an update.
    remove: [
      ...[...going].reverse().flatMap((nanos) => entryFirst(place, updates.get(nanos) ?? [])),
      ...[...oldBackups, ...oldSaved].map(({ object }) => object),
    ],
    updates: { remove: going.size, keep: staying.length },
    backups: { remove: oldBackups.length, keep: backups.length - oldBackups.length },
    saved: { remove: oldSaved.length, keep: saved.length - oldSaved.length },
    spared: byName.size - going.size,
    oldest: oldest === undefined ? undefined : millisecondsOf(oldest),
  };
}

/** Copies older than this go. With a number of updates: those from before the oldest update that stays by number. */
function borderOf(keep: Keep, now: number, newestFirst: readonly string[]): number {
  if (keep.kind === "age") return now - keep.seconds * 1_000;
  const oldest = newestFirst[keep.count - 1];
  // A copy is made in the same moment as the entry of its update, a little before or after it.
  return oldest === undefined ? 0 : millisecondsOf(oldest) - slack;
}

function backupTime(place: StackPlace, { key }: ObjectRef): number | undefined {
  const nanos = parseBackupKey(place, key);
  return nanos === undefined ? undefined : millisecondsOf(nanos);
}

function isBefore({ object, time }: Timed, limit: number): boolean {
  return time < limit && object.modified < limit;
}

interface Timed {
  readonly object: ObjectRef;
  readonly time: number;
}

function timed(object: ObjectRef, time: number | undefined): Timed[] {
  return time === undefined ? [] : [{ object, time }];
}

function entryFirst(place: StackPlace, objects: readonly ObjectRef[]): ObjectRef[] {
  const rank = ({ key }: ObjectRef): number => (parseHistoryKey(place, key)?.half === "history" ? 0 : 1);
  return [...objects].sort((a, b) => rank(a) - rank(b));
}

function groupBy(
  objects: readonly ObjectRef[],
  nameOf: (object: ObjectRef) => string | undefined,
): Map<string, ObjectRef[]> {
  const groups = new Map<string, ObjectRef[]>();
  for (const object of objects) {
    const name = nameOf(object);
    if (name === undefined) continue;
    const group = groups.get(name) ?? [];
    group.push(object);
    groups.set(name, group);
  }
  return groups;
}
