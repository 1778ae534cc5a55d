import type { Loss } from "../../../site/restore/losses";
import type { Demand } from "../engine/consent";
import { forceFlag } from "../engine/settle-demands";
import { lossReason } from "../steps/guest/loss-words";
import type { RestorePlan } from "../steps/guest/plan";
import type { RestoreInspection } from "./inspect";
import { liveQuestion } from "./live";
import type { RestoreOptions } from "./restore-options";

/** Makes a copy at an id that stands for something already. */
export const reuseFlag = "--reuse-id";

/** What the operator must answer before it is begun. */
export function demandsOf(
  plan: RestorePlan,
  losses: readonly Loss[],
  { withoutSavePoint }: RestoreOptions,
  { freeId, targetTraces }: RestoreInspection,
): Demand[] {
  const demands: Demand[] = [];
  const { guest, target } = plan;
  const { known, unknown } = targetTraces;
  if (known.length > 0) {
    const traces = known.join(", ");
    demands.push({
      flag: reuseFlag,
      reason: `the id ${target.vmid} has no guest, and is not unused: ${traces} (unused: --target-id ${freeId})`,
      question: `The id ${target.vmid} is not unused: ${traces}.`,
      typed: String(target.vmid),
    });
  }
  if (known.length === 0 && unknown.length > 0) {
    const gaps = unknown.join(", ");
    demands.push({
      flag: reuseFlag,
      reason: `the id ${target.vmid} has no guest, and whether it is unused is not known: ${gaps}`,
      question: `Whether the id ${target.vmid} is unused is not known: ${gaps}.`,
      typed: String(target.vmid),
    });
  }
  if (plan.present?.running === true) {
    // What takes a restore back makes no copies.
    const isUndo = plan.undoes !== undefined;
    demands.push({
      flag: "--stop",
      reason: `${guest} is running and must be stopped${isUndo ? "" : ` (or restore beside it: --target-id ${freeId})`}`,
      question: `${guest} is running. Stop it?${isUndo ? "" : ` (A copy beside it: --target-id ${freeId})`}`,
    });
  }
  if (losses.length > 0) {
    const reason = lossReason(losses);
    demands.push({ flag: "--accept-loss", reason, question: `${reason}. Go on?` });
  }
  if (plan.present !== undefined && plan.savePoint === undefined && withoutSavePoint !== undefined) {
    demands.push({
      flag: "--without-save-point",
      reason: `without a save point there is no way back to the present ${guest}`,
      question: `There will be no way back to the present ${guest}.`,
      typed: guest,
    });
  }
  return [...demands, { flag: forceFlag, reason: "the plan is not confirmed", question: questionOf(plan) }];
}

function questionOf(plan: RestorePlan): string {
  return `${whetherOf(plan)}${plan.live === true ? ` ${liveQuestion}` : ""}`;
}

function whetherOf({ mode, guest, target, present }: RestorePlan): string {
  if (mode === "beside") return `Restore ${guest} as guest ${target.vmid}?`;
  return present === undefined ? `Bring ${guest} back?` : `Overwrite ${guest}?`;
}
