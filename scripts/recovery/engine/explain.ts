import { failureOf } from "../../clients/failure";
import { messageOf } from "../../machine/error-code";
import { CommandError } from "../../terminal/command-error";
import type { Talk } from "../../terminal/talk";
import type { StepFailure } from "./apply";
import type { Journal } from "./journal";
import { keptBy } from "./kept";
import { undoCommand } from "./kinds";
import type { Operation } from "./operation";

/**
 * The error that people see of a failed step: its cause, what became of the subject, and what to do next. A defect
 * of ours keeps its stack trace; what it leaves behind is shown before.
 */
export function explain<Plan>(
  failure: StepFailure,
  operation: Pick<Operation<Plan>, "meaning" | "command">,
  plan: Plan,
  journal: Journal,
  talk: Pick<Talk, "line" | "hint">,
): Error {
  const { exitCode, hint, stack } = failureOf(failure.cause, undefined);
  const isDefect = stack !== undefined && failure.cause instanceof Error;
  const isBack = failure.position === "taken-back";
  const meaning = isBack ? undefined : operation.meaning(plan, failure, journal);
  const details = { step: failure.step.path, position: failure.position, operation: journal.contents.id };
  const { cause } = failure;
  if (!isBack && meaning === undefined) {
    return isDefect ? failure.cause : new CommandError(messageOf(cause), { exitCode, hint, details, cause });
  }
  const where =
    meaning === undefined
      ? nothingChanged(journal)
      : `It stopped in step '${failure.step.step.title}'; ${meaning.text}`;
  const text = `${where}${leftoverText(failure)}${isBack ? keptText(journal) : ""}`;
  const next = meaning === undefined ? planAgain(operation) : (meaning.hint ?? nextCommands(journal));
  if (isDefect) {
    talk.line(text);
    talk.hint(next);
    return failure.cause;
  }
  return new CommandError(`${messageOf(failure.cause)}. ${text}`, {
    exitCode,
    hint: isBack ? (hint ?? next) : next,
    details,
    cause,
  });
}

/** A step that failed as the first has left nothing to take back. */
function nothingChanged({ contents }: Journal): string {
  const isFirst = Object.keys(contents.steps).length < 2;
  return isFirst ? "Nothing is changed." : "Nothing is changed: what was begun has been taken back.";
}

/** The way forward, and the way back where there is one. */
function nextCommands({ contents }: Journal): string {
  const undo = undoCommand(contents);
  return `to resume: ${contents.command}${undo === undefined ? "" : `; to take it back: ${undo}`}`;
}

/** One of a batch is planned again by itself: the others may have ended. */
function planAgain({ command }: Pick<Operation<unknown>, "command">): string {
  return `look at the plan again: ${command} --dry-run`;
}

function keptText(journal: Journal): string {
  return keptBy(journal)
    .map((text) => ` Kept: ${text}.`)
    .join("");
}

/** Sentences about steps that could not be taken back. */
function leftoverText({ leftovers }: StepFailure): string {
  return leftovers.length === 0 ? "" : ` Not taken back: ${leftovers.join("; ")}.`;
}
