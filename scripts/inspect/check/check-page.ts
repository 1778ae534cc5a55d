import { fitTable } from "../../terminal/fitted-table";
import type { Lines } from "../../terminal/talk";
import { bold, counted, dim, green, red, shorten, shortenName, type Styled, yellow } from "../../terminal/text";
import type { CheckedSubject } from "./subject";

const marks: Readonly<Record<CheckedSubject["verdict"], Styled>> = {
  ok: green("✓"),
  warning: yellow("!"),
  problem: red("✗"),
  unknown: red("✗"),
  none: dim("-"),
};

/** Share of a terminal's columns that names get at most. */
const forNames = 0.35;

/** A line for each subject, and below it what is wrong and the next command. */
export function printCheck(
  subjects: readonly CheckedSubject[],
  summary: Readonly<Record<"ok" | "warnings" | "problems" | "unknown", number>>,
  lines: Lines,
): void {
  const rows = subjects.map((subject) => ({ subject, name: nameOf(subject) }));
  const limit = Math.max(16, Math.floor(lines.room * forNames));
  const columns = [
    { heading: dim(" "), cell: ({ subject }: (typeof rows)[number]) => marks[subject.verdict] },
    { heading: dim("SUBJECT"), cell: ({ name }: (typeof rows)[number]) => shortenName(name, limit) },
    {
      heading: dim("FOUND"),
      text: ({ subject }: (typeof rows)[number]) => subject.found,
      readable: 12,
      shorten,
    },
  ];
  lines.table(fitTable(rows, columns, lines.room), "", (row) => {
    for (const { text, next } of rows[row - 1]?.subject.problems ?? []) {
      lines.hanging("     ", text);
      if (next !== null) lines.hanging(["     ", dim("→ ")], next, bold);
    }
  });
  lines.line();
  printSummary(summary, lines);
}

/** `prod/web`, `prod: state`. */
function nameOf({ environment, kind, subject }: CheckedSubject): string {
  if (environment === null) return subject;
  const isNamed = kind === "guest" || kind === "data" || kind === "uncovered";
  return isNamed ? `${environment}/${subject}` : `${environment}: ${subject}`;
}

function printSummary(
  { ok, warnings, problems, unknown }: Readonly<Record<"ok" | "warnings" | "problems" | "unknown", number>>,
  lines: Lines,
): void {
  const parts = [
    `${counted(ok, "subject")} in order`,
    ...(warnings > 0 ? [counted(warnings, "warning")] : []),
    ...(problems > 0 ? [`${String(problems)} not in order`] : []),
    ...(unknown > 0 ? [`${String(unknown)} could not be looked at`] : []),
  ];
  lines.hanging([problems + unknown > 0 ? red("✗") : green("✓"), " "], parts.join(", "), bold);
}
