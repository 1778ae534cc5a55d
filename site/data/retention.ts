import type { DataKeep } from "../settings/data";
import type { DumpName } from "./dump-name";

const day = 86_400;

/** A pause after which the newest dump is believed to show a wrong clock rather than a long holiday. */
const longestPause = 40 * day;

/** What a retention does after a run, or why it does nothing. */
export type RetentionDecision =
  | { readonly kind: "remove"; readonly dumps: readonly string[] }
  /** The clock was set back: dumps are newer than the one that has just been made. */
  | { readonly kind: "held"; readonly why: "clock-behind" | "clock-ahead"; readonly dump: string };

/**
 * Which dumps of one source go when a new one has been made (I3). Every tier counts the periods that have a dump, by the
 * dumps' own times in UTC; the last dump of each counted period stays. The new one always stays. The guest's shell does the
 * same (`components/data/guest-program/retention.ts`); a test holds both together.
 *
 * @param made name of the dump that the run made
 * @param dumps all whole dumps of the source, with it
 */
export function decideRetention(made: DumpName, dumps: readonly DumpName[], keep: DataKeep): RetentionDecision {
  const others = dumps.filter(({ name }) => name !== made.name).sort(newestFirst);
  const [newest] = others;
  if (newest === undefined) return { kind: "remove", dumps: [] };
  if (newest.time > made.time) return { kind: "held", why: "clock-behind", dump: newest.name };
  if (made.time - newest.time > longestPause) return { kind: "held", why: "clock-ahead", dump: newest.name };
  const all = [made, ...others];
  const kept = new Set([
    made.name,
    ...lastOf(all, keep.daily, dayOf),
    ...lastOf(all, keep.weekly, weekOf),
    ...lastOf(all, keep.monthly, monthOf),
  ]);
  return { kind: "remove", dumps: others.map(({ name }) => name).filter((name) => !kept.has(name)) };
}

/** The first of each of the first so many periods, counted from the newest. */
function lastOf(dumps: readonly DumpName[], most: number, periodOf: (time: number) => string): string[] {
  const periods = new Map<string, string>();
  for (const { name, time } of dumps) {
    const period = periodOf(time);
    if (!periods.has(period) && periods.size < most) periods.set(period, name);
  }
  return [...periods.values()];
}

function newestFirst(a: DumpName, b: DumpName): number {
  return b.time - a.time || (a.name < b.name ? 1 : -1);
}

function dayOf(time: number): string {
  return String(Math.floor(time / day));
}

/** Weeks begin on Monday, as those of ISO 8601; 1970-01-01 was a Thursday. */
function weekOf(time: number): string {
  return String(Math.floor((Math.floor(time / day) + 3) / 7));
}

function monthOf(time: number): string {
  return new Date(time * 1000).toISOString().slice(0, 7);
}
