import { formatDuration } from "../../terminal/durations";
import type { Lines, Table } from "../../terminal/talk";
import { bold } from "../../terminal/text";
import type { Journal } from "../engine/journal";
import { type Finding, type StepNode, placeSteps } from "../engine/step";
import { describeCheck, proofPaths } from "../steps/guest/check-steps";
import type { RestorePlan } from "../steps/guest/plan";
import { savePointPath } from "../steps/guest/save-point-steps";
import { printFinding } from "../engine/print-finding";

/** What a restore did, for people and scripts. */
export interface RestoreReport {
  readonly guest: string;
  readonly vmid: number;
  readonly node: string;
  readonly mode: "in-place" | "beside";
  readonly archive: string;
  /** It was read to its end before anything was touched; else why not. */
  readonly archiveRead: boolean;
  readonly archiveNotRead?: string;
  /** Every check passed. */
  readonly proven: boolean;
  readonly checks: readonly { readonly check: string; readonly passed: boolean }[];
  readonly savePoint: string | undefined;
  /** Command that takes the restore back. */
  readonly undo: string | undefined;
  /** Seconds from the first step to the end of the last. */
  readonly seconds: number;
  /** The guest's objective in seconds, and whether this restore met it; undefined where none is set. */
  readonly rto: { readonly seconds: number; readonly met: boolean } | undefined;
  readonly steps: readonly { readonly id: string; readonly title: string; readonly seconds: number | undefined }[];
  readonly findings: readonly Finding[];
  /** Id of the operation, as in the journal's file name. */
  readonly operation: string;
}

/** Reads the report off the journal. */
export function reportOf(
  plan: RestorePlan,
  journal: Journal,
  steps: readonly StepNode[],
  findings: readonly Finding[],
): RestoreReport {
  const savePoint = journal.factsOf(savePointPath)["archive"];
  const checks = plan.checks.map((check, index) => ({
    check: describeCheck(check),
    passed: journal.factsOf(proofPaths(plan)[index + 1] ?? "")["proven"] === true,
  }));
  const { seconds } = journal;
  const canUndo = savePoint !== undefined || plan.mode === "beside";
  return {
    guest: `${plan.environment}/${plan.guest}`,
    vmid: plan.target.vmid,
    node: plan.target.node,
    mode: plan.mode,
    archive: plan.archive.volid,
    archiveRead: journal.factsOf("integrity")["read"] === true,
    ...(plan.archive.reading?.kind === "none" ? { archiveNotRead: plan.archive.reading.why } : {}),
    proven: findings.every(({ severity }) => severity !== "problem"),
    checks,
    savePoint: typeof savePoint === "string" ? savePoint : undefined,
    undo: canUndo ? `lifeboat undo ${plan.environment}/${plan.guest}` : undefined,
    seconds,
    rto: plan.rto === undefined ? undefined : { seconds: plan.rto, met: seconds <= plan.rto },
    steps: placeSteps(steps).map(({ path, step }) => ({
      id: path,
      title: step.title,
      seconds: journal.record(path)?.seconds,
    })),
    findings,
    operation: journal.contents.id,
  };
}

/** The report for people. */
export function printReport(report: RestoreReport, lines: Lines): void {
  lines.hanging("", headline(report), bold);
  lines.table(stepTable(report), "  ");
  if (report.rto !== undefined) lines.line(`  ${rtoText(report.seconds, report.rto)}`);
  for (const { check, passed } of report.checks) lines.line(`  ${passed ? "Proven" : "NOT proven"}: ${check}`);
  if (report.checks.length === 1 && report.checks[0]?.check === describeCheck({ kind: "running" })) {
    lines.hanging("  ", "(That it runs is all that was checked: no other check is declared for it.)");
  }
  if (report.archiveRead) lines.hanging("  ", "The archive was read to its end before anything was touched.");
  if (report.archiveNotRead !== undefined)
    lines.hanging("  ", `The archive was not read before: ${report.archiveNotRead}.`);
  for (const finding of report.findings) printFinding(finding, lines);
  if (report.savePoint !== undefined) lines.hanging("Save point, protected: ", report.savePoint);
  if (report.undo !== undefined) lines.line(`To take this restore back, from any machine: ${report.undo}`);
}

function rtoText(seconds: number, rto: NonNullable<RestoreReport["rto"]>): string {
  const text = `${formatDuration(seconds)} of the ${formatDuration(rto.seconds)} that its RTO allows`;
  return rto.met ? `In time: ${text}` : `RTO MISSED: ${text}`;
}

function headline({ guest, vmid, node, mode, archive, seconds, proven, checks }: RestoreReport): string {
  const what =
    mode === "beside"
      ? `Restored a copy of ${guest} as guest ${vmid} on ${node}`
      : `Restored ${guest} (${vmid}) on ${node}`;
  const proof = proven ? (checks.length > 0 ? ", proven" : "") : ", NOT PROVEN";
  return `${what}${proof}, from ${archive}, in ${formatDuration(seconds)}`;
}

function stepTable({ steps }: RestoreReport): Table {
  return steps.map(({ title, seconds }) => [
    title,
    seconds === undefined ? "by an earlier run" : formatDuration(seconds),
  ]);
}
