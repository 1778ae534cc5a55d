import { ProxmoxError, type ProxmoxErrorKind } from "../../../proxmox/api/errors";
import { StoreError } from "../../clients/object-store/object-store";
import { Interrupted, StepFailure, applySteps } from "./apply";
import type { Journal } from "./journal";
import { undoCommand } from "./kinds";
import { type Session, observerOf } from "./session";
import type { Finding, StepNode } from "./step";

/** What a runner of steps does at their end. */
export interface StepsEnd {
  /** Turns a failed step into the error that is told. */
  readonly explain: (failure: StepFailure) => Error;
  /** Called when every step is done, before the journal says so. */
  readonly beforeEnd?: (() => void) | undefined;
}

/** A node that does not answer now: taking back would fail as well, and the way forward is still there. */
const outOfReach: ReadonlySet<ProxmoxErrorKind> = new Set(["unreachable", "untrusted", "unauthorized", "lost"]);

/** True when the node, or the store of a state, could not be asked at all. */
export function isOutOfReach(error: unknown): boolean {
  if (error instanceof StoreError) return error.kind !== "failed";
  return error instanceof ProxmoxError && outOfReach.has(error.kind);
}

/**
 * Runs the steps of a journal that are not done.
 *
 * @throws what `explain` makes of a failed step; the signal's reason after Ctrl-C, when the state has been told.
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
    if (error instanceof Interrupted) {
      tellInterruption(context.talk, journal, error);
      throw context.signal.reason;
    }
    throw error instanceof StepFailure ? explain(error) : error;
  }
}

/** What state things are in after Ctrl-C, and how to resume. */
function tellInterruption(talk: Session["context"]["talk"], journal: Journal, { step }: Interrupted): void {
  const { upid, asked } = journal.factsOf(step.path);
  const begun = journal.record(step.path) !== undefined;
  talk.line(`Stopped ${begun ? "in" : "before"} step '${step.step.title}'.`);
  if (typeof upid === "string" && asked === true) {
    const node = journal.contents.guest?.node;
    talk.line(`The task goes on${node === undefined ? "" : ` on node ${node}`}: ${upid}`);
  }
  talk.hint(`to resume: ${journal.contents.command}`);
  const undo = undoCommand(journal.contents);
  if (undo !== undefined) talk.hint(`to take it back: ${undo}`);
}
