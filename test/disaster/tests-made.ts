import { table } from "../reference/markdown";
import type { Outcome } from "./outcome";

const headings = ["date", "scenario", "back after", "all of it", "problems"];

const introduction = [
  "# Tests of disaster recovery",
  "",
  "Each line was written by `npm run rehearsal -- disaster --write`, which makes the losses of",
  "[disaster recovery](disaster-recovery.md) on sites of its own, with data that are written before and read after. _Back after_ is what has",
  "a [promise](../reference/requirements.md#l1); _all of it_ has the making of the sites in it. Newest first; nothing here is written by hand.",
  "",
];

/** The page with further tests on top of those that it has. @param page what is there; undefined: none was made yet */
export function withOutcomes(page: string | undefined, outcomes: readonly Outcome[]): string {
  const earlier = rowsOf(page ?? "");
  const rows = outcomes.map(({ date, title, measured, seconds, problems }) => [
    date,
    title,
    measured.map(({ id, seconds: took }) => `${spoken(took)} (${id})`).join(", ") || "nothing was measured",
    spoken(seconds),
    problems.length === 0 ? "none" : problems.join("; "),
  ]);
  return `${[...introduction, ...table(headings, rows), ...earlier].join("\n")}\n`;
}

/** Its rows as they stand there. */
function rowsOf(page: string): string[] {
  return page.split("\n").filter((line) => /^\| \d{4}-\d\d-\d\d /u.test(line));
}

export function spoken(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${String(Math.floor(whole / 60))} min ${String(whole % 60)} s`;
}
