import { ProxmoxError, type ProxmoxErrorKind } from "../../../proxmox/api/errors";
import { StoreError } from "../../clients/object-store/object-store";
import { Interrupted, StepFailure, applySteps } from "./apply";
import { messageOf } from "../../machine/error-code";
import type { Journal } from "./journal";
import type { Finding, StepNode } from "./step";
import { restoreKind } from "../restore-guest/journals";
import { type Session, type StackSession, observerOf } from "./session";

/** Turns a failed step into the error that is told: its cause, what became of the guest, and what to do next. */
export type Explain = (failure: StepFailure) => Error;

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
export async function runOperation(
  session: Session | StackSession,
  journal: Journal,
  steps: readonly StepNode[],
  explain: Explain,
  beforeEnd?: () => void,
): Promise<readonly Finding[]> {
  const { context } = session;
  try {
    return await applySteps(steps, journal, {
      signal: context.signal,
      observer: observerOf(context),
      staysOpen: isOutOfReach,
      beforeEnd,
    });
  } catch (error) {
    if (error instanceof Interrupted) {
      tellInterruption(session, journal, error);
      throw context.signal.reason;
    }
    throw error instanceof StepFailure ? explain(error) : error;
  }
}

/** What state things are in after Ctrl-C, and how to go on. */
function tellInterruption(
  { context, selector }: Session | StackSession,
  journal: Journal,
  { step }: Interrupted,
): void {
  const { upid, asked } = journal.factsOf(step.path);
  const begun = journal.record(step.path) !== undefined;
  context.talk.line(`Stopped ${begun ? "in" : "before"} step '${step.step.title}'.`);
  if (typeof upid === "string" && asked === true) {
    const node = journal.contents.guest?.node;
    context.talk.line(`The task goes on${node === undefined ? "" : ` on node ${node}`}: ${upid}`);
  }
  context.talk.hint(`to go on: ${journal.contents.command}`);
  if (journal.contents.kind === restoreKind) context.talk.hint(`to take it back: lifeboat undo ${selector}`);
}

/** Sentences about steps that could not be taken back. */
export function leftoverText(failure: StepFailure): string {
  return failure.leftovers.length === 0 ? "" : ` Not taken back: ${failure.leftovers.join("; ")}.`;
}

/** The cause of a failure as one half sentence. */
export function causeOf(failure: StepFailure): string {
  return messageOf(failure.cause);
}
