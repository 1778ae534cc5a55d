import { CommandError } from "../../../terminal/command-error";
import { type ExitCode, exitCodes } from "../../../terminal/exit-codes";
import type { LoadedEnvironment } from "../../../project/site";
import type { GivenAnswers } from "../../engine/consent";
import { digestOf } from "../../engine/digest";
import type { BundleFolder, JournalBundle } from "../../engine/journal-bundle";
import { forceFlag, confirm } from "../../engine/settle-demands";
import { lockGuests, openRunSession, planAll, type RunSession, type UnknownEnvironment } from "./open-runs";
import { backupRunSchema, type EnvironmentRuns } from "./plan";
import { isOpen, type PartOutcome, type RunPart, runParts } from "./run";
import { runPath } from "./steps";
import { exitCodeOf, printRunsReport, reportRuns, type RunsReport } from "./report";
import { printRunsPlan } from "./view";
import type { CommandContext } from "../../../project/context";

/** Name of these operations in journals. */
export const backupRunKind = "backup-run";

/** A backup of all guests of some environments. */
export interface RunsRequest {
  readonly environments: readonly LoadedEnvironment[];
  readonly dryRun: boolean;
  readonly given: GivenAnswers;
  /** The command line that does the same again. */
  readonly command: string;
}

/**
 * Backs up all guests of environments as their jobs would: one run of vzdump for each node. The runs are kept together by
 * a bundle of journals, so that the same command goes on with them after a kill.
 */
export async function conductRuns(request: RunsRequest, context: CommandContext): Promise<ExitCode> {
  const { environments, dryRun } = request;
  const sessions = await Promise.all(environments.map((environment) => openRunSession(environment, context, dryRun)));
  const [first] = sessions;
  if (first === undefined) throw new Error("Nothing is backed up without an environment.");
  const { bundles } = first.state;
  const open = bundles.open().find(({ contents }) => digestOf(contents.request) === digestOf(textsOf(request)));
  if (open !== undefined) return goOn(open, sessions, request, context);
  return begin(bundles, sessions, request, context);
}

/** What tells one request from another. */
function textsOf({ environments }: RunsRequest): Record<string, string> {
  return { backup: "all", environments: environments.map(({ name }) => name).join(" ") };
}

async function begin(
  bundles: BundleFolder,
  sessions: readonly RunSession[],
  request: RunsRequest,
  context: CommandContext,
): Promise<ExitCode> {
  const { dryRun, command } = request;
  const names = request.environments.map(({ name }) => name).join(", ");
  const { plans: found, unknown } = await context.progress.step(`Look at ${names}`, () => planAll(sessions));
  const plans = dryRun ? found : found.map((plan) => lockGuests(plan, sessionOf(plan, sessions), command, context));
  const view = {
    plans,
    unknown: unknown.map(({ environment, failure }) => ({ environment, message: failure.message })),
  };
  if (dryRun) context.output.result({ plan: view }, (lines) => printRunsPlan(plans, unknown, lines));
  else printRunsPlan(plans, unknown, context.talk);
  refuseNothing(plans, unknown);
  if (dryRun) return unknown.length === 0 ? exitCodes.done : exitCodes.partly;
  await confirmAll(plans, request, context);
  const parts = plans.flatMap((plan) => openings(plan, sessionOf(plan, sessions), command));
  if (parts.length === 0) return finish(undefined, [], plans, unknown, request, context);
  const bundle = bundles.begin({ command, request: textsOf(request), parts });
  return finish(bundle, partsOf(bundle, sessions), plans, unknown, request, context);
}

function sessionOf({ environment }: { readonly environment: string }, sessions: readonly RunSession[]): RunSession {
  const session = sessions.find((one) => one.environment.name === environment);
  if (session === undefined) throw new Error(`There is no session for ${environment}.`);
  return session;
}

/** @throws CommandError when no node of all could be asked */
function refuseNothing(plans: readonly EnvironmentRuns[], unknown: readonly UnknownEnvironment[]): void {
  const [first] = unknown;
  if (plans.length > 0 || first === undefined) return;
  const { message, exitCode, hint } = first.failure;
  throw new CommandError(message, { exitCode, hint, complete: true });
}

/** One environment is what was asked for by name; all of them are more than a slip of the finger should start. */
async function confirmAll(
  plans: readonly EnvironmentRuns[],
  { environments, given }: RunsRequest,
  context: CommandContext,
): Promise<void> {
  if (environments.length < 2) return;
  const guests = plans.flatMap(({ runs }) => runs.flatMap((run) => run.guests)).length;
  const names = plans.map(({ environment }) => environment).join(", ");
  const question = `Back up all ${guests} guests of ${names} now?`;
  await confirm([{ flag: forceFlag, reason: "the backup of all is not confirmed", question }], given, context);
}

function openings({ runs }: EnvironmentRuns, { state }: RunSession, command: string) {
  return runs.map((run, index) => ({
    site: state.site,
    journal: state.opening({
      kind: backupRunKind,
      command,
      // Of no guest: numbers below 100 are nobody's.
      guest: { environment: run.environment, name: run.node, id: index + 1, node: run.node },
      request: {},
      inputs: {},
      plan: run,
    }),
  }));
}

function partsOf(bundle: JournalBundle, sessions: readonly RunSession[]): RunPart[] {
  return bundle.journals().map((journal) => {
    const run = backupRunSchema.parse(journal.contents.plan);
    return { session: sessionOf(run, sessions), run, journal };
  });
}

/** Goes on with what an earlier process began. */
async function goOn(
  bundle: JournalBundle,
  sessions: readonly RunSession[],
  request: RunsRequest,
  context: CommandContext,
): Promise<ExitCode> {
  const parts = partsOf(bundle, sessions);
  const { startedAt, id } = bundle.contents;
  const nodes = parts.filter(isOpen).map(({ run }) => `${run.environment} on ${run.node}`);
  const left = nodes.length === 0 ? "only its report is left" : `left: ${nodes.join(", ")}`;
  const told = `A backup of all begun at ${startedAt} has not ended: ${left}`;
  if (request.dryRun) {
    context.output.result({ operation: id, startedAt, remaining: nodes }, (lines) => lines.line(told));
    return exitCodes.done;
  }
  context.talk.line(`${told}. Going on with it.`);
  for (const part of parts.filter(isOpen)) lockPart(part, request.command, context);
  return finish(bundle, parts, [], [], request, context);
}

/** @throws CommandError (11) while the run that began it is still there */
function lockPart({ session, run }: RunPart, command: string, context: CommandContext): void {
  const plan = { environment: run.environment, runs: [run], leftOut: [] };
  const [locked] = lockGuests(plan, session, command, context).leftOut;
  if (locked === undefined) return;
  throw new CommandError(`${run.environment}/${locked.guest.name}: ${locked.reason}`, {
    exitCode: exitCodes.locked,
    hint: "wait until it has ended",
  });
}

async function finish(
  bundle: JournalBundle | undefined,
  parts: readonly RunPart[],
  plans: readonly EnvironmentRuns[],
  unknown: readonly UnknownEnvironment[],
  request: RunsRequest,
  context: CommandContext,
): Promise<ExitCode> {
  const started = performance.now();
  const guests = parts.reduce((sum, { run }) => sum + run.guests.length, 0);
  const title = `Back up ${guests === 1 ? "1 guest" : `${guests} guests`}`;
  const outcomes = await context.progress.strands(title, (show) => runParts(parts, context.signal, show));
  if (context.signal.aborted) tellInterruption(outcomes, request, context);
  context.signal.throwIfAborted();
  const isHalfDone = parts.some(isOpen);
  if (!isHalfDone) bundle?.end();
  const report: RunsReport = {
    ...reportRuns(outcomes, plans, unknown),
    seconds: (performance.now() - started) / 1_000,
    ...(isHalfDone ? { goOn: request.command } : {}),
  };
  const exitCode = exitCodeOf(report, outcomes, unknown);
  context.output.result({ exitCode, ...report }, (lines) => printRunsReport(report, lines));
  return exitCode;
}

/** What state things are in after Ctrl-C, and how to go on. */
function tellInterruption(outcomes: readonly PartOutcome[], { command }: RunsRequest, { talk }: CommandContext): void {
  for (const { part, kind } of outcomes) {
    if (kind !== "interrupted") continue;
    const { upid, asked } = part.journal.factsOf(runPath);
    const at = typeof upid === "string" && asked === true ? `the node goes on by itself: ${upid}` : "not begun";
    talk.line(`${part.run.environment} on ${part.run.node}: ${at}`);
  }
  talk.hint(`to go on, or to see the results: ${command}`);
}
