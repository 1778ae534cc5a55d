import type * as z from "zod";
import { CommandError } from "../../terminal/command-error";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import { failureOf } from "../../clients/failure";
import type { Lines } from "../../terminal/talk";
import { remainingSteps, type StepFailure } from "./apply";
import { type Demand, flagOf, type GivenAnswers } from "./consent";
import { digestOf, type Inputs } from "./digest";
import type { Journal } from "./journal";
import { type Finding, placeSteps, type StepNode } from "./step";
import { takeBack } from "./take-back";
import { causeOf, leftoverText, runOperation } from "./run-operation";
import { halfDone, observerOf, type StackSession, unfinished } from "./session";
import { forceFlag, settleDemands } from "./settle-demands";

/** What an inspection of a stack came to. */
export interface PlannedOperation<Plan> {
  readonly plan: Plan;
  readonly demands: readonly Demand[];
  readonly inputs: Inputs;
}

/** The operation that a journal is about, as its steps need it. */
export interface BegunOperation {
  readonly id: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly inputs: Inputs;
}

/** A result for people and scripts. */
export interface OperationReport {
  readonly value: Readonly<Record<string, unknown>>;
  readonly print: (lines: Lines) => void;
}

/** One way to change where or what the state of a stack is. */
export interface StackOperation<Plan> {
  /** In journals. */
  readonly kind: string;
  /** Half a sentence: `fallback of prod`. */
  readonly name: string;
  readonly schema: z.ZodType<Plan>;
  /** What tells one request from another. */
  readonly request: Readonly<Record<string, string>>;
  /** The command line that does the same again. */
  readonly command: string;
  readonly given: GivenAnswers;
  /** Read only. */
  plan(): Promise<PlannedOperation<Plan>>;
  steps(plan: Plan, begun: BegunOperation): readonly StepNode[];
  /** The plan without its steps. */
  view(plan: Plan): OperationReport;
  report(plan: Plan, journal: Journal, findings: readonly Finding[]): OperationReport;
  /** What a step that failed, and could not be taken back, means: a sentence. */
  meaning(plan: Plan, failure: StepFailure): string;
}

/** Inspects, plans, asks, applies and reports; or goes on with such an operation that has not ended. */
export async function conductStackOperation<Plan>(
  session: StackSession,
  operation: StackOperation<Plan>,
  journals: readonly Journal[],
): Promise<ExitCode> {
  const open = unfinished(journals);
  if (open !== undefined) {
    const code = await goOn(session, operation, open);
    if (code !== "taken-back") return code;
  }
  return begin(session, operation);
}

async function begin<Plan>(session: StackSession, operation: StackOperation<Plan>): Promise<ExitCode> {
  const { context, dryRun, state, selector } = session;
  const { kind, command, request, given } = operation;
  const planned = await context.progress.step(`Look at the state of ${selector}`, () => operation.plan());
  const { plan, demands, inputs } = planned;
  const { value, print } = operation.view(plan);
  const planning = { id: "planned", startedAt: new Date().toISOString(), inputs };
  const steps = placeSteps(operation.steps(plan, planning)).map(({ step }) => step.does);
  const flags = demands.map(flagOf);
  const show = (lines: Lines): void => {
    print(lines);
    lines.line("Steps:");
    for (const step of steps) lines.hanging("  - ", step);
    lines.hanging("Flags that answer all questions: ", flags.join(" "));
  };
  if (dryRun) context.output.result({ plan: { ...value, steps, flags } }, show);
  else show(context.talk);
  if (dryRun) return exitCodes.done;
  await settleDemands(demands, given, context);
  return run(session, operation, state.begin({ kind, command, request, inputs, plan }), plan);
}

/** @throws CommandError (11) when something else is half done */
async function goOn<Plan>(
  session: StackSession,
  operation: StackOperation<Plan>,
  open: Journal,
): Promise<ExitCode | "taken-back"> {
  const { context, dryRun } = session;
  const { startedAt, kind, state, id, request, inputs } = open.contents;
  if (kind !== operation.kind || digestOf(request) !== digestOf(operation.request)) throw halfDone(session, open);
  const plan = operation.schema.parse(open.contents.plan);
  const steps = operation.steps(plan, { id, startedAt, inputs });
  if (state === "taking-back") return finishTakingBack(session, operation, open, steps);
  const left = remainingSteps(steps, open).map(({ step }) => step.does);
  context.talk.line(`A ${operation.name} begun at ${startedAt} has not ended. Still to do:`);
  for (const text of left) context.talk.hanging("  - ", text);
  if (dryRun) {
    const value = { operation: id, startedAt, remaining: left };
    context.output.result(value, (lines) =>
      lines.line(`Would go on with the ${operation.name} begun at ${startedAt}.`),
    );
    return exitCodes.done;
  }
  const question = `Go on with the ${operation.name} begun at ${startedAt}?`;
  await settleDemands([{ flag: forceFlag, reason: "going on is not confirmed", question }], operation.given, context);
  return run(session, operation, open, plan);
}

async function finishTakingBack<Plan>(
  { context, dryRun }: StackSession,
  { name }: StackOperation<Plan>,
  open: Journal,
  steps: readonly StepNode[],
): Promise<"taken-back"> {
  context.talk.line(`A ${name} begun at ${open.contents.startedAt} failed and is not taken back completely yet.`);
  if (dryRun) return "taken-back";
  const leftovers = await takeBack(placeSteps(steps), open, { signal: context.signal, observer: observerOf(context) });
  if (leftovers.length === 0) return "taken-back";
  throw new CommandError(`an earlier ${name} cannot be taken back: ${leftovers.join("; ")}`, {
    exitCode: exitCodes.failed,
    hint: `try again later: ${open.contents.command}`,
  });
}

async function run<Plan>(
  session: StackSession,
  operation: StackOperation<Plan>,
  journal: Journal,
  plan: Plan,
): Promise<ExitCode> {
  const { id, startedAt, inputs } = journal.contents;
  const steps = operation.steps(plan, { id, startedAt, inputs });
  const findings = await runOperation(session, journal, steps, (failure) => explain(failure, operation, plan, journal));
  const { value, print } = operation.report(plan, journal, findings);
  const result = { ...value, findings, seconds: journal.seconds, operation: id };
  session.context.output.result(result, print);
  return findings.some(({ severity }) => severity === "problem") ? exitCodes.partly : exitCodes.done;
}

function explain<Plan>(failure: StepFailure, operation: StackOperation<Plan>, plan: Plan, journal: Journal): Error {
  const { exitCode, hint, stack } = failureOf(failure.cause, undefined);
  if (stack !== undefined && failure.cause instanceof Error) return failure.cause;
  const isBack = failure.position === "taken-back";
  const text = isBack
    ? "Nothing is changed: what was begun has been taken back."
    : `It stands still in step '${failure.step.step.title}'; ${operation.meaning(plan, failure)}`;
  return new CommandError(`${causeOf(failure)}. ${text}${leftoverText(failure)}`, {
    exitCode,
    hint: isBack ? hint : `to go on: ${journal.contents.command}`,
    details: { step: failure.step.path, position: failure.position, operation: journal.contents.id },
    cause: failure.cause,
  });
}
