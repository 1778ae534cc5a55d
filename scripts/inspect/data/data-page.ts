import { formatAge, formatBytes, formatDuration, formatMoment } from "../../terminal/durations";
import { type Column, fitTable, type FlexibleColumn } from "../../terminal/fitted-table";
import type { Lines } from "../../terminal/talk";
import { dim, green, red, shorten, type Words, yellow } from "../../terminal/text";
import type { SeenSource } from "./read-source";

type PointInTime = NonNullable<SeenSource["pointInTime"]>;

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
    ...(sources.some(({ drill }) => drill !== null) ? [{ heading: dim("DRILL"), cell: lastDrill, leaveOut: 5 }] : []),
    ...(sources.some(({ pointInTime }) => pointInTime !== null)
      ? [{ heading: dim("BACK TO"), cell: backTo, leaveOut: 4 }]
      : []),
    { heading: dim(""), text: troubleOf, readable: 12, shorten },
  ];
  lines.table(fitTable(sources, columns, lines.room));
  if (withDumps) for (const source of sources) printDumps(source, lines);
}

/** The earliest point in time to which its cluster goes back. */
function backTo({ pointInTime }: SeenSource): Words {
  if (pointInTime === null) return "";
  if (pointInTime.unseen !== null) return yellow("unknown");
  return pointInTime.earliest === null ? red("nowhere") : formatMoment(pointInTime.earliest * 1_000);
}

function troubleOf({ unseen, problem, pointInTime }: SeenSource): string {
  const archive = pointInTime?.unseen ?? pointInTime?.problem;
  const own = unseen ?? problem;
  if (unseen !== null || archive === null || archive === undefined) return own ?? "";
  return [...(own === null ? [] : [own]), `archive: ${archive}`].join("; ");
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

/** How long ago a drill has proven a dump, or not. */
function lastDrill({ drill }: SeenSource): Words {
  if (drill === null) return "";
  const age = formatAge(drill.ageSeconds);
  return drill.proven ? green(`proven ${age}`) : red(`failed ${age}`);
}

function reachText({ unseen, earliest, latest, fullBackup, backups, failures, problem }: PointInTime): string {
  if (unseen !== null) return `not known: ${unseen}`;
  const reach =
    earliest === null || latest === null
      ? "nowhere yet"
      : `from ${formatMoment(earliest * 1_000)} until ${formatMoment(latest * 1_000)}, and what is written since then`;
  const full = fullBackup === null ? "no full backup" : `newest full backup of ${formatMoment(fullBackup * 1_000)}`;
  const counted = [full, ...(backups === null ? [] : [`${String(backups)} in all`])];
  const failed = (failures ?? 0) === 0 ? [] : [`${String(failures)} attempts to archive failed`];
  return [reach, ...counted, ...failed, ...(problem === null ? [] : [problem])].join("; ");
}

/** Every dump of a source, and what is in it. */
export function printDumps(
  {
    source,
    dumps,
    savePoints,
    pointInTime,
  }: Pick<SeenSource, "source" | "dumps" | "savePoints"> & Partial<Pick<SeenSource, "pointInTime">>,
  lines: Lines,
): void {
  const archive = pointInTime ?? undefined;
  if (dumps.length + savePoints.length > 0 || archive !== undefined) lines.heading(source);
  if (archive !== undefined) lines.hanging("  to a point in time: ", reachText(archive));
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
