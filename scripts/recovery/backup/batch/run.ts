import { CommandError } from "../../../terminal/command-error";
import { type ExitCode, exitCodes } from "../../../terminal/exit-codes";
import { failureOf } from "../../../clients/failure";
import type { ShowStep } from "../../../terminal/progress";
import { InterruptedInStep, StepFailure, applySteps } from "../../engine/apply";
import type { Journal } from "../../engine/journal";
import { isOutOfReach } from "../../engine/run-steps";
import { runBounded } from "../../../machine/bounded";
import type { RunSession } from "./open-runs";
import type { BackupRun, GuestOutcome } from "./plan";
import { outcomesIn, runPath, runSteps } from "./steps";

/** The run of one node, begun. */
export interface RunPart {
  readonly session: RunSession;
  readonly run: BackupRun;
  readonly journal: Journal;
}

/** What became of a run. */
export type PartOutcome =
  | { readonly part: RunPart; readonly kind: "ended"; readonly guests: readonly GuestOutcome[] }
  /** Nothing is known of its guests. */
  | {
      readonly part: RunPart;
      readonly kind: "failed";
      readonly exitCode: ExitCode;
      readonly message: string;
      readonly hint: string | undefined;
    }
  | { readonly part: RunPart; readonly kind: "interrupted" };

/** Nodes that are at work at the same time. */
const parallel = 8;

/** Runs every part that has not ended, one on each node. The failure of one leaves the others going. */
export function runParts(
  parts: readonly RunPart[],
  signal: AbortSignal,
  show: (strand: string) => ShowStep,
): Promise<PartOutcome[]> {
  const keyOf = ({ session, run }: RunPart): string => `${session.client.endpoint} ${run.node}`;
  return runBounded(parts, { parallel, perKey: 1, keyOf }, (part) => runPart(part, signal, show));
}

async function runPart(part: RunPart, signal: AbortSignal, show: (strand: string) => ShowStep): Promise<PartOutcome> {
  const { session, run, journal } = part;
  if (!isOpen(part)) return ended(part);
  if (signal.aborted) return { part, kind: "interrupted" };
  const showStep = show(session.environment.name);
  const observer = {
    step: ({ step }, work) => showStep(step.title, work),
    takeBack: ({ step }, work) => showStep(`Take back: ${step.title}`, work),
  } satisfies Parameters<typeof applySteps>[2]["observer"];
  try {
    await applySteps(runSteps(run, session.client), journal, { signal, observer, staysOpen: isOutOfReach });
    return ended(part);
  } catch (error) {
    if (error instanceof InterruptedInStep) return { part, kind: "interrupted" };
    return failed(part, error);
  }
}

/** True while the same command would go on with it. */
export function isOpen({ journal }: RunPart): boolean {
  return journal.contents.state === "open" || journal.contents.state === "taking-back";
}

function ended(part: RunPart): PartOutcome {
  const guests = outcomesIn(part.journal.factsOf(runPath));
  if (guests.length > 0) return { part, kind: "ended", guests };
  const message = part.journal.record(runPath)?.error ?? "an earlier run failed before it began";
  return { part, kind: "failed", exitCode: exitCodes.failed, message, hint: undefined };
}

function failed(part: RunPart, error: unknown): PartOutcome {
  const cause = error instanceof StepFailure ? error.cause : error;
  const { exitCode, message, hint, stack } = failureOf(cause, undefined);
  if (stack !== undefined) throw cause;
  const text = cause instanceof CommandError ? cause.message : message;
  return { part, kind: "failed", exitCode, message: text, hint };
}
