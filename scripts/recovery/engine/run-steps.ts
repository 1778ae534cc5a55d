import { ProxmoxError, type ProxmoxErrorKind } from "../../../proxmox/api/errors";
import { GuestUnreachable } from "../../clients/guest-shell";
import { StoreError } from "../../clients/object-store/object-store";
import { InterruptedInStep, StepFailure, applySteps } from "./apply";
import type { Journal } from "./journal";
import { undoCommand } from "./kinds";
import { type Session, observerOf } from "./session";
import type { Finding, StepNode } from "./step";

/** What a runner of steps does at their end. */
export interface StepsEnd {
  /** Turns a failed step into the error that is shown. */
  readonly explain: (failure: StepFailure) => Error;
  /** Called when every step is done, before the journal says so. */
  readonly beforeEnd?: (() => void) | undefined;
}

/** A node that does not answer now: taking back would fail as well, and the way forward is still there. */
const outOfReach: ReadonlySet<ProxmoxErrorKind> = new Set(["unreachable", "untrusted", "unauthorized", "lost"]);

/** True when the node, the guest, or the store of a state, could not be asked at all. */
export function isOutOfReach(error: unknown): boolean {
  if (error instanceof GuestUnreachable) return true;
  if (error instanceof StoreError) return error.kind !== "failed";
  return error instanceof ProxmoxError && outOfReach.has(error.kind);
}

/**
 * Runs the steps of a journal that are not done.
 *
 * @throws what `explain` makes of a failed step; InterruptedInStep after Ctrl-C, when it is shown how things stand.
 */
export async function runSteps(
  { context }: Pick<Session, "context">,
  journal: Journal,
  steps: readonly StepNode[],
  { explain, beforeEnd }: StepsEnd,
): Promise<readonly Finding[]> {
  try {
    return await applySteps(steps, journal, {
      signal: context.signal,
      observer: observerOf(context),
      staysOpen: isOutOfReach,
      beforeEnd,
    });
  } catch (error) {
    if (error instanceof InterruptedInStep) tellInterruption(context.talk, journal, error);
    throw error instanceof StepFailure ? explain(error) : error;
  }
}

/** What state things are in after Ctrl-C, and how to resume. */
function tellInterruption(talk: Session["context"]["talk"], journal: Journal, { step }: InterruptedInStep): void {
  const begun = journal.record(step.path) !== undefined;
  talk.line(`Stopped ${begun ? "in" : "before"} step '${step.step.title}'.`);
  const task = taskLeft(journal, step.path);
  if (task !== undefined) talk.line(task);
  talk.hint(`to resume: ${journal.contents.command}`);
  const undo = undoCommand(journal.contents);
  if (undo !== undefined) talk.hint(`to take it back: ${undo}`);
}

/** A sentence about the task that works on after Ctrl-C; undefined where there is none. */
export function taskLeft(journal: Journal, stepPath: string): string | undefined {
  const { upid, asked } = journal.factsOf(stepPath);
  if (typeof upid !== "string" || asked !== true) return undefined;
  const node = journal.contents.guest?.node;
  return `The task goes on${node === undefined ? "" : ` on node ${node}`}: ${upid}`;
}
