import type { ArchivedBackup, PointInTimeFacts } from "./facts";
import { knownTimelines, rangesOf, timelineAt, TimelinePath } from "./timelines";

/** A point in time as somebody names it. */
export type PointWish =
  /** Unix time in milliseconds. */
  | { readonly kind: "time"; readonly milliseconds: number }
  /** A transaction: its changes are the last that are there. */
  | { readonly kind: "xid"; readonly xid: string }
  /** What `pg_create_restore_point` was given. */
  | { readonly kind: "name"; readonly name: string };

/** Where to look for a point: the guest reads these segments, and says where it is. */
export interface PointSearch {
  readonly timeline: number;
  /** Ranges of segments, the oldest first. */
  readonly ranges: readonly string[];
  /** A segment behind them is missing in the archive. */
  readonly missing: string | undefined;
}

/** Why a point cannot be recovered. `code`: 10 there is nothing to recover it from, 13 it would be something else. */
export interface PointRefusal {
  readonly kind: "refused";
  readonly code: 10 | 13;
  readonly why: string;
  readonly hint?: string;
}

/** A backup and the WAL behind it that lead to a point. */
export interface PointChoice {
  readonly kind: "chosen";
  readonly backup: ArchivedBackup;
  readonly timeline: number;
  /** The WAL from the backup's start to the point. */
  readonly ranges: readonly string[];
  readonly segments: number;
}

function refused(code: 10 | 13, why: string, hint?: string): PointRefusal {
  return { kind: "refused", code, why, ...(hint === undefined ? {} : { hint }) };
}

/**
 * Where a point has to be looked for, in this order.
 *
 * @param timeline which one is meant, where somebody says so
 */
export function searchesFor(
  facts: PointInTimeFacts,
  wish: PointWish,
  timeline: number | undefined,
): readonly PointSearch[] | PointRefusal {
  const { current, others } = knownTimelines(facts);
  if (timeline !== undefined && timeline !== current && !others.includes(timeline)) {
    return refused(10, `the archive has no timeline ${String(timeline)}`, `it has ${listOf([current, ...others])}`);
  }
  if (facts.backups.every(({ archive }) => archive !== facts.archive)) {
    return refused(
      10,
      "the archive has no backup of this cluster",
      "one is made by its timer, or: lifeboat backup data",
    );
  }
  return wish.kind === "time" ? searchTime(facts, wish.milliseconds, timeline) : searchAll(facts, timeline);
}

function searchTime(
  facts: PointInTimeFacts,
  milliseconds: number,
  given: number | undefined,
): readonly PointSearch[] | PointRefusal {
  const seconds = milliseconds / 1000;
  if (Math.floor(seconds) > facts.now) return refused(13, "the time has not come yet, by the guest's clock");
  const timeline = given ?? timelineAt(facts, seconds);
  const path = new TimelinePath(facts, timeline);
  const backup = path.backups().findLast(({ stop }) => stop < seconds);
  if (backup === undefined) {
    const [first] = path.backups();
    const since = first === undefined ? "" : `: the first one was whole at ${timeText(first.stop)}`;
    return refused(10, `no backup of timeline ${String(timeline)} is older than that${since}`);
  }
  const { names, missing } = path.from(path.segmentAt(backup.stopPosition));
  if (names.length === 0) return refused(10, missingText(missing ?? path.segmentAt(backup.stopPosition)));
  return [{ timeline, ranges: rangesOf(names), missing }];
}

/**
 * The newest WAL of the present timeline first, since people look back from now; then what only other timelines have. Numbers of
 * transactions are given again after a recovery, so that a match there may be another one.
 */
function searchAll(facts: PointInTimeFacts, given: number | undefined): readonly PointSearch[] {
  const { current, others } = knownTimelines(facts);
  const seen = new Set<string>();
  return (given === undefined ? [current, ...others] : [given]).flatMap((timeline) => {
    const path = new TimelinePath(facts, timeline);
    const backups = path.backups();
    const searches = backups.map((backup, index): PointSearch => {
      const next = backups[index + 1];
      const { names, missing } = path.from(path.segmentAt(backup.stopPosition));
      const until = next === undefined ? undefined : path.segmentAt(next.stopPosition);
      const end = until === undefined ? -1 : names.indexOf(until);
      const own = (end === -1 ? names : names.slice(0, end + 1)).filter((name) => !seen.has(name));
      return { timeline, ranges: rangesOf(own), missing: end === -1 ? missing : undefined };
    });
    for (const backup of backups) for (const name of path.from(backup.startSegment).names) seen.add(name);
    return searches.filter(({ ranges }) => ranges.length > 0).toReversed();
  });
}

/**
 * What leads to a point that was found.
 *
 * @param position of the record at which the recovery ends
 */
export function choiceFor(facts: PointInTimeFacts, timeline: number, position: bigint): PointChoice | PointRefusal {
  const path = new TimelinePath(facts, timeline);
  const backup = path.backups().findLast(({ stopPosition }) => stopPosition < position);
  if (backup === undefined) {
    const [first] = path.backups();
    const since = first === undefined ? "" : `: the first one was whole at ${timeText(first.stop)}`;
    return refused(10, `it is older than every backup${since}`);
  }
  const { names, missing } = path.from(backup.startSegment);
  const last = path.segmentAt(position);
  const end = names.indexOf(last);
  if (end === -1) return refused(10, missingText(missing ?? last));
  const needed = names.slice(0, end + 1);
  return { kind: "chosen", backup, timeline, ranges: rangesOf(needed), segments: needed.length };
}

/** Bytes that have to be free: what is there is kept, and the new one recovers beside it. */
export function bytesNeeded({ backup, segments }: PointChoice, segmentSize: number): number {
  return Math.ceil(backup.bytes * 1.05) + Math.min(segments + 4, 70) * segmentSize;
}

export function missingText(segment: string): string {
  return `WAL segment ${segment} is missing in the archive, and nothing behind it can be recovered`;
}

/** `2026-11-22 13:29:13 UTC` */
export function timeText(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

function listOf(timelines: readonly number[]): string {
  return [...timelines].sort((a, b) => a - b).join(", ");
}
