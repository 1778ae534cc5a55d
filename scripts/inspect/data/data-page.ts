import { formatAge, formatBytes, formatDuration, formatMoment } from "../../terminal/durations";
import { type Column, fitTable, type FlexibleColumn } from "../../terminal/fitted-table";
import type { Lines } from "../../terminal/talk";
import { dim, green, red, shorten, type Words, yellow } from "../../terminal/text";
import type { SeenSource } from "./read-source";

/** All sources, a line each; of one guest also their dumps. */
export function printData(sources: readonly SeenSource[], withDumps: boolean, lines: Lines): void {
  const columns: (Column<SeenSource> | FlexibleColumn<SeenSource>)[] = [
    { heading: dim("GUEST"), cell: ({ environment, guest }) => `${environment}/${guest}` },
    { heading: dim("SOURCE"), cell: ({ source }) => source },
    { heading: dim("KIND"), cell: ({ kind }) => kind, leaveOut: 2 },
    { heading: dim("NEWEST"), cell: newest, align: "right" },
    {
      heading: dim("SIZE"),
      cell: ({ dumps: [dump] }) => (dump === undefined ? "" : formatBytes(dump.bytes)),
      align: "right",
      leaveOut: 1,
    },
    {
      heading: dim("DUMPS"),
      cell: ({ dumps, unseen }) => (unseen === null ? String(dumps.length) : ""),
      align: "right",
      leaveOut: 3,
    },
    { heading: dim("LAST RUN"), cell: lastRun },
    { heading: dim(""), text: ({ unseen, problem }) => unseen ?? problem ?? "", readable: 12, shorten },
  ];
  lines.table(fitTable(sources, columns, lines.room));
  if (withDumps) for (const source of sources) printDumps(source, lines);
}

function newest({ unseen, dumps: [dump] }: SeenSource): Words {
  if (unseen !== null) return yellow("unknown");
  return dump === undefined ? red("none") : formatAge(dump.ageSeconds);
}

function lastRun({ lastRun: run }: SeenSource): Words {
  if (run === null) return "";
  const time = run.seconds === null ? "" : ` (${formatDuration(run.seconds)})`;
  if (run.result === "success") return green(`success${time}`);
  return run.result === "running" ? "running" : red(run.result);
}

/** Every dump of a source, and what is in it. */
export function printDumps(
  { source, dumps, savePoints }: Pick<SeenSource, "source" | "dumps" | "savePoints">,
  lines: Lines,
): void {
  if (dumps.length + savePoints.length > 0) lines.heading(source);
  for (const { dump, bytes, encrypted, items } of dumps) {
    lines.line([`  ${dump}  ${formatBytes(bytes)}`, encrypted ? dim("  encrypted") : ""]);
    for (const { type, name, plainBytes, counts } of items) {
      const counted = Object.entries(counts).map(([what, count]) => `${String(count)} ${what}`);
      lines.line(dim(`    ${type} ${name}: ${[formatBytes(plainBytes), ...counted].join(", ")}`));
    }
  }
  for (const { operation, dump, time } of savePoints) {
    lines.line(`  before ${operation}: ${dump} (${formatMoment(time * 1_000)})`);
  }
}
