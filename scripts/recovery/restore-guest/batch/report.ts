import { counted } from "../../../terminal/text";
import { formatDuration } from "../../../terminal/durations";
import type { Lines, Table } from "../../../terminal/talk";
import type { Outcome, Refusal } from "../../engine/batch";
import { printFinding } from "../../engine/print-finding";
import type { Finding } from "../../engine/step";
import type { RestorePlan } from "../../steps/guest/plan";
import type { RestoreReport } from "../report";

/** What became of one guest. */
export interface GuestResult {
  readonly guest: string;
  /** `ended before`: by an earlier run, and not looked at by this one. */
  readonly result: "restored" | "not proven" | "ended before" | "failed" | "taken back" | "left out";
  readonly exitCode: number;
  readonly endedAt?: string;
  readonly message?: string;
  /** What to do next. */
  readonly hint?: string;
  readonly report?: RestoreReport;
}

/** What Pulumi says of an environment. */
export interface Comparison {
  readonly environment: string;
  readonly findings: readonly Finding[];
}

/** What became of one guest. @param report of one that was restored. */
export function resultOf(outcome: Outcome<RestorePlan>, report: RestoreReport | undefined): GuestResult {
  const { part, exitCode } = outcome;
  const { selector, subject } = part.session;
  const guest = { guest: selector, exitCode };
  switch (outcome.kind) {
    case "ended":
      return {
        ...guest,
        result: report?.proven === true ? "restored" : "not proven",
        ...(report === undefined ? {} : { report }),
      };
    case "ended-before": {
      const undo = report?.undo === undefined ? {} : { hint: `to take it back, from any machine: ${report.undo}` };
      return { ...guest, result: "ended before", endedAt: outcome.endedAt, ...undo };
    }
    case "interrupted":
      return { ...guest, result: "failed" };
    case "failed":
    case "taken-back": {
      const { message, hint } = outcome;
      const isBack = outcome.kind === "taken-back";
      const name = subject.kind === "guest" ? subject.name : selector;
      return {
        ...guest,
        result: isBack ? "taken back" : "failed",
        message: isBack ? `${name}: ${message}` : message,
        ...(hint === undefined ? {} : { hint }),
      };
    }
  }
}

/** A guest that was left out of the plan. */
export function skippedResult({ subject, ...refusal }: Refusal): GuestResult {
  return { guest: subject, result: "left out", ...refusal };
}

/** The report for people. */
export function printBatchReport(
  guests: readonly GuestResult[],
  comparisons: readonly Comparison[],
  seconds: number,
  lines: Lines,
): void {
  const count = (wanted: GuestResult["result"]): number => guests.filter(({ result }) => result === wanted).length;
  const before = count("ended before");
  const earlier = before === 0 ? "" : `, ${before} before`;
  lines.heading(
    `Restored ${count("restored")} of ${counted(guests.length, "guest")}${earlier}, in ${formatDuration(seconds)}`,
  );
  lines.table(guests.map(row), "  ");
  for (const guest of guests) printGuest(guest, lines);
  for (const { environment, findings } of comparisons) {
    lines.line(`${environment}, compared with Pulumi:`);
    for (const finding of findings) printFinding(finding, lines);
  }
}

const words = {
  restored: "restored",
  "not proven": "NOT PROVEN",
  "ended before": "ended before",
  failed: "FAILED",
  "taken back": "TAKEN BACK",
  "left out": "left out",
} as const;

function row({ guest, result, report, endedAt = "" }: GuestResult): Table[number] {
  const word = result === "restored" && (report?.checks.length ?? 0) > 0 ? "restored, proven" : words[result];
  return [guest, word, report === undefined ? endedAt : formatDuration(report.seconds), report?.archive ?? ""];
}

/** What is to be known about one guest beyond its line in the table. */
function printGuest({ guest, message, hint, report }: GuestResult, lines: Lines): void {
  const findings = report?.findings ?? [];
  if (message === undefined && hint === undefined && findings.length === 0 && report?.undo === undefined) return;
  lines.line(`${guest}:`);
  if (message !== undefined) lines.hanging("  ", message);
  if (hint !== undefined) lines.hanging("  HINT: ", hint);
  for (const finding of findings) printFinding(finding, lines, "  ");
  if (report?.savePoint !== undefined) lines.line(`  Save point, protected: ${report.savePoint}`);
  if (report?.undo !== undefined) lines.line(`  To take it back, from any machine: ${report.undo}`);
}
