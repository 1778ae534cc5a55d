import type { ArchivedBackup, PointInTimeFacts } from "./facts";
import { formatSegment, parseSegment, segmentNumber } from "./wal";

/** The way that a cluster's history takes to the end of one timeline, over its ancestors. */
export class TimelinePath {
  readonly #ancestors: readonly { readonly timeline: number; readonly until: bigint }[];
  readonly #size: number;

  constructor(
    private readonly facts: PointInTimeFacts,
    readonly timeline: number,
  ) {
    this.#ancestors = facts.histories.find((one) => one.timeline === timeline)?.ancestors ?? [];
    this.#size = facts.segmentSize;
  }

  /** Name of a segment on this way. That in which a timeline begins is the child's, which holds what was before, too. */
  nameOf(number: number): string {
    const parent = this.#ancestors.find(({ until }) => number < segmentNumber(until, this.#size));
    return formatSegment({ timeline: parent?.timeline ?? this.timeline, number }, this.#size);
  }

  /** The segment in which a position lies. */
  segmentAt(position: bigint): string {
    return this.nameOf(segmentNumber(position, this.#size));
  }

  /** The timeline to which a position belongs on this way: where two of them name the same, it is the same piece of history. */
  ownerOf(position: bigint): number {
    return this.#ancestors.find(({ until }) => position < until)?.timeline ?? this.timeline;
  }

  /** Backups that lie on this way, the oldest first. What an ancestor has backed up after the branch lies on another. */
  backups(): ArchivedBackup[] {
    return this.facts.backups.filter(({ archive, startSegment, stopPosition }) => {
      if (archive !== this.facts.archive) return false;
      const timeline = parseSegment(startSegment, this.#size)?.timeline;
      if (timeline === this.timeline) return true;
      const ancestor = this.#ancestors.find((one) => one.timeline === timeline);
      return ancestor !== undefined && stopPosition <= ancestor.until;
    });
  }

  /**
   * Segments from a name on, up to the last that the archive has on this way.
   *
   * @returns `names` up to the first that is missing, and that one
   */
  from(first: string): { readonly names: readonly string[]; readonly missing: string | undefined } {
    const begin = parseSegment(first, this.#size)?.number ?? 0;
    const names: string[] = [];
    for (let number = begin; number <= this.#last(); number += 1) {
      const name = this.nameOf(number);
      if (!this.facts.segments.has(name)) return { names, missing: name };
      names.push(name);
    }
    return { names, missing: undefined };
  }

  /** Number of the last segment in the archive on this way; -1: there is none. */
  #last(): number {
    let last = -1;
    for (const name of this.facts.segments) {
      const number = parseSegment(name, this.#size)?.number ?? -1;
      if (number > last && this.nameOf(number) === name) last = number;
    }
    return last;
  }
}

/** The timeline in which the database is now, and all others that the archive knows, the newest first. */
export function knownTimelines(facts: PointInTimeFacts): {
  readonly current: number;
  readonly others: readonly number[];
} {
  const all = new Set(facts.histories.map(({ timeline }) => timeline));
  for (const name of facts.segments) {
    const segment = parseSegment(name, facts.segmentSize);
    if (segment !== undefined) all.add(segment.timeline);
  }
  const sorted = [...all].sort((a, b) => b - a);
  const current = facts.timeline ?? sorted[0] ?? 1;
  return { current, others: sorted.filter((timeline) => timeline !== current) };
}

/**
 * The timeline in which the database was at a time. After a recovery at 14:30 to 14:00, what was there at 14:15 lies on the
 * timeline that was left, and what was there at 14:45 on the new one.
 *
 * @param time unix seconds
 */
export function timelineAt(facts: PointInTimeFacts, time: number): number {
  let { current: timeline } = knownTimelines(facts);
  for (;;) {
    const history = facts.histories.find((one) => one.timeline === timeline);
    const parent = history?.ancestors.at(-1)?.timeline;
    if (history === undefined || parent === undefined || history.began <= time) return timeline;
    timeline = parent;
  }
}

/** Ranges of segments as the guest's program takes them: `FIRST-LAST:COUNT`, each of one timeline. */
export function rangesOf(names: readonly string[]): string[] {
  const runs: string[][] = [];
  for (const name of names) {
    const run = runs.at(-1);
    if (run?.[0]?.slice(0, 8) === name.slice(0, 8)) run.push(name);
    else runs.push([name]);
  }
  return runs.map((run) => `${run[0] ?? ""}-${run.at(-1) ?? ""}:${String(run.length)}`);
}
