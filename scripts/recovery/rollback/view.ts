import { plainText } from "../../../proxmox/api/plain-text";
import { formatMoment } from "../../../site/restore/moments";
import { formatAgo, formatDuration } from "../../terminal/durations";
import type { Lines } from "../../terminal/talk";
import { flagOf } from "../engine/consent";
import type { Journal } from "../engine/journal";
import { type Finding, type StepNode, placeSteps } from "../engine/step";
import { describeCheck, proofPaths } from "../steps/guest/check-steps";
import { savePointPath } from "../steps/guest/save-point-steps";
import type { PlannedRollback } from "./make-plan";
import type { RollbackPlan } from "./plan";
import { printFinding } from "../engine/print-finding";

/** A plan for people and scripts. */
export interface RollbackView {
  readonly guest: string;
  readonly vmid: number;
  readonly node: string;
  readonly snapshot: string;
  /** Unix seconds. */
  readonly time: number;
  readonly timeZone: string;
  readonly ageSeconds: number;
  readonly changes: PlannedRollback["changes"];
  readonly removeNewer: readonly string[];
  readonly wayBack: RollbackPlan["wayBack"];
  readonly steps: readonly string[];
  /** Flags that answer everything that will be asked. */
  readonly flags: readonly string[];
}

export function viewOf(
  { plan, changes, demands, timeZone, now }: PlannedRollback,
  steps: readonly StepNode[],
): RollbackView {
  return {
    guest: `${plan.environment}/${plan.guest}`,
    vmid: plan.target.vmid,
    node: plan.target.node,
    snapshot: plan.snapshot,
    time: plan.time,
    timeZone,
    ageSeconds: Math.max(0, now - plan.time),
    changes,
    removeNewer: plan.removeNewer,
    wayBack: plan.wayBack,
    steps: placeSteps(steps).map(({ step }) => step.does),
    flags: demands.map(flagOf),
  };
}

export function printRollbackPlan(view: RollbackView, lines: Lines): void {
  const { guest, vmid, node, snapshot, time, timeZone, ageSeconds, changes, removeNewer, wayBack } = view;
  lines.heading(`Plan: roll ${guest} (${vmid} on ${node}) back to ${snapshot} of ${formatMoment(time, timeZone)}`);
  lines.hanging("  lost: ", `everything written since then (${formatAgo(ageSeconds)})`);
  for (const name of removeNewer) lines.hanging("  lost: ", `snapshot ${name}, which is newer`);
  for (const { key, from, to } of changes.keys) {
    lines.hanging("  back: ", `${key}: ${plainText(from ?? "not set")} becomes ${plainText(to ?? "not set")}`);
  }
  for (const key of changes.detached)
    lines.hanging("  off:  ", `${key}, which was added since: kept as an unused disk`);
  lines.hanging("  way back: ", wayBackText(wayBack));
  lines.line("Steps:");
  for (const step of view.steps) lines.hanging("  - ", step);
  lines.hanging("Flags that answer all questions: ", view.flags.join(" "));
}

function wayBackText(wayBack: RollbackPlan["wayBack"]): string {
  switch (wayBack.kind) {
    case "snapshot":
      return `snapshot ${wayBack.name} of the present state is taken first`;
    case "save-point":
      return "a save point: a protected backup of the present state is made first, since a newer snapshot would block the rollback, or cannot be taken";
    case "none":
      return "NONE, as you asked";
  }
}

/** What a rollback did, for people and scripts. */
export interface RollbackReport {
  readonly guest: string;
  readonly vmid: number;
  readonly node: string;
  readonly snapshot: string;
  /** Every check passed. */
  readonly proven: boolean;
  readonly checks: readonly { readonly check: string; readonly passed: boolean }[];
  readonly removed: readonly string[];
  /** Command that goes back to the state before. */
  readonly undo: string | undefined;
  readonly seconds: number;
  readonly findings: readonly Finding[];
  /** Id of the operation, as in the journal's file name. */
  readonly operation: string;
}

export function rollbackReport(plan: RollbackPlan, journal: Journal, findings: readonly Finding[]): RollbackReport {
  const guest = `${plan.environment}/${plan.guest}`;
  const proofs = proofPaths(plan);
  return {
    guest,
    vmid: plan.target.vmid,
    node: plan.target.node,
    snapshot: plan.snapshot,
    proven: findings.every(({ severity }) => severity !== "problem"),
    checks: plan.checks.map((check, index) => ({
      check: describeCheck(check),
      passed: journal.factsOf(proofs[index + 1] ?? "")["proven"] === true,
    })),
    removed: plan.removeNewer,
    undo: undoCommand(plan, journal, guest),
    seconds: journal.seconds,
    findings,
    operation: journal.contents.id,
  };
}

function undoCommand({ wayBack }: RollbackPlan, journal: Journal, guest: string): string | undefined {
  if (wayBack.kind === "snapshot") return `lifeboat restore snapshot ${guest} ${wayBack.name}`;
  return journal.factsOf(savePointPath)["archive"] === undefined ? undefined : `lifeboat undo ${guest}`;
}

export function printRollbackReport(report: RollbackReport, plan: RollbackPlan, lines: Lines): void {
  const proof = plan.checks.length === 0 ? "" : report.proven ? ", and proven" : ", NOT PROVEN";
  lines.heading(`Rolled ${report.guest} back to ${report.snapshot} in ${formatDuration(report.seconds)}${proof}`);
  for (const { check, passed } of report.checks) lines.line(`  ${passed ? "✓" : "✗"} ${check}`);
  for (const finding of report.findings) printFinding(finding, lines);
  if (report.undo === undefined) return;
  lines.line(`To go back to the state before: ${report.undo}`);
  const { wayBack } = plan;
  if (wayBack.kind !== "snapshot") return;
  lines.line(`When you need that no more: lifeboat backup snapshot ${report.guest} --remove ${wayBack.name}`);
}
