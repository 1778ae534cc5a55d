import { formatAge, formatBytes } from "../../../terminal/durations";
import { type Column, fitTable, type FlexibleColumn } from "../../../terminal/fitted-table";
import type { ValueOf } from "../../../terminal/shapes";
import type { Lines } from "../../../terminal/talk";
import { counted, dim, green, red, shorten, type Styled, type Words, yellow } from "../../../terminal/text";
import type { environmentsShape } from "./shape";

export type EnvironmentReport = ValueOf<typeof environmentsShape>[number];
type Checked = Extract<EnvironmentReport, { archives: unknown }>;
export type ArchiveRow = Checked["archives"][number];

export function printArchives(report: EnvironmentReport, lines: Lines): void {
  lines.heading(report.environment);
  if ("error" in report) return lines.hanging([red("✗"), " "], report.error);
  const { archives, missing, unseen, left } = report;
  const shared = sharedReasons(archives);
  if (archives.length > 0) printTable(archives, shared, lines);
  for (const [text, count] of shared) {
    lines.hanging([yellow("!"), " "], `${counted(count, "archive")} not seen: ${text}`);
  }
  for (const { guest, text } of missing) lines.hanging([red("✗"), ` ${guest}: `], text);
  for (const text of unseen) lines.hanging([yellow("!"), " "], `not seen: ${text}`);
  lines.line(summaryOf(report));
  if (left > 0) {
    const what = counted(left, "archive was", "archives were");
    lines.line(`${what} left for the next run, which begins with the longest unverified`);
  }
}

/** What keeps several archives from being seen is told once for all of them. */
function sharedReasons(archives: readonly ArchiveRow[]): ReadonlyMap<string, number> {
  const reasons = archives.flatMap((one) => reasonOf(one) ?? []);
  const counts = new Map(reasons.map((text) => [text, reasons.filter((other) => other === text).length]));
  return new Map([...counts].filter(([, count]) => count > 1));
}

/** Why it was not seen, where that is all there is to say. */
function reasonOf({ result, problems, notRecorded }: ArchiveRow): string | undefined {
  return result === "unseen" && problems.length === 1 && notRecorded === null ? problems[0] : undefined;
}

function printTable(archives: readonly ArchiveRow[], shared: ReadonlyMap<string, number>, lines: Lines): void {
  const columns: (Column<ArchiveRow> | FlexibleColumn<ArchiveRow>)[] = [
    { heading: dim("GUEST"), text: nameOf, before: (row) => [markOf(row), " "], readable: 24, shorten },
    { heading: dim("AGE"), cell: ({ ageSeconds }) => formatAge(ageSeconds), align: "right" },
    { heading: dim("SIZE"), cell: ({ size }) => (size === null ? "?" : formatBytes(size)), align: "right" },
    { heading: dim("RESULT"), cell: resultOf },
  ];
  lines.table(fitTable(archives, columns, lines.room - 2), "  ", (row) => {
    const one = archives[row - 1];
    if (one === undefined || (one.result === "whole" && one.notRecorded === null)) return;
    lines.line(dim(`      ${one.archive}`));
    if (shared.has(reasonOf(one) ?? "")) return;
    for (const problem of one.problems) lines.hanging("      ", problem);
    if (one.notRecorded !== null) lines.hanging("      ", `not recorded in its notes: ${one.notRecorded}`);
  });
}

function nameOf({ guest, id }: ArchiveRow): string {
  return guest ?? (id === null ? "?" : String(id));
}

function markOf({ result }: ArchiveRow): Styled {
  if (result === "whole") return green("✓");
  return result === "damaged" ? red("✗") : yellow("!");
}

function resultOf({ result, savePoint }: ArchiveRow): Words {
  const words = { writing: "still being written", unseen: "not seen", removed: "removed meanwhile" };
  const text = result === "writing" || result === "unseen" || result === "removed" ? words[result] : result;
  const styled = result === "damaged" ? red(text) : text;
  return savePoint ? [styled, dim(" (save point)")] : styled;
}

function summaryOf({ archives, missing, unseen, left }: Checked): Words {
  const of = (result: ArchiveRow["result"]): number => archives.filter((one) => one.result === result).length;
  const whole = of("whole");
  const all = `${String(whole)} of ${String(archives.length)} ${archives.length === 1 ? "archive is" : "archives are"} whole`;
  const counts = [
    archives.length === 0 ? "no archive was read" : all,
    ...(of("damaged") > 0 ? [`${String(of("damaged"))} damaged`] : []),
    ...(of("doubtful") > 0 ? [`${String(of("doubtful"))} doubtful`] : []),
    ...(of("unseen") > 0 ? [`${String(of("unseen"))} not seen`] : []),
    ...(missing.length > 0 ? [`archives of ${missing.map(({ guest }) => guest).join(", ")} are missing`] : []),
  ];
  const isGood = whole === archives.length && missing.length + unseen.length === 0;
  const good = archives.length === 0 && left > 0 ? yellow("!") : green("✓");
  return [isGood ? good : red("✗"), ` ${counts.join(", ")}`];
}
