import type { Lines } from "./talk";
import { dim, green, red } from "./text";

/** Lines that are shown around a change. */
const around = 2;

/** One place in which two texts differ. */
export interface ChangedLines {
  /** Number of the first line shown, from 1. */
  readonly first: number;
  readonly before: readonly string[];
  readonly removed: readonly string[];
  readonly added: readonly string[];
  readonly after: readonly string[];
}

/** What differs between two texts, from the first line that does to the last. */
export function changedLines(old: string, present: string): ChangedLines {
  const [left, right] = [linesOf(old), linesOf(present)];
  const shortest = Math.min(left.length, right.length);
  let same = 0;
  while (same < shortest && left[same] === right[same]) same += 1;
  let end = 0;
  while (end < shortest - same && left.at(-1 - end) === right.at(-1 - end)) end += 1;
  const first = Math.max(0, same - around);
  return {
    first: first + 1,
    before: left.slice(first, same),
    removed: left.slice(same, left.length - end),
    added: right.slice(same, right.length - end),
    after: left.slice(left.length - end, left.length - end + around),
  };
}

export function printChangedLines({ first, before, removed, added, after }: ChangedLines, lines: Lines): void {
  lines.line(dim(`  line ${String(first)}`));
  for (const line of before) lines.line(["    ", line]);
  for (const line of removed) lines.line(red(`  - ${line}`));
  for (const line of added) lines.line(green(`  + ${line}`));
  for (const line of after) lines.line(["    ", line]);
}

function linesOf(text: string): string[] {
  return text.split(/\r?\n/u);
}
