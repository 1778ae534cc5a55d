import { CommandError } from "../../../terminal/command-error";
import { type ExitCode, exitCodes } from "../../../terminal/exit-codes";
import { failureOf } from "../../../clients/failure";
import type { ShowStep } from "../../../terminal/progress";
import { Interrupted, StepFailure, applySteps } from "../../engine/apply";
import type { Observer } from "../../engine/observer";
import { finishTakingBack, stepsOf } from "../operation";
import { explainRestore } from "../meaning";
import type { RestoreJournal } from "../journals";
import { type RestoreReport, reportOf } from "../report";
import { isOutOfReach } from "../../engine/run-steps";
import type { GuestSession } from "../../engine/session";
import { type BackupTurns, TurnHolder } from "./backup-turns";
import { runBounded } from "../../../machine/bounded";

/** One guest's restore of several, begun. */
export interface SeveralPart {
  readonly session: GuestSession;
  readonly restore: RestoreJournal;
  readonly checkSeconds: number;
}

/** What became of one guest. */
export interface PartOutcome {
  readonly part: SeveralPart;
  /**
   * - `restored`: with a report, proven or not;
   * - `failed`: with a reason;
   * - `interrupted`: Ctrl-C came first;
   * - `gone-back`: an earlier run had taken it back, or it was undone since.
   */
  readonly kind: "restored" | "failed" | "interrupted" | "gone-back";
  readonly report?: RestoreReport;
  readonly exitCode: ExitCode;
  readonly message?: string;
  readonly hint?: string;
}

/** Restores of one node at the same time: more would only slow each other down on its disks. */
const perNode = 2;

/** Runs every part that has not ended, several at a time. The failure of one leaves the others going. */
export function runParts(
  parts: readonly SeveralPart[],
  parallel: number,
  turns: BackupTurns,
  show: (strand: string) => ShowStep,
): Promise<PartOutcome[]> {
  const keyOf = ({ restore }: SeveralPart): string => restore.plan.target.node;
  return runBounded(parts, { parallel, perKey: perNode, keyOf }, (part) => runPart(part, turns, show));
}

async function runPart(
  part: SeveralPart,
  turns: BackupTurns,
  show: (strand: string) => ShowStep,
): Promise<PartOutcome> {
  const { session, restore } = part;
  const { journal, plan } = restore;
  const { signal } = session.context;
  const { state } = journal.contents;
  if (state === "taken-back" || state === "undone") return goneBack(part);
  if (state === "done" || state === "unproven") return restored(part);
  if (signal.aborted) return { part, kind: "interrupted", exitCode: exitCodes.interrupted };
  const turn = new TurnHolder(turns, plan.target.node);
  try {
    if (state === "taking-back") {
      await finishTakingBack(session, restore);
      return goneBack(part);
    }
    const steps = await stepsOf(session, restore, part.checkSeconds);
    const observer = observerOf(show(session.selector), turn);
    await applySteps(steps, journal, { signal, observer, staysOpen: isOutOfReach });
    return await restored(part);
  } catch (error) {
    if (error instanceof Interrupted) return { part, kind: "interrupted", exitCode: exitCodes.interrupted };
    return failed(part, error instanceof StepFailure ? explainRestore(error, session, plan, journal) : error);
  } finally {
    turn.release();
  }
}

function observerOf(show: ShowStep, turn: TurnHolder): Observer {
  return {
    step: async ({ path, step }, work) => {
      await turn.before(path);
      return show(step.title, work);
    },
    takeBack: ({ step }, work) => show(`Take back: ${step.title}`, work),
  };
}

async function restored(part: SeveralPart): Promise<PartOutcome> {
  const { session, restore, checkSeconds } = part;
  const { journal, plan } = restore;
  const findings = Object.values(journal.contents.steps).flatMap((step) => step.findings);
  const report = reportOf(plan, journal, await stepsOf(session, restore, checkSeconds), findings);
  return { part, kind: "restored", report, exitCode: report.proven ? exitCodes.done : exitCodes.partly };
}

function goneBack(part: SeveralPart): PartOutcome {
  const { session, restore } = part;
  const message =
    restore.journal.contents.state === "undone"
      ? "restored, and undone since"
      : "an earlier run failed before it overwrote anything, and took everything back";
  const hint = `to try it again: ${restore.journal.contents.command}`;
  return { part, kind: "gone-back", exitCode: exitCodes.failed, message: `${session.guest.name}: ${message}`, hint };
}

function failed(part: SeveralPart, error: unknown): PartOutcome {
  const { exitCode, message, hint, stack } = failureOf(error, undefined);
  if (stack !== undefined) part.session.context.talk.text(stack);
  const text = error instanceof CommandError ? error.message : message;
  return { part, kind: "failed", exitCode, message: text, ...(hint === undefined ? {} : { hint }) };
}
