import { ProxmoxError } from "../../../proxmox/api/errors";
import { nodeTools } from "../../../proxmox/rules/node-tools";
import type { StepFailure } from "../engine/apply";
import type { Journal } from "../engine/journal";
import { undoCommand } from "../engine/kinds";
import type { Meaning } from "../engine/operation";
import type { RestorePlan } from "../steps/guest/plan";
import { savePointPath } from "../steps/guest/save-point-steps";
import { RestoreFailed, restorePath } from "./restore-step";

/** What a failed step means for the guest, and the next command where another is due than those of any operation. */
export function restoreMeaning(plan: RestorePlan, failure: StepFailure, journal: Journal): Meaning {
  const hasSavePoint = journal.factsOf(savePointPath)["archive"] !== undefined;
  const hint = hintOf(plan, failure, journal, hasSavePoint);
  return { text: textOf(plan, failure, journal, hasSavePoint), ...(hint === undefined ? {} : { hint }) };
}

function textOf(plan: RestorePlan, failure: StepFailure, journal: Journal, hasSavePoint: boolean): string {
  const { guest, target, present } = plan;
  const isCopy = plan.mode === "beside";
  if (failure.position === "open") {
    if (isCopy) return `guest ${target.vmid} is not made.`;
    return `${guest} is not overwritten${present?.running === true ? ", and may be stopped" : ""}.`;
  }
  if (journal.record(restorePath)?.state === "done") {
    return `${isCopy ? `guest ${target.vmid}` : guest} is restored, and not proven.`;
  }
  if (isCopy) return `guest ${target.vmid} may be incomplete.`;
  if (failure.cause instanceof RestoreFailed) {
    return hasSavePoint ? `its save point holds ${guest} as it was.` : "there is no save point.";
  }
  return `${guest} may be overwritten.`;
}

/** Undefined: the commands that resume it or take it back, as after any failure. */
function hintOf(
  { mode, guest, target, live, environment }: RestorePlan,
  { cause, position }: StepFailure,
  { contents }: Journal,
  hasSavePoint: boolean,
): string | undefined {
  const { command } = contents;
  if (mode === "beside" || position === "open") return undefined;
  if (cause instanceof ProxmoxError && cause.lock !== undefined) {
    return `when no task is at work on ${guest} any more, take the lock off on its node: ${nodeTools(target.type).program} unlock ${target.vmid}; then resume: ${command}${hasSavePoint ? `; or bring it back as it was: ${undoCommand(contents) ?? ""}` : ""}`;
  }
  if (live === true && cause instanceof RestoreFailed) {
    if (hasSavePoint)
      return `bring ${guest} back as it was: ${undoCommand(contents) ?? ""}; then restore it without --live`;
    return `give it up: lifeboat abandon ${environment}/${guest}; then restore it without --live`;
  }
  if (!hasSavePoint) return cause instanceof RestoreFailed ? `try again: ${command}` : `to resume: ${command}`;
  if (!(cause instanceof RestoreFailed)) return undefined;
  return `bring ${guest} back as it was: ${undoCommand(contents) ?? ""}; or try the archive again: ${command}`;
}
