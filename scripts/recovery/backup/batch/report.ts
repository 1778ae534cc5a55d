import { formatBytes, formatDuration } from "../../../terminal/durations";
import { type ExitCode, exitCodes } from "../../../terminal/exit-codes";
import { type Column, fitTable, type FlexibleColumn } from "../../../terminal/fitted-table";
import type { Lines } from "../../../terminal/talk";
import { dim, green, red, shortenName, type Styled } from "../../../terminal/text";
import type { UnknownEnvironment } from "./open-runs";
import type { EnvironmentRuns, GuestOutcome, RunGuest } from "./plan";
import type { PartOutcome } from "./run";

/** What became of one guest. */
export interface GuestResult {
  /** `prod/web` */
  readonly guest: string;
  readonly id: number;
  /** `left out`: the settings say so. `skipped`: it should have been backed up, and could not be begun. */
  readonly result: "backed up" | "failed" | "left out" | "skipped";
  readonly archive?: string;
  readonly bytes?: number;
  readonly seconds?: number;
  readonly reason?: string;
}

/** What a backup of all guests did, for people and scripts. */
export interface RunsReport {
  readonly guests: readonly GuestResult[];
  /** Environments whose node could not be asked. */
  readonly unknown: readonly { readonly environment: string; readonly message: string; readonly hint?: string }[];
  /** What nodes warned of. */
  readonly warnings: readonly string[];
  /** Seconds from the beginning to the end of this run. */
  readonly seconds: number;
  /** The command that goes on with what is half done; absent when nothing is. */
  readonly goOn?: string;
}

export function reportRuns(
  outcomes: readonly PartOutcome[],
  plans: readonly EnvironmentRuns[],
  unknown: readonly UnknownEnvironment[],
): Pick<RunsReport, "guests" | "unknown" | "warnings"> {
  const leftOut = plans.flatMap(({ environment, leftOut }) =>
    leftOut.map(({ guest, reason, wanted }): GuestResult => ({
      guest: `${environment}/${guest.name}`,
      id: guest.id,
      result: wanted ? "left out" : "skipped",
      reason,
    })),
  );
  return {
    guests: [...outcomes.flatMap(resultsOf), ...leftOut],
    unknown: unknown.map(({ environment, failure: { message, hint } }) => ({
      environment,
      message,
      ...(hint === undefined ? {} : { hint }),
    })),
    warnings: outcomes.flatMap(({ part }) =>
      Object.values(part.journal.contents.steps).flatMap(({ findings }) =>
        findings.flatMap(({ severity, text }) => (severity === "note" ? [`${part.run.node}: ${text}`] : [])),
      ),
    ),
  };
}

function resultsOf(outcome: PartOutcome): GuestResult[] {
  const { environment, guests } = outcome.part.run;
  const reason = outcome.kind === "failed" ? outcome.message : "interrupted";
  return guests.map((guest) => {
    const known = outcome.kind === "ended" ? outcome.guests.find(({ id }) => id === guest.id) : undefined;
    return resultOf(environment, guest, known ?? { id: guest.id, state: "none", reason });
  });
}

function resultOf(environment: string, { name, id }: RunGuest, { state, ...known }: GuestOutcome): GuestResult {
  return { ...known, guest: `${environment}/${name}`, id, result: state === "finished" ? "backed up" : "failed" };
}

/** All that should be is backed up: 0. None is: 1, or 14 where no node could be asked. Anything between: 3. */
export function exitCodeOf(
  { guests }: Pick<RunsReport, "guests">,
  outcomes: readonly PartOutcome[],
  unknown: readonly UnknownEnvironment[],
): ExitCode {
  const good = guests.some(({ result }) => result === "backed up");
  const bad = unknown.length > 0 || guests.some(({ result }) => result === "failed" || result === "skipped");
  if (!bad) return exitCodes.done;
  if (good) return exitCodes.partly;
  const codes = [
    ...outcomes.map((outcome) => (outcome.kind === "failed" ? outcome.exitCode : exitCodes.failed)),
    ...unknown.map(({ failure }) => failure.exitCode),
  ];
  const [first = exitCodes.failed] = codes;
  return codes.every((code) => code === first) ? first : exitCodes.failed;
}

/** The report for people. */
export function printRunsReport({ guests, unknown, warnings, seconds, goOn }: RunsReport, lines: Lines): void {
  const due = guests.filter(({ result }) => result !== "left out");
  const good = due.filter(({ result }) => result === "backed up").length;
  lines.heading(
    `Backed up ${good} of ${due.length} ${due.length === 1 ? "guest" : "guests"}, in ${formatDuration(seconds)}`,
  );
  // What somebody must look at stands at the end, where a terminal shows it.
  const order = ["left out", "backed up", "skipped", "failed"];
  const rows = guests.toSorted((a, b) => order.indexOf(a.result) - order.indexOf(b.result));
  const indent = "  ";
  lines.table(fitTable(rows, columns, lines.room - indent.length), indent, (row) => {
    const { reason, result } = rows[row - 1] ?? {};
    if (reason !== undefined) lines.hanging("      ", reason, result === "left out" ? dim : red);
  });
  for (const { environment, message, hint } of unknown) {
    lines.hanging(["  ", red("✗"), " "], `${environment}: ${message}`);
    if (hint !== undefined) lines.hanging("      HINT: ", hint);
  }
  for (const text of warnings) lines.hanging(["  ", "! "], text);
  if (goOn !== undefined) lines.line(`To resume what is half done: ${goOn}`);
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
  return result === "left out" ? dim("-") : red("✗");
}
