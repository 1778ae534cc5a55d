import { formatDuration } from "../../../terminal/durations";
import { type ExitCode, exitCodes } from "../../../terminal/exit-codes";
import type { Lines, Table } from "../../../terminal/talk";
import type { Finding } from "../../engine/step";
import { type RestoreReport } from "../report";
import type { PartOutcome } from "./run";
import type { RefusedGuest } from "./view";
import { printFinding } from "../../engine/print-finding";

/** What became of one guest. */
export interface GuestResult {
  readonly guest: string;
  readonly result: "restored" | "not proven" | "failed" | "taken back" | "left out";
  readonly exitCode: number;
  readonly message?: string;
  /** What to do next. */
  readonly hint?: string;
  readonly report?: RestoreReport;
}

/** What a restore of several guests did, for people and scripts. */
export interface SeveralReport {
  readonly guests: readonly GuestResult[];
  /** What Pulumi says, once for each environment. */
  readonly comparisons: readonly { readonly environment: string; readonly findings: readonly Finding[] }[];
  /** Seconds from the beginning to the end of this run. */
  readonly seconds: number;
  /** The command that goes on with what is half done; absent when nothing is. */
  readonly goOn?: string;
}

/** What is told about one guest. */
export function resultOf({ part, kind, report, exitCode, message, hint }: PartOutcome): GuestResult {
  const result =
    kind === "restored"
      ? report?.proven === true
        ? "restored"
        : "not proven"
      : kind === "gone-back"
        ? "taken back"
        : "failed";
  return {
    guest: part.session.selector,
    result,
    exitCode,
    ...(message === undefined ? {} : { message }),
    ...(hint === undefined ? {} : { hint }),
    ...(report === undefined ? {} : { report }),
  };
}

/** A guest that was left out of the plan. */
export function skippedResult({ guest, exitCode, message, hint }: RefusedGuest): GuestResult {
  return { guest, result: "left out", exitCode, message, ...(hint === undefined ? {} : { hint }) };
}

/** All good: 0. None restored: their own code where it is the same for all, else 1. Anything between: 3. */
export function exitCodeOf(outcomes: readonly PartOutcome[], skipped: readonly RefusedGuest[]): ExitCode {
  if (outcomes.every(({ exitCode }) => exitCode === exitCodes.done) && skipped.length === 0) return exitCodes.done;
  if (outcomes.some(({ kind }) => kind === "restored")) return exitCodes.partly;
  const [first] = outcomes;
  if (skipped.length > 0 || first === undefined) return exitCodes.failed;
  return outcomes.every(({ exitCode }) => exitCode === first.exitCode) ? first.exitCode : exitCodes.failed;
}

/** The report for people. */
export function printSeveralReport({ guests, comparisons, seconds, goOn }: SeveralReport, lines: Lines): void {
  const good = guests.filter(({ result }) => result === "restored").length;
  lines.heading(`Restored ${good} of ${guests.length} guests, in ${formatDuration(seconds)}`);
  lines.table(guests.map(row), "  ");
  for (const guest of guests) printGuest(guest, lines);
  for (const { environment, findings } of comparisons) {
    lines.line(`${environment}, compared with Pulumi:`);
    for (const finding of findings) printFinding(finding, lines);
  }
  if (goOn !== undefined) lines.line(`To resume what is half done: ${goOn}`);
}

function row({ guest, result, report }: GuestResult): Table[number] {
  const told = {
    restored: "restored",
    "not proven": "NOT PROVEN",
    failed: "FAILED",
    "taken back": "TAKEN BACK",
    "left out": "left out",
  };
  const word = result === "restored" && (report?.checks.length ?? 0) > 0 ? "restored, proven" : told[result];
  return [guest, word, report === undefined ? "" : formatDuration(report.seconds), report?.archive ?? ""];
}

/** What is to be known about one guest beyond its line in the table. */
function printGuest({ guest, message, hint, report }: GuestResult, lines: Lines): void {
  const findings = report?.findings ?? [];
  if (message === undefined && findings.length === 0 && report?.undo === undefined) return;
  lines.line(`${guest}:`);
  if (message !== undefined) lines.hanging("  ", message);
  if (hint !== undefined) lines.hanging("  HINT: ", hint);
  for (const finding of findings) printFinding(finding, lines, "  ");
  if (report?.savePoint !== undefined) lines.line(`  Save point, protected: ${report.savePoint}`);
  if (report?.undo !== undefined) lines.line(`  To take it back, from any machine: ${report.undo}`);
}
