import { failureOf } from "../../clients/failure";
import { runBounded } from "../../machine/bounded";
import { CommandError, Interrupted } from "../../terminal/command-error";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import type { ShowStep } from "../../terminal/progress";
import { StepFailure, applySteps, remainingSteps } from "./apply";
import type { Batch, BatchPlan, BegunMember, Gate, Member, Outcome, PlannedMember, Refusal } from "./batch";
import { batchPlanView } from "./batch-view";
import { digestOf } from "./digest";
import { endedNotes, stillEnded, withoutEnded } from "./ended-members";
import { explain } from "./explain";
import { isOpen, type Journal } from "./journal";
import type { JournalBundle } from "./journal-bundle";
import type { JournalContents } from "./journal-contents";
import { mergeDemands } from "./merge-demands";
import type { Observer } from "./observer";
import { planPermitted, type Planned } from "./operation";
import { printFinding } from "./print-finding";
import { begunIn, finishTakingBack, openingOf, planIn, shownSteps, takeBackOutdated } from "./run-one";
import { isOutOfReach, taskLeft } from "./run-steps";
import { type Session, halfDone, journalsOf, readable, unfinished } from "./session";
import type { Finding } from "./step";
import { confirm, forceFlag } from "./settle-demands";

/** Subjects that are looked at, at the same time. */
const looksAtOnce = 4;

/**
 * Runs a batch: plans, asks, applies and reports; or resumes one that was asked for in the same words and has not ended.
 * The failure of one member leaves the others going.
 */
export async function runMany<Plan>(batch: Batch<Plan>): Promise<ExitCode> {
  const [bundle, ...older] = openBundles(batch);
  // The newest has taken their members over.
  if (!batch.dryRun) for (const one of older) one.end();
  if (bundle !== undefined) {
    const parts = partsOf(batch, bundle, (session) => isLeftAlone(batch, session, bundle));
    const outdated = await outdatedAmong(batch, parts);
    const isLeft = (part: BegunMember<Plan>): boolean => isOpenPart(part) && !outdated.has(part.journal);
    const isReported = parts.every(hasEnded) || (outdated.size > 0 && parts.some(hasEnded));
    if (parts.some(isLeft) || (parts.length > 0 && isReported)) return resume(batch, bundle, parts, outdated);
    // What is left of it was undone or taken back: there is nothing to resume.
    return begin(batch, { bundle, ended: await stillEnded(parts, hasEnded) });
  }
  return begin(batch);
}

/** A batch that is begun anew: members that have ended are part of the new one. */
interface Earlier<Plan> {
  readonly bundle: JournalBundle;
  readonly ended: readonly BegunMember<Plan>[];
}

/** Plans every member by itself. One on whose subject something else is half done is refused, as it is when alone. */
export async function planMembers<Plan, Shown extends Planned<Plan>>(
  members: readonly Member<Plan, Shown>[],
): Promise<BatchPlan<Plan, Shown>> {
  const bounds = { parallel: looksAtOnce, perKey: looksAtOnce, keyOf: () => "" };
  const measured = measurementsOf(members.map(({ session }) => session));
  const results = await runBounded(members, bounds, (member) => planOrRefuse(member, measured(member.session)));
  return {
    members: results.flatMap((result) => ("planned" in result ? [result] : [])),
    refused: results.flatMap((result) => ("planned" in result ? [] : [result])),
  };
}

async function planOrRefuse<Plan, Shown extends Planned<Plan>>(
  member: Member<Plan, Shown>,
  measured: readonly JournalContents[],
): Promise<PlannedMember<Plan, Shown> | Refusal> {
  const { session, operation } = member;
  try {
    const open = unfinished(journalsOf(session), operation.kind);
    if (open !== undefined) throw halfDone(session, open);
    const planned = await planPermitted(operation);
    if ("nothing" in planned) return { subject: session.selector, exitCode: exitCodes.nothing, message: nothingToDo };
    return { ...member, planned, steps: await shownSteps(session, operation, planned, measured) };
  } catch (error) {
    return refusalOf(session.selector, error);
  }
}

const nothingToDo = "there is nothing to do";

/** Why something is refused. @throws the error itself where it is a defect */
export function refusalOf(subject: string, error: unknown): Refusal {
  const { exitCode, reason, hint, stack } = failureOf(error, undefined);
  if (stack !== undefined) throw error;
  return { subject, exitCode, message: reason, ...(hint === undefined ? {} : { hint }) };
}

/** What was measured at each site, read once. */
function measurementsOf(sessions: readonly Session[]): (session: Session) => readonly JournalContents[] {
  const bySite = new Map<string, readonly JournalContents[]>();
  for (const { state, subject } of sessions) {
    if (!bySite.has(state.path)) bySite.set(state.path, state.measurements(subject));
  }
  return ({ state }) => bySite.get(state.path) ?? [];
}

async function begin<Plan>(batch: Batch<Plan>, earlier?: Earlier<Plan>): Promise<ExitCode> {
  const { context, dryRun, command, request, given } = batch;
  const { ended = [] } = earlier ?? {};
  const plan = withoutEnded(await context.progress.step(`Look at ${batch.subjects}`, () => batch.plan()), ended);
  refuse(batch, plan);
  const { members, refused } = plan;
  const demands = mergeDemands(members.map(demandsOf), batch.question?.(members));
  const { value, print } = batchPlanView(batch, plan, demands, ended);
  if (dryRun) {
    context.output.result({ plan: value }, print);
    return refused.length === 0 ? exitCodes.done : exitCodes.partly;
  }
  print(context.talk);
  if (members.length === 0 && ended.length === 0) return reportNothing(batch);
  await confirm(demands, given, context);
  const parts = [
    ...ended.map(({ session, journal }) => ({ site: session.state.site, journal: journal.contents })),
    ...members.map(({ session, operation, planned }) => ({
      site: session.state.site,
      journal: session.state.opening(openingOf(session, operation, planned)),
    })),
  ];
  const bundle = batch.bundles.begin({ command, request: { ...request }, parts });
  earlier?.bundle.end();
  return finish(
    batch,
    bundle,
    partsOf(batch, bundle, () => true),
    { refused, outdated: new Map(), notes: endedNotes(batch, ended) },
  );
}

/** Nothing is refused, and there is nothing to do. */
async function reportNothing<Plan>(batch: Batch<Plan>): Promise<ExitCode> {
  const { value, print } = await batch.report([], []);
  batch.context.output.result({ ...value, changed: false }, (lines) => print(lines, 0));
  return exitCodes.done;
}

function demandsOf<Plan>({ session: { subject, selector }, operation: { given }, planned }: PlannedMember<Plan>) {
  return { name: subject.kind === "guest" ? subject.name : selector, demands: planned.demands, given };
}

/**
 * Refuses all when one cannot be done, as a plan is carried out as a whole or not at all, unless those that cannot are to
 * be left out. Nothing was changed then.
 *
 * @throws CommandError with the code that all refusals have, else 13.
 */
function refuse<Plan>(batch: Batch<Plan>, { members, refused }: BatchPlan<Plan>): void {
  const { context, participle, skipRefused } = batch;
  if (refused.length === 0 || (skipRefused && members.length > 0)) {
    batch.refuseTogether?.(members);
    return;
  }
  for (const { subject, message, hint } of refused) {
    context.talk.hanging(`${subject}: `, message);
    if (hint !== undefined) context.talk.hanging("  HINT: ", hint);
  }
  const names = members.length === 0 ? "none of them" : refused.map(({ subject }) => subject).join(", ");
  const others = `mend it as said above, or leave ${refused.length === 1 ? "it" : "them"} out: add --skip-refused`;
  throw new CommandError(`${names} can${names === "none of them" ? "" : "not"} be ${participle}; nothing was changed`, {
    exitCode: codeOfAll(refused) ?? exitCodes.refused,
    hint: members.length === 0 ? "see the reasons above" : others,
    details: { refused },
  });
}

/** The code that all have; undefined where they differ. */
function codeOfAll(results: readonly { readonly exitCode: ExitCode }[]): ExitCode | undefined {
  const [first, ...others] = results;
  return others.every(({ exitCode }) => exitCode === first?.exitCode) ? first?.exitCode : undefined;
}

/** Bundles of the same request that have not ended, newest first: more than one where a process died between two of them. */
function openBundles<Plan>({ bundles, request }: Batch<Plan>): JournalBundle[] {
  return readable(() => bundles.open().filter(({ contents }) => digestOf(contents.request) === digestOf(request)));
}

/**
 * The parts of a bundle. Some members may have been left out when it began.
 *
 * @param mayBegin asked for a part that an earlier process did not get to; without it the part is taken back.
 */
function partsOf<Plan>(
  batch: Batch<Plan>,
  bundle: JournalBundle,
  mayBegin: (session: Session) => boolean,
): BegunMember<Plan>[] {
  return readable(() => bundle.journals()).flatMap(({ journal: known, begin: beginPart }) => {
    const member = batch.memberOf(known);
    if (member === undefined) return [];
    const isRefused = beginPart !== undefined && !mayBegin(member.session);
    if (isRefused && batch.dryRun) return [];
    const journal = beginPart === undefined || batch.dryRun ? known : beginPart();
    if (isRefused) journal.setState("taken-back");
    return [{ ...member, journal, plan: planIn(member.operation, journal) }];
  });
}

/**
 * Whether nothing has been done on a subject since the batch was planned: its plan would not know of that.
 *
 * @throws CommandError (11) when something else is half done on it
 */
function isLeftAlone<Plan>(
  { context }: Batch<Plan>,
  session: Session,
  { contents: { startedAt } }: JournalBundle,
): boolean {
  const since = journalsOf(session).filter(({ contents }) => contents.startedAt > startedAt);
  const open = since.find(isOpen);
  if (open !== undefined) throw halfDone(session, open);
  if (since.length === 0) return true;
  context.talk.line(`${session.selector} is not begun: something else was done on it after ${startedAt}.`);
  return false;
}

/**
 * Members that are half done and not resumed: what they were planned on is true no more, or they are too old. They are
 * taken back, as far as they can be. By their journals, with the reason.
 */
async function outdatedAmong<Plan>(
  batch: Batch<Plan>,
  parts: readonly BegunMember<Plan>[],
): Promise<ReadonlyMap<Journal, string>> {
  const outdated = new Map<Journal, string>();
  for (const { session, operation, journal, plan } of parts.filter(isOpenPart)) {
    const old = await operation.outdated?.(journal);
    if (old !== undefined) {
      batch.context.talk.line(old);
      if (!batch.dryRun) journal.setState("unproven");
      outdated.set(journal, old);
      continue;
    }
    if (journal.contents.state === "taking-back") continue;
    const why = await operation.lookAgain?.(plan, journal);
    if (why === undefined) continue;
    await takeBackOutdated(session, operation, journal, {
      steps: await operation.steps(plan, begunIn(journal)),
      why,
    });
    outdated.set(journal, why);
  }
  return outdated;
}

function isOpenPart({ journal }: { readonly journal: Journal }): boolean {
  return isOpen(journal);
}

function hasEnded({ journal }: { readonly journal: Journal }): boolean {
  return journal.contents.state === "done" || (journal.contents.state === "unproven" && !isGivenUp(journal));
}

/** Abandoned, or too old: it says `unproven`, and no step of it has found a problem. */
function isGivenUp({ contents: { state, steps } }: Journal): boolean {
  const findings = Object.values(steps).flatMap((step) => step.findings);
  return state === "unproven" && findings.every(({ severity }) => severity !== "problem");
}

async function resume<Plan>(
  batch: Batch<Plan>,
  bundle: JournalBundle,
  parts: readonly BegunMember<Plan>[],
  outdated: ReadonlyMap<Journal, string>,
): Promise<ExitCode> {
  const { context, dryRun, name } = batch;
  const { startedAt, id } = bundle.contents;
  const open = parts.filter((part) => isOpenPart(part) && !outdated.has(part.journal));
  const left =
    open.length === 0
      ? "Only its report is left."
      : `Still to do: ${open.map(({ session }) => session.selector).join(", ")}`;
  context.talk.line(`A ${name} begun at ${startedAt} has not ended. ${left}`);
  if (dryRun) {
    const remaining = (await Promise.all(open.map(remainingOf))).flat();
    context.output.result({ resume: { operation: id, startedAt, remaining } }, (lines) =>
      lines.line(`Would resume the ${name} begun at ${startedAt}.`),
    );
    return exitCodes.done;
  }
  if (batch.question !== undefined && open.length > 0) {
    const question = `Resume the ${name} begun at ${startedAt}?`;
    await confirm([{ flag: forceFlag, reason: "resuming is not confirmed", question }], batch.given, context);
  }
  batch.beforeResume?.(open);
  return finish(batch, bundle, parts, { refused: [], outdated });
}

async function remainingOf<Plan>({ session, operation, journal, plan }: BegunMember<Plan>) {
  const steps = await operation.steps(plan, begunIn(journal));
  return remainingSteps(steps, journal).map(({ path, step }) => ({
    subject: session.selector,
    id: path,
    does: step.does,
  }));
}

/** What the report says beside what becomes of the members. */
interface Reported {
  readonly refused: readonly Refusal[];
  readonly outdated: ReadonlyMap<Journal, string>;
  /** Of members that had ended before. */
  readonly notes?: readonly Finding[];
}

async function finish<Plan>(
  batch: Batch<Plan>,
  bundle: JournalBundle,
  parts: readonly BegunMember<Plan>[],
  { refused, outdated, notes = [] }: Reported,
): Promise<ExitCode> {
  const { context, command } = batch;
  const started = performance.now();
  const outcomes = await context.progress.strands(batch.title(parts), (show) =>
    runBounded(parts, batch.bounds, (part) =>
      isOpenPart(part) ? runPart(batch, part, show) : endedBefore(batch, part, outdated.get(part.journal)),
    ),
  );
  if (context.signal.aborted) tellInterruption(batch, outcomes);
  context.signal.throwIfAborted();
  const { value, print, findings } = await batch.report(outcomes, refused);
  const isHalfDone = parts.some(isOpenPart);
  if (!isHalfDone) bundle.end();
  const exitCode = exitCodeOf(outcomes, refused);
  const seconds = (performance.now() - started) / 1_000;
  const result = {
    exitCode,
    ...value,
    findings: [
      ...outcomes.flatMap((outcome) => (outcome.kind === "ended" ? outcome.findings : [])),
      ...findings,
      ...notes,
    ],
    seconds,
    operation: bundle.contents.id,
    ...(isHalfDone ? { resume: command } : {}),
  };
  context.output.result(result, (lines) => {
    print(lines, seconds);
    for (const note of notes) printFinding(note, lines);
    if (isHalfDone) lines.line(`To resume what is half done: ${command}`);
  });
  return exitCode;
}

/** All good: 0. Something done, whole or in part: 3. Nothing: the code that all have, else 1. */
function exitCodeOf<Plan>(outcomes: readonly Outcome<Plan>[], refused: readonly Refusal[]): ExitCode {
  if (refused.length === 0 && outcomes.every(({ exitCode }) => exitCode === exitCodes.done)) return exitCodes.done;
  const isGood = ({ kind, exitCode }: Outcome<Plan>): boolean =>
    kind === "ended" && (exitCode === exitCodes.done || exitCode === exitCodes.partly);
  if (outcomes.some(isGood)) return exitCodes.partly;
  return codeOfAll([...outcomes, ...refused]) ?? exitCodes.failed;
}

/** How things stand after Ctrl-C, and how to resume. */
function tellInterruption<Plan>({ context: { talk }, command }: Batch<Plan>, outcomes: readonly Outcome<Plan>[]): void {
  for (const { kind, part } of outcomes) {
    if (kind !== "interrupted") continue;
    const steps = Object.entries(part.journal.contents.steps);
    const [path] = steps.findLast(([, { state }]) => state === "started") ?? [];
    const between = steps.length === 0 ? "not begun" : "stopped between two steps";
    talk.line(`${part.session.selector}: ${path === undefined ? between : `stopped in step '${path}'`}`);
    const task = path === undefined ? undefined : taskLeft(part.journal, path);
    if (task !== undefined) talk.line(`  ${task}`);
  }
  talk.hint(`to resume: ${command}`);
}

async function runPart<Plan>(
  batch: Batch<Plan>,
  part: BegunMember<Plan>,
  show: (strand: string) => ShowStep,
): Promise<Outcome<Plan>> {
  const { session, operation, journal, plan } = part;
  const { signal, talk } = batch.context;
  if (signal.aborted) return { part, kind: "interrupted", exitCode: exitCodes.interrupted };
  const gate = batch.gate?.(part);
  const observer = observerOf(show(session.selector), gate);
  try {
    const steps = await operation.steps(plan, begunIn(journal));
    if (journal.contents.state === "taking-back") {
      await finishTakingBack(session, operation, journal, steps, observer);
      return goneBack(part);
    }
    await operation.permitted?.(plan);
    const { beforeEnd } = operation;
    await applySteps(steps, journal, { signal, observer, staysOpen: isOutOfReach, beforeEnd });
    return ended(batch, part);
  } catch (error) {
    if (error instanceof Interrupted) return { part, kind: "interrupted", exitCode: exitCodes.interrupted };
    return failed(part, error instanceof StepFailure ? explain(error, operation, plan, journal, talk) : error);
  } finally {
    gate?.release();
  }
}

function observerOf(show: ShowStep, gate: Gate | undefined): Observer {
  return {
    step: async ({ path, step }, work) => {
      await gate?.before(path);
      return show(step.title, work);
    },
    takeBack: ({ step }, work) => show(`Take back: ${step.title}`, work),
  };
}

function ended<Plan>(batch: Batch<Plan>, part: BegunMember<Plan>): Outcome<Plan> {
  const findings = Object.values(part.journal.contents.steps).flatMap((step) => step.findings);
  const isProven = findings.every(({ severity }) => severity !== "problem");
  const exitCode = batch.exitCodeOf?.(part) ?? (isProven ? exitCodes.done : exitCodes.partly);
  return { part, kind: "ended", findings, exitCode };
}

/** @param outdated why it was not resumed by this run */
function endedBefore<Plan>(
  batch: Batch<Plan>,
  part: BegunMember<Plan>,
  outdated: string | undefined,
): Promise<Outcome<Plan>> {
  return Promise.resolve(hasEnded(part) ? ended(batch, part) : goneBack(part, outdated));
}

function goneBack<Plan>(part: BegunMember<Plan>, outdated?: string): Outcome<Plan> {
  const { command } = part.journal.contents;
  const message = outdated === undefined ? whyGone(part.journal) : `what was begun was taken back: ${outdated}`;
  return { part, kind: "taken-back", exitCode: exitCodes.failed, message, hint: `to try it again: ${command}` };
}

function whyGone(journal: Journal): string {
  const { state, steps } = journal.contents;
  if (state === "undone") return "it was undone since";
  if (isGivenUp(journal)) return "it was given up half done since";
  const cause = Object.values(steps).find(({ error }) => error !== undefined)?.error;
  return `an earlier run failed and took back what it had begun${cause === undefined ? "" : `: ${cause}`}`;
}

function failed<Plan>(part: BegunMember<Plan>, error: unknown): Outcome<Plan> {
  const { exitCode, reason, hint, stack } = failureOf(error, undefined);
  if (stack !== undefined) part.session.context.talk.text(stack);
  return { part, kind: "failed", exitCode, message: reason, ...(hint === undefined ? {} : { hint }) };
}
