import { CommandError } from "../../terminal/command-error";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import { failureOf } from "../../clients/failure";
import { type StepFailure, remainingSteps } from "../engine/apply";
import type { GivenAnswers } from "../engine/consent";
import { digestOf, type Inputs } from "../engine/digest";
import type { Journal } from "../engine/journal";
import { placeSteps, type Step } from "../engine/step";
import { takeBack } from "../engine/take-back";
import { compareState } from "../steps/state/compare-state";
import { type StackSession, halfDone, observerOf, unfinished } from "../engine/session";
import { forceFlag, confirm } from "../engine/settle-demands";
import { planStateRestore, type PointWish } from "./make-plan";
import { pointForScripts } from "../steps/state/points-view";
import { type RestoreStatePlan, restoreStateKind, restoreStatePlanSchema } from "./plan";
import { restoreStateSteps } from "./steps";
import { printStatePlan, printStateReport, reportOf, viewOf } from "./view";
import type { StateAccess } from "../steps/state/state-access";
import { leftoverText } from "../engine/explain";
import { runSteps } from "../engine/run-steps";
import { messageOf } from "../../machine/error-code";

/** What `lifeboat restore state --to` was asked for. */
export interface StateRestoreRequest {
  readonly wish: PointWish;
  readonly given: GivenAnswers;
  /** The command line that does the same again. */
  readonly command: string;
}

/** Inspects, plans, asks, restores and reports; or goes on with a restore that has not ended. */
export async function conductStateRestore(
  session: StackSession,
  access: StateAccess,
  request: StateRestoreRequest,
  journals: readonly Journal[],
): Promise<ExitCode> {
  const open = unfinished(journals);
  if (open !== undefined) {
    const code = await goOn(session, access, request, open);
    if (code !== "taken-back") return code;
  }
  return begin(session, access, request);
}

async function begin(session: StackSession, access: StateAccess, request: StateRestoreRequest): Promise<ExitCode> {
  const { context, dryRun, state, selector } = session;
  const planned = await context.progress.step(`Look at the state of ${selector}`, () =>
    planStateRestore(session, access, request.wish),
  );
  const { plan, point, demands, inputs } = planned;
  if (plan === undefined) {
    const value = { environment: selector, point: pointForScripts(point), changed: false };
    context.output.result(value, (lines) => lines.line(`${point.id} is the state of ${selector} already.`));
    return exitCodes.done;
  }
  const view = viewOf(plan, planned, stepsOf(session, access, plan, inputs));
  if (dryRun) context.output.result({ plan: view }, (lines) => printStatePlan(view, point, lines));
  else printStatePlan(view, point, context.talk);
  if (dryRun) return exitCodes.done;
  await confirm(demands, request.given, context);
  const { command } = request;
  const journal = state.begin({ kind: restoreStateKind, command, request: textsOf(request), inputs, plan });
  return run(session, access, journal, plan);
}

/** What tells one request from another. */
function textsOf({ wish }: StateRestoreRequest): Record<string, string> {
  return { to: wish.to };
}

function stepsOf(session: StackSession, access: StateAccess, plan: RestoreStatePlan, inputs: Inputs): Step[] {
  const { environment, context } = session;
  const comparePulumi = (signal: AbortSignal) => compareState({ environment, context }, signal);
  return restoreStateSteps(plan, { access, comparePulumi }, inputs);
}

/** @throws CommandError (11) when something else is half done */
async function goOn(
  session: StackSession,
  access: StateAccess,
  request: StateRestoreRequest,
  open: Journal,
): Promise<ExitCode | "taken-back"> {
  const { context, selector } = session;
  const { startedAt, kind, state, id } = open.contents;
  if (kind !== restoreStateKind || digestOf(open.contents.request) !== digestOf(textsOf(request))) {
    throw halfDone(session, open);
  }
  const plan = restoreStatePlanSchema.parse(open.contents.plan);
  const steps = stepsOf(session, access, plan, open.contents.inputs);
  if (state === "taking-back") return finishTakingBack(session, open, steps);
  const left = remainingSteps(steps, open).map(({ step }) => step.does);
  context.talk.line(`A restore of the state of ${selector} begun at ${startedAt} has not ended. Still to do:`);
  for (const text of left) context.talk.hanging("  - ", text);
  if (session.dryRun) {
    const value = { operation: id, startedAt, remaining: left };
    context.output.result(value, (lines) => lines.line(`Would go on with the restore begun at ${startedAt}.`));
    return exitCodes.done;
  }
  const question = `Go on with the restore of the state of ${selector} begun at ${startedAt}?`;
  await confirm([{ flag: forceFlag, reason: "going on is not confirmed", question }], request.given, context);
  return run(session, access, open, plan);
}

async function finishTakingBack(session: StackSession, open: Journal, steps: readonly Step[]): Promise<"taken-back"> {
  const { context, dryRun } = session;
  context.talk.line(`A restore begun at ${open.contents.startedAt} failed and is not taken back completely yet.`);
  if (dryRun) return "taken-back";
  const leftovers = await takeBack(placeSteps(steps), open, {
    signal: context.signal,
    observer: observerOf(context),
  });
  if (leftovers.length === 0) return "taken-back";
  throw new CommandError(`an earlier restore cannot be taken back: ${leftovers.join("; ")}`, {
    exitCode: exitCodes.failed,
    hint: `try again later: ${open.contents.command}`,
  });
}

async function run(
  session: StackSession,
  access: StateAccess,
  journal: Journal,
  plan: RestoreStatePlan,
): Promise<ExitCode> {
  const steps = stepsOf(session, access, plan, journal.contents.inputs);
  const findings = await runSteps(session, journal, steps, { explain: (failure) => explain(failure, plan, journal) });
  const report = reportOf(plan, journal, findings);
  session.context.output.result({ ...report }, (lines) => printStateReport(report, lines));
  return exitCodes.done;
}

/** What a failed step means for the state, and what to do about it. */
function explain(failure: StepFailure, plan: RestoreStatePlan, journal: Journal): Error {
  const { exitCode, hint, stack } = failureOf(failure.cause, undefined);
  if (stack !== undefined && failure.cause instanceof Error) return failure.cause;
  const text =
    failure.position === "taken-back"
      ? "Nothing is changed: what was begun has been taken back."
      : `It stands still in step '${failure.step.step.title}'; the state of ${plan.environment} is ${failure.position === "committed" ? `${plan.point.id}, or as it was` : "as it was"}.`;
  return new CommandError(`${messageOf(failure.cause)}. ${text}${leftoverText(failure)}`, {
    exitCode,
    hint: failure.position === "taken-back" ? hint : `to resume: ${journal.contents.command}`,
    details: { step: failure.step.path, position: failure.position, operation: journal.contents.id },
    cause: failure.cause,
  });
}
