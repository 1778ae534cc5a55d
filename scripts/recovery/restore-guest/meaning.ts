import { CommandError } from "../../terminal/command-error";
import { failureOf } from "../../clients/failure";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import type { StepFailure } from "../engine/apply";
import type { Journal } from "../engine/journal";
import type { GuestSession } from "../engine/session";
import type { RestorePlan } from "../steps/guest/plan";
import { RestoreFailed } from "./restore-step";
import { savePointPath } from "../steps/guest/save-point-steps";
import { leftoverText } from "../engine/explain";
import { messageOf } from "../../machine/error-code";

/** What a failed step means for the guest, and what to do about it. */
export function explainRestore(
  failure: StepFailure,
  session: GuestSession,
  plan: RestorePlan,
  journal: Journal,
): Error {
  const state = stateText(failure, plan);
  const { exitCode, hint, isDefect } = sortOut(failure.cause);
  if (isDefect) {
    // A defect keeps its stack trace; what it left behind is told before.
    session.context.talk.line(state);
    session.context.talk.hint(nextCommands(failure, session, plan, journal));
    return failure.cause instanceof Error ? failure.cause : failure;
  }
  const ownHint = failure.position === "taken-back" ? hint : undefined;
  return new CommandError(`${messageOf(failure.cause)}. ${state}${leftoverText(failure)}`, {
    exitCode,
    hint: ownHint ?? nextCommands(failure, session, plan, journal),
    details: { step: failure.step.path, position: failure.position, operation: journal.contents.id },
    cause: failure.cause,
  });
}

function sortOut(cause: unknown): { exitCode: ExitCode; hint: string | undefined; isDefect: boolean } {
  if (cause instanceof RestoreFailed) return { exitCode: exitCodes.failed, hint: undefined, isDefect: false };
  const { exitCode, hint, stack } = failureOf(cause, undefined);
  return { exitCode, hint, isDefect: stack !== undefined };
}

function stateText({ position, step }: StepFailure, plan: RestorePlan): string {
  switch (position) {
    case "taken-back":
      return "Nothing is changed: what was begun has been taken back.";
    case "open":
      return `The restore stands still before step '${step.step.title}'; ${plan.guest} is not overwritten${plan.present?.running === true ? ", and may be stopped" : ""}.`;
    case "committed":
      return `The restore stands still in step '${step.step.title}'.`;
  }
}

/** The way forward, and the way back where there is one. */
function nextCommands(failure: StepFailure, { selector }: GuestSession, plan: RestorePlan, journal: Journal): string {
  const forward = journal.contents.command;
  const back = `lifeboat undo ${selector}`;
  if (failure.position === "taken-back") return `look at the plan again: lifeboat restore guest ${selector} --dry-run`;
  const hasSavePoint = journal.factsOf(savePointPath)["archive"] !== undefined;
  if (failure.cause instanceof RestoreFailed && plan.mode === "in-place") {
    return hasSavePoint
      ? `bring ${plan.guest} back as it was: ${back}; or try the archive again: ${forward}`
      : `there is no save point; try again: ${forward}`;
  }
  const way = hasSavePoint || failure.position === "open" || plan.mode === "beside" ? `; to take it back: ${back}` : "";
  return `to resume: ${forward}${way}`;
}
