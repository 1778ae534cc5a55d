import { shellQuote } from "../../machine/shell-quote";
import { CommandError } from "../../terminal/command-error";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import { findingsIn, remainingSteps } from "./apply";
import { digestOf } from "./digest";
import { pastRuns } from "./durations";
import { explain } from "./explain";
import { isOpen, type Journal } from "./journal";
import type { JournalContents } from "./journal-contents";
import { keptBy } from "./kept";
import type { Observer } from "./observer";
import { type BegunOperation, type Operation, planPermitted, type Planned, type Report } from "./operation";
import { type StepView, estimates, planView, stepViews } from "./plan-view";
import { runSteps } from "./run-steps";
import { describeOpen, isSuperseded } from "./kinds";
import { type Session, halfDone, journalsOf, observerOf, takeLock, unfinished } from "./session";
import { confirm, forceFlag } from "./settle-demands";
import { type Finding, type StepNode, placeSteps } from "./step";
import { journalGuest } from "./subject";
import { takeBack } from "./take-back";
import { formatInstant } from "../../terminal/durations";

/**
 * Runs an operation on its subject: looks, plans, asks, applies and reports; or resumes one that was asked for in the same
 * words and has not ended.
 *
 * @throws CommandError (11) when something else is half done on the subject, or another process is at work on it.
 */
export async function runOne<Plan>(session: Session, operation: Operation<Plan>): Promise<ExitCode> {
  if (!session.dryRun) takeLock(session, operation.command);
  return runLocked(session, operation);
}

/** The same for a caller that has taken the subject's lock already, since it had to read the journals. */
export async function runLocked<Plan>(session: Session, operation: Operation<Plan>): Promise<ExitCode> {
  const open = unfinished(journalsOf(session), operation.kind);
  if (open === undefined) return begin(session, operation);
  const resumed = await resume(session, operation, open);
  return typeof resumed === "number" ? resumed : begin(session, operation, resumed.superseded);
}

/** It is planned anew. `superseded`: until then the earlier one counts as half done. */
interface PlanAnew {
  readonly superseded?: Journal;
}

/**
 * Plans, asks, applies and reports, whatever else is half done: the caller has looked, and holds the lock.
 *
 * @param superseded a half-done operation that this one stands for: it counts as half done until this one is begun, or
 *   until there is nothing to do.
 */
export async function begin<Plan>(
  session: Session,
  operation: Operation<Plan>,
  superseded?: Journal,
): Promise<ExitCode> {
  const { context, dryRun, selector } = session;
  const planned = await context.progress.step(`Look at ${selector}`, () => planPermitted(operation));
  if ("nothing" in planned) {
    const { value, print } = planned.nothing;
    if (!dryRun) giveUp(superseded, journalsOf(session));
    context.output.result({ ...value, changed: false }, print);
    return exitCodes.done;
  }
  const { value, print } = await viewOf(session, operation, planned);
  if (dryRun) {
    context.output.result({ plan: value }, print);
    return exitCodes.done;
  }
  print(context.talk);
  const isAsked = await confirm(planned.demands, operation.given, context);
  const why = isAsked ? await operation.outlived?.(planned.plan, planned.inputs) : undefined;
  if (why !== undefined) {
    context.talk.line(`Not begun, as this is not what was shown any more: ${why}. It is planned anew.`);
    return begin(session, operation, superseded);
  }
  const known = journalsOf(session);
  supersede(known, operation.kind, session);
  const journal = session.state.begin(openingOf(session, operation, planned));
  giveUp(superseded, known);
  return run(session, operation, journal, planned.plan);
}

/** Gives up what was planned anew, with all of its kind: one that died between two of them has left both. */
function giveUp(superseded: Journal | undefined, known: readonly Journal[]): void {
  if (superseded === undefined) return;
  const { kind } = superseded.contents;
  for (const journal of known) if (isOpen(journal) && journal.contents.kind === kind) journal.setState("given-up");
}

/** Gives up what is half done and void now that an operation of this kind begins: nobody is to resume it later. */
export function supersede(
  journals: readonly Journal[],
  kind: string,
  { context, environment }: Pick<Session, "context" | "environment">,
): void {
  for (const journal of journals) {
    if (!isOpen(journal) || !isSuperseded(journal.contents.kind, kind)) continue;
    journal.setState("given-up");
    const { text } = describeOpen(journal.contents, environment);
    context.talk.line(
      `What was half done is given up: ${text}, begun at ${formatInstant(journal.contents.startedAt)}.`,
    );
  }
}

/** The whole plan as it is shown. */
async function viewOf<Plan>(session: Session, operation: Operation<Plan>, planned: Planned<Plan>): Promise<Report> {
  return planView(planned.view, await shownSteps(session, operation, planned), planned.demands);
}

/** The steps of a plan as they are shown, with their times. @param measured earlier operations, newest first */
export async function shownSteps<Plan>(
  { state, subject }: Session,
  operation: Operation<Plan>,
  { plan, inputs, bytes }: Planned<Plan>,
  measured: readonly JournalContents[] = state.measurements(subject),
): Promise<StepView[]> {
  const steps = await operation.steps(plan, { id: "planned", startedAt: new Date().toISOString(), inputs });
  return stepViews(steps, estimates(pastRuns(measured, subject), bytes));
}

/** What the journal of a planned operation begins with. */
export function openingOf<Plan>(
  { subject }: Session,
  { kind, command, request }: Operation<Plan>,
  { plan, inputs, node }: Planned<Plan>,
) {
  const guest = journalGuest(subject, node);
  return { kind, command, request, inputs, plan, ...(guest === undefined ? {} : { guest }) };
}

async function resume<Plan>(session: Session, operation: Operation<Plan>, open: Journal): Promise<ExitCode | PlanAnew> {
  const { context, dryRun } = session;
  const { startedAt, state, id } = open.contents;
  const why = open.contents.kind === operation.kind ? await operation.outdated?.(open) : undefined;
  if (why !== undefined) {
    context.talk.line(why);
    return { superseded: open };
  }
  if (!isSameRequest(operation, open)) throw halfDone(session, open);
  const plan = planIn(operation, open);
  const steps = await operation.steps(plan, begunIn(open));
  if (state === "taking-back") {
    await finishTakingBack(session, operation, open, steps);
    return {};
  }
  const changed = await operation.lookAgain?.(plan, open);
  if (changed !== undefined) {
    await takeBackOutdated(session, operation, open, { steps, why: changed });
    return {};
  }
  await operation.permitted?.(plan);
  const left = remainingSteps(steps, open);
  const [next] = left;
  const place = next !== undefined && open.record(next.path) !== undefined ? "in" : "before";
  context.talk.line(
    `A ${operation.name} begun at ${formatInstant(startedAt)} has not ended; it stopped ${place} step '${next?.step.title ?? "the end"}'. Still to do:`,
  );
  for (const { step } of left) context.talk.hanging("  - ", step.does);
  if (dryRun) {
    const value = {
      operation: id,
      startedAt,
      remaining: left.map(({ path, step }) => ({ id: path, does: step.does })),
    };
    context.output.result({ resume: value }, (lines) =>
      lines.line(`Would resume the ${operation.name} begun at ${formatInstant(startedAt)}.`),
    );
    return exitCodes.done;
  }
  const question = `Resume the ${operation.name} begun at ${formatInstant(startedAt)}?`;
  await confirm([{ flag: forceFlag, reason: "resuming is not confirmed", question }], operation.given, context);
  return run(session, operation, open, plan);
}

function isSameRequest<Plan>({ kind, request }: Operation<Plan>, { contents }: Journal): boolean {
  return contents.kind === kind && digestOf(contents.request) === digestOf(request);
}

/** The plan of a journal. @throws CommandError (1) when another version of Lifeboat wrote it in another form */
export function planIn<Plan>(
  { schema, name }: Pick<Operation<Plan>, "schema" | "name">,
  { contents, path }: Journal,
): Plan {
  const parsed = schema.safeParse(contents.plan);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new CommandError(
    `the plan of the ${name} begun at ${formatInstant(contents.startedAt)} cannot be read (${issue?.path.join(".") ?? ""}: ${issue?.message ?? "unknown form"})`,
    {
      exitCode: exitCodes.failed,
      hint: `end it with the version of lifeboat that began it; or, if you are sure that nothing is half done: mv ${shellQuote(path)} ${shellQuote(`${path}.unreadable`)}`,
    },
  );
}

export function begunIn({ contents: { id, startedAt, inputs } }: Journal): BegunOperation {
  return { id, startedAt, inputs };
}

/** Takes back what an earlier process began to take back. @throws CommandError (1) when something of it is left */
export async function finishTakingBack<Plan>(
  { context, dryRun }: Session,
  { name }: Operation<Plan>,
  open: Journal,
  steps: readonly StepNode[],
  observer: Observer = observerOf(context),
): Promise<void> {
  context.talk.line(
    `A ${name} begun at ${formatInstant(open.contents.startedAt)} failed and is not taken back completely yet.`,
  );
  if (!dryRun) await takeAllBack({ context }, { name }, open, { steps, observer });
}

/** Takes back what was planned on something that is true no more. */
export async function takeBackOutdated<Plan>(
  { context, dryRun, selector }: Session,
  operation: Operation<Plan>,
  open: Journal,
  { steps, why, observer }: { readonly steps: readonly StepNode[]; readonly why: string; readonly observer?: Observer },
): Promise<void> {
  const { startedAt } = open.contents;
  const back = dryRun ? "it would be taken back first" : "it is taken back";
  context.talk.line(
    `${selector}: the ${operation.name} begun at ${formatInstant(startedAt)} is not resumed, because ${why}; ${back}.`,
  );
  if (!dryRun) await takeAllBack({ context }, operation, open, { steps, observer: observer ?? observerOf(context) });
}

async function takeAllBack<Plan>(
  { context }: Pick<Session, "context">,
  { name }: Pick<Operation<Plan>, "name">,
  open: Journal,
  { steps, observer }: { readonly steps: readonly StepNode[]; readonly observer: Observer },
): Promise<void> {
  const leftovers = await takeBack(placeSteps(steps), open, { signal: context.signal, observer });
  for (const text of keptBy(open)) context.talk.line(`Kept: ${text}.`);
  if (leftovers.length === 0) return;
  throw new CommandError(`an earlier ${name} cannot be taken back: ${leftovers.join("; ")}`, {
    exitCode: exitCodes.failed,
    hint: `try again later: ${open.contents.command}`,
  });
}

async function run<Plan>(
  session: Session,
  operation: Operation<Plan>,
  journal: Journal,
  plan: Plan,
): Promise<ExitCode> {
  const steps = await operation.steps(plan, begunIn(journal));
  const findings = await runSteps(session, journal, steps, {
    explain: (failure) => explain(failure, operation, plan, journal, session.context.talk),
    beforeEnd: operation.beforeEnd,
  });
  return tell(session, operation, journal, plan, findings);
}

/** Tells once more what an operation did that has ended. */
export async function tellAgain<Plan>(
  session: Session,
  operation: Operation<Plan>,
  journal: Journal,
): Promise<ExitCode> {
  const plan = planIn(operation, journal);
  return tell(session, operation, journal, plan, findingsIn(journal, await operation.steps(plan, begunIn(journal))));
}

async function tell<Plan>(
  session: Session,
  operation: Operation<Plan>,
  journal: Journal,
  plan: Plan,
  findings: readonly Finding[],
): Promise<ExitCode> {
  const { value, print } = await operation.report(plan, journal, findings);
  const result = { ...value, findings, seconds: journal.seconds, operation: journal.contents.id };
  session.context.output.result(result, print);
  return findings.some(({ severity }) => severity === "problem") ? exitCodes.partly : exitCodes.done;
}
