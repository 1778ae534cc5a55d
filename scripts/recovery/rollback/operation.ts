import { CommandError } from "../../terminal/command-error";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import { failureOf } from "../../clients/failure";
import { type StepFailure, hasCommitted, remainingSteps } from "../engine/apply";
import type { GivenAnswers } from "../engine/consent";
import { digestOf } from "../engine/digest";
import type { Journal } from "../engine/journal";
import { type StepNode, placeSteps } from "../engine/step";
import { takeBack } from "../engine/take-back";
import { restoreWorld } from "../steps/guest/open-world";
import { causeOf, leftoverText, runOperation } from "../engine/run-operation";
import { type Session, halfDone, observerOf, unfinished } from "../engine/session";
import { forceFlag, settleDemands } from "../engine/settle-demands";
import { planRollback } from "./make-plan";
import { rollbackKind, type RollbackPlan, rollbackPlanSchema } from "./plan";
import { rollbackSteps } from "./steps";
import { printRollbackPlan, printRollbackReport, rollbackReport, viewOf } from "./view";

/** What `lifeboat restore snapshot` was asked for. */
export interface RollbackRequest {
  readonly snapshot: string;
  readonly given: GivenAnswers;
  /** Seconds that each check is repeated. */
  readonly checkSeconds: number;
  /** The command line that does the same again. */
  readonly command: string;
}

/** Inspects, plans, asks, rolls back and reports; or goes on with a rollback that has not ended. */
export async function conductRollback(
  session: Session,
  request: RollbackRequest,
  journals: readonly Journal[],
): Promise<ExitCode> {
  const open = unfinished(journals);
  if (open !== undefined) {
    const code = await goOn(session, request, open);
    if (code !== "taken-back") return code;
  }
  return begin(session, request);
}

async function begin(session: Session, request: RollbackRequest): Promise<ExitCode> {
  const { context, dryRun, environment, guest, state } = session;
  const planned = await context.progress.step(`Look at ${session.selector}`, () =>
    planRollback(session, request.snapshot, request.given["--without-save-point"]),
  );
  const { plan, demands, inputs, now } = planned;
  const world = await restoreWorld(session, request.checkSeconds, false);
  const view = viewOf(planned, rollbackSteps(plan, world, { id: "planned", inputs, startedAt: now }));
  if (dryRun) context.output.result({ plan: view }, (lines) => printRollbackPlan(view, lines));
  else printRollbackPlan(view, context.talk);
  if (dryRun) return exitCodes.done;
  await settleDemands(demands, request.given, context);
  const journal = state.begin({
    kind: rollbackKind,
    command: request.command,
    guest: { environment: environment.name, name: guest.name, id: guest.id, node: plan.target.node },
    request: textsOf(request),
    inputs,
    plan,
  });
  return run(session, request, journal, plan);
}

/** What tells one request from another. */
function textsOf({ snapshot, given }: RollbackRequest): Record<string, string> {
  const without = given["--without-save-point"];
  return { snapshot, ...(without === undefined ? {} : { withoutSavePoint: String(without) }) };
}

async function stepsOf(
  session: Session,
  journal: Journal,
  plan: RollbackPlan,
  checkSeconds: number,
): Promise<StepNode[]> {
  const { id, inputs, startedAt } = journal.contents;
  const operation = { id, inputs, startedAt: Date.parse(startedAt) / 1_000 };
  return rollbackSteps(plan, await restoreWorld(session, checkSeconds, false), operation);
}

/** @throws CommandError (11) when something else is half done */
async function goOn(session: Session, request: RollbackRequest, open: Journal): Promise<ExitCode | "taken-back"> {
  const { context, selector, guest } = session;
  const { startedAt, kind, state } = open.contents;
  if (kind !== rollbackKind || digestOf(open.contents.request) !== digestOf(textsOf(request))) {
    throw halfDone(session, open);
  }
  const plan = rollbackPlanSchema.parse(open.contents.plan);
  const steps = await stepsOf(session, open, plan, request.checkSeconds);
  if (state === "taking-back") return finishTakingBack(session, open, steps);
  const left = remainingSteps(steps, open).map(({ step }) => step.does);
  context.talk.line(`A rollback of ${selector} begun at ${startedAt} has not ended. Still to do:`);
  for (const text of left) context.talk.hanging("  - ", text);
  if (session.dryRun) {
    const value = { operation: open.contents.id, startedAt, remaining: left };
    context.output.result(value, (lines) => lines.line(`Would go on with the rollback begun at ${startedAt}.`));
    return exitCodes.done;
  }
  const question = `Go on with the rollback of ${guest.name} begun at ${startedAt}?`;
  await settleDemands([{ flag: forceFlag, reason: "going on is not confirmed", question }], request.given, context);
  return run(session, request, open, plan);
}

async function finishTakingBack(session: Session, open: Journal, steps: readonly StepNode[]): Promise<"taken-back"> {
  const { context, dryRun } = session;
  context.talk.line(`A rollback begun at ${open.contents.startedAt} failed and is not taken back completely yet.`);
  if (dryRun) return "taken-back";
  const leftovers = await takeBack(placeSteps(steps), open, {
    signal: context.signal,
    observer: observerOf(context),
  });
  if (leftovers.length === 0) return "taken-back";
  throw new CommandError(`an earlier rollback cannot be taken back: ${leftovers.join("; ")}`, {
    exitCode: exitCodes.failed,
    hint: `try again later: ${open.contents.command}`,
  });
}

async function run(
  session: Session,
  request: RollbackRequest,
  journal: Journal,
  plan: RollbackPlan,
): Promise<ExitCode> {
  const { context } = session;
  const steps = await stepsOf(session, journal, plan, request.checkSeconds);
  const findings = await runOperation(session, journal, steps, (failure) => explain(failure, plan, journal, steps));
  const report = rollbackReport(plan, journal, findings);
  context.output.result({ ...report }, (lines) => printRollbackReport(report, plan, lines));
  return report.proven ? exitCodes.done : exitCodes.partly;
}

/** What a failed step means for the guest, and what to do about it. */
function explain(failure: StepFailure, plan: RollbackPlan, journal: Journal, steps: readonly StepNode[]): Error {
  const { exitCode, hint, stack } = failureOf(failure.cause, undefined);
  if (stack !== undefined && failure.cause instanceof Error) return failure.cause;
  const committed = hasCommitted(placeSteps(steps), journal);
  const text =
    failure.position === "taken-back"
      ? "Nothing is changed: what was begun has been taken back."
      : `The rollback stands still in step '${failure.step.step.title}'; ${plan.guest} is ${committed ? "perhaps half rolled back" : "not rolled back"}${plan.present.running ? ", and stopped" : ""}.`;
  return new CommandError(`${causeOf(failure)}. ${text}${leftoverText(failure)}`, {
    exitCode,
    hint: failure.position === "taken-back" ? hint : `to go on: ${journal.contents.command}`,
    details: { step: failure.step.path, position: failure.position, operation: journal.contents.id },
    cause: failure.cause,
  });
}
