import { type StepFailure, remainingSteps } from "../engine/apply";
import { digestOf } from "../engine/digest";
import { CommandError } from "../../terminal/command-error";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import type { Demand, GivenAnswers } from "../engine/consent";
import { pastRuns } from "../engine/durations";
import type { Journal } from "../engine/journal";
import type { JournalContents } from "../engine/journal-contents";
import type { NewOperation } from "../engine/state-folder";
import { type StepNode, placeSteps } from "../engine/step";
import { takeBack } from "../engine/take-back";
import { type GuestSession, observerOf } from "../engine/session";
import { forceFlag, confirm } from "../engine/settle-demands";
import { leftProtected } from "./archive-protection";
import { explainRestore } from "./meaning";
import { type RestoreInspection, type RestoreWish, inspectRestore } from "./inspect";
import { restoreInputs } from "../steps/guest/inputs";
import { type PlannedRestore, type RestoreOptions, planRestore } from "./make-plan";
import { type RestoreView, printPlan, viewOf } from "./view";
import { type RestoreJournal, restoreKind } from "./journals";
import type { RestorePlan } from "../steps/guest/plan";
import { printReport, reportOf } from "./report";
import { restoreSteps } from "./steps";
import { openWorld } from "../steps/guest/open-world";
import type { BegunOperation } from "../engine/operation";
import { runSteps } from "../engine/run-steps";

/** What a command wants restored, and the answers that it was given. */
export interface RestoreRequest {
  readonly wish: RestoreWish;
  readonly storage: string | undefined;
  readonly given: GivenAnswers;
  /** Seconds that each check is repeated. */
  readonly checkSeconds: number;
  /** The command line that does the same again. */
  readonly command: string;
  readonly undoes: RestoreOptions["undoes"];
  readonly oneOfSeveral: boolean;
  /** Called when it is restored and proven, before its journal says so. */
  readonly beforeEnd?: () => void;
}

/** A restore that was planned and not begun. */
export interface PreparedRestore {
  readonly session: GuestSession;
  readonly request: RestoreRequest;
  readonly inspection: RestoreInspection;
  readonly planned: PlannedRestore;
  /** What its journal begins with. */
  readonly operation: NewOperation;
  readonly view: RestoreView;
}

/** Inspects, plans, asks, restores and reports. */
export async function conductRestore(
  session: GuestSession,
  request: RestoreRequest,
  earlier: readonly RestoreJournal[],
): Promise<ExitCode> {
  const { context, dryRun } = session;
  const prepared = await context.progress.step(`Look at ${session.selector}`, () =>
    prepareRestore(session, request, earlier),
  );
  showPlan(session, prepared);
  if (dryRun) return exitCodes.done;
  const { planned, operation } = prepared;
  await confirm(planned.demands, request.given, context);
  return run(session, { journal: session.state.begin(operation), plan: planned.plan }, request);
}

/**
 * Looks and decides; changes nothing.
 *
 * @param measured journals of the site, newest first, from which times are estimated.
 * @throws CommandError (2, 10, 11, 13, 14) when it cannot or must not be done.
 */
export async function prepareRestore(
  session: GuestSession,
  request: RestoreRequest,
  earlier: readonly RestoreJournal[],
  measured: readonly JournalContents[] = measurements(session),
): Promise<PreparedRestore> {
  const { environment, guest } = session;
  const inspection = await inspect(session, request);
  const planned = planRestore(environment.settings, inspection, optionsOf(session, request, earlier));
  const { plan } = planned;
  const inputs = inputsOf(session, inspection, plan);
  const world = await openWorld(session, request.checkSeconds, plan.asRoot);
  const steps = restoreSteps(plan, world, { id: "planned", inputs, startedAt: new Date().toISOString() });
  const past = pastRuns(measured, session.subject);
  const operation = {
    kind: restoreKind,
    command: request.command,
    guest: { environment: environment.name, name: guest.name, id: guest.id, node: plan.target.node },
    request: requestTexts(request),
    inputs,
    plan,
  };
  return { session, request, inspection, planned, operation, view: viewOf(inspection, planned, steps, past) };
}

/** Every operation that this machine has done at the site: how long things take there. */
export function measurements({ state }: GuestSession): JournalContents[] {
  return state.allJournals().map(({ contents }) => contents);
}

function inspect(session: GuestSession, { wish }: RestoreRequest): Promise<RestoreInspection> {
  const { client, guest, selector, environment } = session;
  return inspectRestore(client, { guest, selector, settings: environment.settings }, wish);
}

function optionsOf(
  { environment }: GuestSession,
  { wish, storage, given, undoes, oneOfSeveral }: RestoreRequest,
  earlier: readonly RestoreJournal[],
): RestoreOptions {
  return {
    targetId: wish.targetId,
    storage,
    withoutSavePoint: given["--without-save-point"],
    mayBeRoot: environment.hasRootPassword(),
    leftProtected: leftProtected(earlier),
    undoes,
    oneOfSeveral,
  };
}

function inputsOf({ guest }: GuestSession, { chosen, present }: RestoreInspection, plan: RestorePlan) {
  return restoreInputs({
    archive: { volid: chosen.volid, size: chosen.size, time: chosen.time },
    present: plan.mode === "in-place" ? present : undefined,
    settingsDigest: digestOf(guest),
    plan,
  });
}

/** What tells one request from another. The same texts: the same command. */
export function requestTexts({ wish, storage, given, undoes }: RestoreRequest): Record<string, string> {
  const texts = {
    archive: wish.archive,
    at: wish.at,
    targetId: wish.targetId?.toString(),
    node: wish.node,
    storage,
    withoutSavePoint: given["--without-save-point"]?.toString(),
    undo: undoes?.savePoint,
  };
  return Object.fromEntries(
    Object.entries(texts).flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])),
  );
}

function showPlan({ context, dryRun }: GuestSession, { view }: PreparedRestore): void {
  if (dryRun) context.output.result({ plan: view }, (lines) => printPlan(view, lines));
  else printPlan(view, context.talk);
}

/**
 * Goes on with a restore that has not ended, when it is the one that was asked for.
 *
 * @throws CommandError (11) when another one is half done.
 */
export async function resumeRestore(
  session: GuestSession,
  request: RestoreRequest,
  open: RestoreJournal,
): Promise<ExitCode | "taken-back"> {
  const { context, selector } = session;
  const { journal } = open;
  const { startedAt, command, state } = journal.contents;
  if (digestOf(journal.contents.request) !== digestOf(requestTexts(request))) {
    throw new CommandError(`another restore of it, begun at ${startedAt}, has not ended`, {
      exitCode: exitCodes.locked,
      hint: `resume it: ${command}; or take it back: lifeboat undo ${selector}`,
    });
  }
  if (state === "taking-back") return (await finishTakingBack(session, open)) ? "taken-back" : exitCodes.failed;
  const steps = await stepsOf(session, open, request.checkSeconds);
  showRemaining(session, open, steps);
  if (session.dryRun) return exitCodes.done;
  const demand: Demand = {
    flag: forceFlag,
    reason: "going on is not confirmed",
    question: `Go on with the restore of ${session.guest.name} begun at ${startedAt}?`,
  };
  await confirm([demand], request.given, context);
  return run(session, open, request);
}

function showRemaining(
  { context, dryRun }: GuestSession,
  { journal }: RestoreJournal,
  steps: readonly StepNode[],
): void {
  const remaining = remainingSteps(steps, journal);
  const { startedAt, id } = journal.contents;
  const [next] = remaining;
  const begun = next !== undefined && journal.record(next.path) !== undefined;
  context.talk.line(
    `A restore begun at ${startedAt} has not ended; it stopped ${begun ? "in" : "before"} step '${next?.step.title ?? "the end"}'.`,
  );
  const print = (lines: typeof context.talk | Parameters<Parameters<typeof context.output.result>[1]>[0]): void => {
    lines.line("Still to do:");
    for (const { step } of remaining) lines.line(`  - ${step.does}`);
  };
  const value = {
    operation: id,
    startedAt,
    remaining: remaining.map(({ path, step }) => ({ id: path, does: step.does })),
  };
  if (dryRun) context.output.result(value, print);
  else print(context.talk);
}

/** Takes back what an earlier process began to take back. True: done, as if that restore had never begun. */
export async function finishTakingBack(session: GuestSession, open: RestoreJournal): Promise<boolean> {
  const { context } = session;
  const { journal } = open;
  context.talk.line(`A restore begun at ${journal.contents.startedAt} failed and is not taken back completely yet.`);
  if (session.dryRun) return false;
  const steps = placeSteps(await stepsOf(session, open, 0));
  const leftovers = await takeBack(steps, journal, { signal: context.signal, observer: observerOf(context) });
  if (leftovers.length === 0) return true;
  throw new CommandError(`an earlier restore cannot be taken back: ${leftovers.join("; ")}`, {
    exitCode: exitCodes.failed,
    hint: `try again later: ${journal.contents.command}`,
  });
}

/** The steps of a restore whose journal is there. */
export async function stepsOf(
  session: GuestSession,
  { journal, plan }: RestoreJournal,
  checkSeconds: number,
): Promise<StepNode[]> {
  return restoreSteps(plan, await openWorld(session, checkSeconds, plan.asRoot), operationOf(journal));
}

function operationOf(journal: Journal): BegunOperation {
  const { id, inputs, startedAt } = journal.contents;
  return { id, inputs, startedAt };
}

async function run(session: GuestSession, restore: RestoreJournal, request: RestoreRequest): Promise<ExitCode> {
  const { journal, plan } = restore;
  const steps = await stepsOf(session, restore, request.checkSeconds);
  const explain = (failure: StepFailure): Error => explainRestore(failure, session, plan, journal);
  const findings = await runSteps(session, journal, steps, { explain, beforeEnd: request.beforeEnd });
  const report = reportOf(plan, journal, steps, findings);
  session.context.output.result({ ...report }, (lines) => printReport(report, lines));
  return report.proven ? exitCodes.done : exitCodes.partly;
}
