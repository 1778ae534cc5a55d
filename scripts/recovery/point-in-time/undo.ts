import type { PointInTimeProgram } from "../../clients/data-program/point-in-time-program";
import { CommandError } from "../../terminal/command-error";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import type { GivenAnswers } from "../engine/consent";
import { digestOf } from "../engine/digest";
import { isOpen, type Journal } from "../engine/journal";
import type { Operation } from "../engine/operation";
import { begin, planIn, runLocked } from "../engine/run-one";
import { type GuestSession, halfDone, journalsOf, takeLock, unfinished } from "../engine/session";
import { forceFlag } from "../engine/settle-demands";
import { takeBackOne } from "../engine/take-back-one";
import { wishText } from "./locate";
import { pointInTimeOperation } from "./operation";
import { pointInTimeKind, type PointInTimePlan, pointInTimePlanSchema, undoPointInTimeKind } from "./plan";

/** What `--undo` was asked for. */
export interface UndoPointInTimeRequest {
  readonly source: string;
  readonly program: () => Promise<PointInTimeProgram>;
  readonly given: GivenAnswers;
  readonly command: string;
}

/**
 * Takes the last recovery of a source back: what replaced nothing yet is removed, and what is in its place makes room for what was
 * there before.
 *
 * @throws CommandError (1, 10, 11, 13)
 */
export async function undoPointInTime(session: GuestSession, request: UndoPointInTimeRequest): Promise<ExitCode> {
  if (!session.dryRun) takeLock(session, request.command);
  const journals = journalsOf(session);
  const open = unfinished(journals, pointInTimeKind);
  const isOurs = (journal: Journal): boolean =>
    journal.contents.kind === pointInTimeKind && planOf(journal).source === request.source;
  if (open !== undefined && !isOurs(open) && open.contents.kind !== undoPointInTimeKind) throw halfDone(session, open);
  const last = journals.find((journal) => isOurs(journal) && (isOpen(journal) || journal.contents.state === "done"));
  if (last === undefined) {
    throw new CommandError(`there is no recovery of ${request.source} of ${session.selector} to take back`, {
      exitCode: exitCodes.nothing,
      hint: "what recoveries have kept lies beside the data directory: lifeboat-data-pitr facts, in the guest",
    });
  }
  if (open === last) {
    const plan = planOf(last);
    const operation = pointInTimeOperation(session, {
      ...request,
      wish: plan.wish,
      timeline: plan.asked,
      question: plan.question,
    });
    const what = `the recovery of ${plan.source} to ${wishText(plan.wish)}`;
    return takeBackOne(session, operation, last, { what, value: { guest: session.selector } });
  }
  const operation = undoOperation(session, request, last);
  return open === undefined ? begin(session, operation) : runLocked(session, operation);
}

function planOf(journal: Journal): PointInTimePlan {
  return planIn({ schema: pointInTimePlanSchema, name: "recovery to a point in time" }, journal);
}

/** What a finished recovery has put in its place makes room again. */
function undoOperation(
  { selector }: GuestSession,
  { source, program, given, command }: UndoPointInTimeRequest,
  undone: Journal,
): Operation<PointInTimePlan> {
  const { id } = undone.contents;
  const plan = planOf(undone);
  const value = { guest: selector, source, takesBack: id };
  const back = `PostgreSQL ${plan.cluster} of ${selector}`;
  return {
    kind: undoPointInTimeKind,
    name: `return of ${source} of ${selector}`,
    schema: pointInTimePlanSchema,
    request: { source, undo: id },
    command,
    given,
    plan: () =>
      Promise.resolve({
        plan,
        inputs: { "the recovery": digestOf(id) },
        demands: [
          {
            flag: forceFlag,
            reason: "the plan is not confirmed",
            question: `Bring back what was there before the recovery to ${wishText(plan.wish)}?`,
          },
        ],
        view: {
          value,
          print: (lines) => {
            lines.heading(`Plan: bring ${back} back to what it was before the recovery to ${wishText(plan.wish)}`);
            lines.hanging("  kept: ", `what is there now, as ${plan.data}.lifeboat-undone-${id}`);
          },
        },
      }),
    steps: () => [
      {
        id: "return",
        title: "Bring back what was there before",
        does: `stop PostgreSQL ${plan.cluster}, keep what was recovered, and start on what was there before`,
        commits: true,
        run: async (context) => {
          context.note({ sent: true });
          await (await program()).undo(id, context.signal);
        },
      },
    ],
    report: () => ({
      value,
      print: (lines) => lines.heading(`${back} is what it was before the recovery to ${wishText(plan.wish)}`),
    }),
    meaning: () => ({ text: `${back} is stopped, or one of both; both are kept.` }),
    beforeEnd: () => undone.setState("undone"),
  };
}
