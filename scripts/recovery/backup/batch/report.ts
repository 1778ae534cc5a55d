import { formatBytes, formatDuration } from "../../../terminal/durations";
import { type ExitCode, exitCodes } from "../../../terminal/exit-codes";
import { type Column, fitTable, type FlexibleColumn } from "../../../terminal/fitted-table";
import type { Lines } from "../../../terminal/talk";
import { dim, green, red, shortenName, type Styled } from "../../../terminal/text";
import type { LoadedEnvironment } from "../../../project/site";
import type { BatchReport, BegunMember, Outcome, Refusal } from "../../engine/batch";
import type { BackupRun, GuestOutcome, RunGuest } from "./plan";
import { outcomesIn, runPath } from "./steps";
import { optedOut } from "./view";

/** What became of one guest. */
interface GuestResult {
  /** `prod/web` */
  readonly guest: string;
  readonly id: number;
  /** `left out`: the settings say so. `skipped`: it should have been backed up, and could not be begun. */
  readonly result: "backed up" | "ended before" | "failed" | "left out" | "skipped";
  /** When the earlier run ended that was at it; nobody has looked since. */
  readonly endedAt?: string;
  readonly archive?: string;
  readonly bytes?: number;
  readonly seconds?: number;
  readonly reason?: string;
  /** What to do next. */
  readonly hint?: string;
}

/** An environment whose node could not be asked. */
interface UnknownEnvironment {
  readonly environment: string;
  readonly message: string;
  readonly hint?: string;
}

/** What a backup of all guests did, for people and scripts. */
interface RunsReport {
  readonly guests: readonly GuestResult[];
  readonly unknown: readonly UnknownEnvironment[];
  /** What nodes warned of. */
  readonly warnings: readonly string[];
}

export function reportRuns(
  outcomes: readonly Outcome<BackupRun>[],
  refused: readonly Refusal[],
  environments: readonly LoadedEnvironment[],
): BatchReport {
  const skipped = refused.flatMap((refusal) => skippedGuest(refusal, environments));
  const leftOut = environments.flatMap(optedOut).map((guest): GuestResult => ({ ...guest, result: "left out" }));
  const report: RunsReport = {
    guests: [...outcomes.flatMap(resultsOf), ...leftOut, ...skipped],
    unknown: refused.flatMap(({ subject, message, hint }) =>
      environments.some(({ name }) => name === subject)
        ? [{ environment: subject, message, ...(hint === undefined ? {} : { hint }) }]
        : [],
    ),
    warnings: outcomes.flatMap(({ part }) =>
      Object.values(part.journal.contents.steps).flatMap(({ findings }) =>
        findings.flatMap(({ severity, text }) => (severity === "note" ? [`${part.plan.node}: ${text}`] : [])),
      ),
    ),
  };
  return { value: { ...report }, findings: [], print: (lines, seconds) => printRunsReport(report, seconds, lines) };
}

/** A guest that could not be begun; none where a whole environment is refused. */
function skippedGuest({ subject, message, hint }: Refusal, environments: readonly LoadedEnvironment[]): GuestResult[] {
  const guests = environments.flatMap(({ name, settings }) =>
    settings.guests.map((guest) => ({ id: guest.id, selector: `${name}/${guest.name}` })),
  );
  const known = guests.find(({ selector }) => selector === subject);
  if (known === undefined) return [];
  const why = { reason: message, ...(hint === undefined ? {} : { hint }) };
  return [{ guest: subject, id: known.id, result: "skipped", ...why }];
}

function resultsOf(outcome: Outcome<BackupRun>): GuestResult[] {
  const { environment, guests } = outcome.part.plan;
  const known = outcomesOf(outcome.part);
  const reason = "message" in outcome ? outcome.message : "interrupted";
  const results = guests.map((guest) =>
    resultOf(environment, guest, known.find(({ id }) => id === guest.id) ?? { id: guest.id, state: "none", reason }),
  );
  if (outcome.kind !== "ended-before") return results;
  const { endedAt } = outcome;
  return results.map((one) => ({ ...one, result: one.result === "backed up" ? "ended before" : one.result, endedAt }));
}

function resultOf(environment: string, { name, id }: RunGuest, { state, ...known }: GuestOutcome): GuestResult {
  return { ...known, guest: `${environment}/${name}`, id, result: state === "finished" ? "backed up" : "failed" };
}

/** What is known of each guest of a run. */
function outcomesOf({ journal }: BegunMember<BackupRun>): GuestOutcome[] {
  return outcomesIn(journal.factsOf(runPath));
}

/** All guests of a run are backed up: 0. Some: 3. None: 1. */
export function exitCodeOf(part: BegunMember<BackupRun>): ExitCode {
  const outcomes = outcomesOf(part);
  const good = outcomes.filter(({ state }) => state === "finished").length;
  if (good === 0) return exitCodes.failed;
  return good === part.plan.guests.length ? exitCodes.done : exitCodes.partly;
}

/** The report for people. */
function printRunsReport({ guests, unknown, warnings }: RunsReport, seconds: number, lines: Lines): void {
  const due = guests.filter(({ result }) => result !== "left out");
  const good = due.filter(({ result }) => result === "backed up").length;
  const before = due.filter(({ result }) => result === "ended before").length;
  const earlier = before === 0 ? "" : `, ${before} before`;
  lines.heading(
    `Backed up ${good} of ${due.length} ${due.length === 1 ? "guest" : "guests"}${earlier}, in ${formatDuration(seconds)}`,
  );
  // What somebody must look at stands at the end, where a terminal shows it.
  const order = ["left out", "ended before", "backed up", "skipped", "failed"];
  const rows = guests.toSorted((a, b) => order.indexOf(a.result) - order.indexOf(b.result));
  const indent = "  ";
  lines.table(fitTable(rows, columns, lines.room - indent.length), indent, (row) => {
    const { reason, hint, result } = rows[row - 1] ?? {};
    if (reason !== undefined) lines.hanging("      ", reason, result === "left out" ? dim : red);
    if (hint !== undefined) lines.hanging("      HINT: ", hint);
  });
  for (const { environment, message, hint } of unknown) {
    lines.hanging(["  ", red("✗"), " "], `${environment}: ${message}`);
    if (hint !== undefined) lines.hanging("      HINT: ", hint);
  }
  for (const text of warnings) lines.hanging(["  ", "! "], text);
}

const columns: readonly (Column<GuestResult> | FlexibleColumn<GuestResult>)[] = [
  {
    heading: dim("GUEST"),
    text: ({ guest }) => guest,
    before: (guest) => [markOf(guest), " "],
    readable: 24,
    shorten: shortenName,
  },
  { heading: dim("ID"), cell: ({ id }) => String(id), align: "right" },
  { heading: dim("RESULT"), cell: ({ result }) => (result === "failed" ? red("FAILED") : result) },
  { heading: dim("SIZE"), cell: ({ bytes }) => (bytes === undefined ? "" : formatBytes(bytes)), align: "right" },
  {
    heading: dim("TIME"),
    cell: ({ seconds }) => timeOf(seconds),
    align: "right",
  },
  { heading: dim("ARCHIVE"), cell: ({ archive = "" }) => dim(archive), leaveOut: 1 },
];

/** vzdump counts whole seconds. */
function timeOf(seconds: number | undefined): string {
  if (seconds === undefined) return "";
  return seconds < 1 ? "< 1 s" : formatDuration(seconds);
}

function markOf({ result }: GuestResult): Styled {
  if (result === "backed up") return green("✓");
  return result === "left out" || result === "ended before" ? dim("-") : red("✗");
}
