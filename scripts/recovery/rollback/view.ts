import { plainText } from "../../../proxmox/api/plain-text";
import { formatMoment } from "../../../site/restore/moments";
import { formatAgo, formatDuration } from "../../terminal/durations";
import type { Lines } from "../../terminal/talk";
import type { Journal } from "../engine/journal";
import type { Report } from "../engine/operation";
import type { Finding } from "../engine/step";
import { describeCheck, proofPaths } from "../steps/guest/check-steps";
import { describeLoss } from "../steps/guest/loss-words";
import { savePointPath } from "../steps/guest/save-point-steps";
import type { PlannedRollback } from "./make-plan";
import type { RollbackPlan } from "./plan";
import { printFinding } from "../engine/print-finding";

/** A plan for scripts. */
interface RollbackView {
  readonly guest: string;
  readonly vmid: number;
  readonly node: string;
  readonly snapshot: string;
  /** Unix seconds. */
  readonly time: number;
  readonly timeZone: string;
  readonly ageSeconds: number;
  readonly changes: PlannedRollback["changes"];
  readonly lost: readonly string[];
  readonly removeNewer: readonly string[];
  readonly wayBack: RollbackPlan["wayBack"];
}

/** The plan for people and scripts. */
export function rollbackView({ plan, changes, losses, timeZone, now }: PlannedRollback): Report {
  const view: RollbackView = {
    guest: `${plan.environment}/${plan.guest}`,
    vmid: plan.target.vmid,
    node: plan.target.node,
    snapshot: plan.snapshot,
    time: plan.time,
    timeZone,
    ageSeconds: Math.max(0, now - plan.time),
    changes,
    lost: losses.map(describeLoss),
    removeNewer: plan.removeNewer,
    wayBack: plan.wayBack,
  };
  return { value: { ...view }, print: (lines) => printPlan(view, lines) };
}

function printPlan(view: RollbackView, lines: Lines): void {
  const { guest, vmid, node, snapshot, time, timeZone, ageSeconds, changes, lost, removeNewer, wayBack } = view;
  lines.heading(`Plan: roll ${guest} (${vmid} on ${node}) back to ${snapshot} of ${formatMoment(time, timeZone)}`);
  lines.hanging("  lost: ", `everything written since then (${formatAgo(ageSeconds)})`);
  for (const loss of lost) lines.hanging("  lost: ", loss);
  for (const name of removeNewer) lines.hanging("  lost: ", `snapshot ${name}, which is newer`);
  for (const { key, from, to } of changes.keys) {
    lines.hanging("  back: ", `${key}: ${plainText(from ?? "not set")} becomes ${plainText(to ?? "not set")}`);
  }
  for (const key of changes.detached)
    lines.hanging("  off:  ", `${key}, which was added since: kept as an unused disk`);
  lines.hanging("  way back: ", wayBackText(wayBack));
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

/** What a rollback did, for scripts. */
interface RollbackReport {
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
}

export function rollbackReport(plan: RollbackPlan, journal: Journal, findings: readonly Finding[]): Report {
  const guest = `${plan.environment}/${plan.guest}`;
  const proofs = proofPaths(plan);
  const report: RollbackReport = {
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
  };
  return { value: { ...report }, print: (lines) => printReport(report, plan, { journal, findings }, lines) };
}

function undoCommand({ wayBack }: RollbackPlan, journal: Journal, guest: string): string | undefined {
  if (wayBack.kind === "snapshot") return `lifeboat restore snapshot ${guest} ${wayBack.name}`;
  return journal.factsOf(savePointPath)["archive"] === undefined ? undefined : `lifeboat undo ${guest}`;
}

function printReport(
  report: RollbackReport,
  plan: RollbackPlan,
  { journal, findings }: { readonly journal: Journal; readonly findings: readonly Finding[] },
  lines: Lines,
): void {
  const proof = plan.checks.length === 0 ? "" : report.proven ? ", and proven" : ", NOT PROVEN";
  lines.heading(`Rolled ${report.guest} back to ${report.snapshot} in ${formatDuration(journal.seconds)}${proof}`);
  for (const { check, passed } of report.checks) lines.line(`  ${passed ? "✓" : "✗"} ${check}`);
  for (const finding of findings) printFinding(finding, lines);
  if (report.undo === undefined) return;
  lines.line(`To go back to the state before: ${report.undo}`);
  const { wayBack } = plan;
  if (wayBack.kind !== "snapshot") return;
  lines.line(`When you need that no more: lifeboat backup snapshot ${report.guest} --remove ${wayBack.name}`);
}
