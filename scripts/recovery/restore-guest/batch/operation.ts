import { CommandError } from "../../../terminal/command-error";
import { type ExitCode, exitCodes } from "../../../terminal/exit-codes";
import { flagOf, type Demand } from "../../engine/consent";
import { digestOf } from "../../engine/digest";
import type { BundleFolder, JournalBundle } from "../../engine/journal-bundle";
import { JournalError } from "../../engine/journal";
import type { Finding } from "../../engine/step";
import type { PreparedRestore } from "../operation";
import { restorePlanSchema } from "../../steps/guest/plan";
import { comparisonFindings } from "../../steps/guest/open-world";
import { forceFlag, confirm } from "../../engine/settle-demands";
import { journalsOf, takeLock, unfinished } from "../../engine/session";
import { BackupTurns } from "./backup-turns";
import { mergeDemands } from "./merge-demands";
import { type SeveralMember, planSeveral, refuseTogether } from "./make-plan";
import { type PartOutcome, type SeveralPart, runParts } from "./run";
import { type SeveralReport, exitCodeOf, printSeveralReport, resultOf, skippedResult } from "./report";
import { type RefusedGuest, printSeveralPlan, severalView } from "./view";
import type { CommandContext } from "../../../project/context";

/** What is asked for, beyond what is asked for each guest. */
export interface SeveralRequest {
  readonly members: readonly SeveralMember[];
  readonly parallel: number;
  /** Guests that cannot be restored are left out; else they stop all. */
  readonly skipRefused: boolean;
  readonly dryRun: boolean;
  readonly given: SeveralMember["request"]["given"];
  /** The command line that does the same again. */
  readonly command: string;
  /** What tells one request from another. */
  readonly texts: Readonly<Record<string, string>>;
}

/**
 * Restores several guests: one plan, one consent, one report. Each guest keeps a journal of its own, so that it can be
 * continued and undone alone; the bundle over them lets the same command go on with all.
 */
export async function conductSeveral(request: SeveralRequest, context: CommandContext): Promise<ExitCode> {
  const { members, dryRun } = request;
  if (!dryRun) for (const member of members) lockMember(member, request.command);
  const bundles = bundleFolder(request);
  const open = openBundle(bundles, request);
  if (open !== undefined) {
    const parts = partsOf(open, members);
    if (parts.some(isOpen)) return goOn(open, parts, request, context);
    if (parts.every(hasSucceeded)) return finish(open, parts, [], request, context);
    // What is left of it was undone or taken back: there is nothing to go on with.
    if (!dryRun) open.end();
  }
  refuseUnfinished(members);
  return begin(bundles, request, context);
}

/** Any guest's will do: bundles are kept beside the folders of all sites. */
function bundleFolder({ members }: SeveralRequest): BundleFolder {
  const [first] = members;
  if (first === undefined) throw new Error("Nothing is restored without a guest.");
  return first.session.state.bundles;
}

function lockMember({ session }: SeveralMember, command: string): void {
  try {
    takeLock(session, command);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const { exitCode, hint } = error;
    throw new CommandError(`${session.selector}: ${error.message}`, { exitCode, hint });
  }
}

function openBundle(bundles: BundleFolder, { texts }: SeveralRequest): JournalBundle | undefined {
  try {
    return bundles.open().find(({ contents }) => digestOf(contents.request) === digestOf(texts));
  } catch (error) {
    if (!(error instanceof JournalError)) throw error;
    throw new CommandError(error.message, { exitCode: exitCodes.failed, hint: error.hint });
  }
}

/** A bundle's parts with their guests. Some of the guests may have been left out when it began. */
function partsOf(bundle: JournalBundle, members: readonly SeveralMember[]): SeveralPart[] {
  return bundle.journals().flatMap((journal) => {
    const { guest, plan } = journal.contents;
    if (guest === undefined) return [];
    const member = members.find(({ session }) => session.selector === `${guest.environment}/${guest.name}`);
    if (member === undefined) return [];
    const { session, request } = member;
    return [{ session, restore: { journal, plan: restorePlanSchema.parse(plan) }, checkSeconds: request.checkSeconds }];
  });
}

function isOpen({ restore }: SeveralPart): boolean {
  const { state } = restore.journal.contents;
  return state === "open" || state === "taking-back";
}

function hasSucceeded({ restore }: SeveralPart): boolean {
  const { state } = restore.journal.contents;
  return state === "done" || state === "unproven";
}

/** A guest that something else has half done must be brought to an end first. */
function refuseUnfinished(members: readonly SeveralMember[]): void {
  for (const { session } of members) {
    const other = unfinished(journalsOf(session));
    if (other === undefined) continue;
    const { startedAt, command } = other.contents;
    throw new CommandError(`${session.selector}: an operation begun at ${startedAt} has not ended`, {
      exitCode: exitCodes.locked,
      hint: `resume it: ${command}; or take it back: lifeboat undo ${session.selector}`,
    });
  }
}

async function begin(bundles: BundleFolder, request: SeveralRequest, context: CommandContext): Promise<ExitCode> {
  const { members, parallel, skipRefused, dryRun, given, command, texts } = request;
  const plan = await context.progress.step(`Look at ${members.length} guests`, () => planSeveral(members));
  refuseTogether(plan, skipRefused, parallel, (refused) => tellRefused(refused, context));
  const demands = mergeDemands(plan.prepared.map(demandsOf));
  const view = severalView(plan.prepared, plan.refused, parallel, demands.map(flagOf));
  if (dryRun) context.output.result({ plan: view }, (lines) => printSeveralPlan(view, lines));
  else printSeveralPlan(view, context.talk);
  if (dryRun) return exitCodes.done;
  await confirm(demands, given, context);
  const parts = plan.prepared.map(({ session, operation }) => ({
    site: session.state.site,
    journal: session.state.opening(operation),
  }));
  const bundle = bundles.begin({ command, request: { ...texts }, parts });
  return finish(bundle, partsOf(bundle, members), plan.refused, request, context);
}

function tellRefused({ guest, message, hint }: RefusedGuest, { talk }: CommandContext): void {
  talk.hanging(`${guest}: `, message);
  if (hint !== undefined) talk.hanging("  HINT: ", hint);
}

function demandsOf({ session, request, planned }: PreparedRestore) {
  const named = request.given["--without-save-point"] === session.guest.name;
  return { guest: session.guest.name, demands: planned.demands, named };
}

/** Goes on with what an earlier process began. */
async function goOn(
  bundle: JournalBundle,
  parts: readonly SeveralPart[],
  request: SeveralRequest,
  context: CommandContext,
): Promise<ExitCode> {
  const { startedAt } = bundle.contents;
  const open = parts.filter(isOpen).map(({ session }) => session.selector);
  const remaining = { operation: bundle.contents.id, startedAt, remaining: open };
  const told = `A restore of several guests begun at ${startedAt} has not ended. Left to do: ${open.join(", ")}`;
  if (request.dryRun) {
    context.output.result(remaining, (lines) => lines.line(told));
    return exitCodes.done;
  }
  context.talk.line(told);
  const demand: Demand = {
    flag: forceFlag,
    reason: "going on is not confirmed",
    question: `Go on with the restore of ${open.join(", ")} begun at ${startedAt}?`,
  };
  await confirm([demand], request.given, context);
  return finish(bundle, parts, [], request, context);
}

async function finish(
  bundle: JournalBundle,
  parts: readonly SeveralPart[],
  skipped: readonly RefusedGuest[],
  request: SeveralRequest,
  context: CommandContext,
): Promise<ExitCode> {
  if (request.dryRun) return exitCodes.done;
  const started = performance.now();
  const title = `Restore ${parts.length} guests`;
  const outcomes = await context.progress.strands(title, (show) =>
    runParts(parts, request.parallel, new BackupTurns(), show),
  );
  if (context.signal.aborted) tellInterruption(outcomes, request, context);
  context.signal.throwIfAborted();
  const comparisons = await compare(outcomes, context);
  const isHalfDone = parts.some(isOpen);
  if (!isHalfDone) bundle.end();
  const report: SeveralReport = {
    guests: [...outcomes.map(resultOf), ...skipped.map(skippedResult)],
    comparisons,
    seconds: (performance.now() - started) / 1_000,
    ...(isHalfDone ? { goOn: request.command } : {}),
  };
  context.output.result({ ...report }, (lines) => printSeveralReport(report, lines));
  return exitCodeOf(outcomes, skipped);
}

/** What state things are in after Ctrl-C, and how to go on. */
function tellInterruption(outcomes: readonly PartOutcome[], request: SeveralRequest, { talk }: CommandContext): void {
  for (const { part, kind } of outcomes) {
    if (kind !== "interrupted") continue;
    const { journal } = part.restore;
    const steps = Object.entries(journal.contents.steps);
    const [path] = steps.findLast(([, { state }]) => state === "started") ?? [];
    const at =
      path === undefined
        ? steps.length === 0
          ? "not begun"
          : "stopped between two steps"
        : `stopped in step '${path}'`;
    talk.line(`${part.session.selector}: ${at}`);
    const { upid, asked } = path === undefined ? {} : journal.factsOf(path);
    if (typeof upid === "string" && asked === true) talk.line(`  its task goes on on the node: ${upid}`);
  }
  talk.hint(`to resume: ${request.command}`);
}

/** Once for each environment with a guest that Pulumi owns: a preview looks at all of its guests anyway (D11). */
async function compare(
  outcomes: readonly PartOutcome[],
  context: CommandContext,
): Promise<SeveralReport["comparisons"]> {
  const owned = outcomes.filter(
    ({ part, kind }) =>
      kind === "restored" && part.restore.plan.mode === "in-place" && part.session.guest.kind !== "adopted",
  );
  const environments = new Map(owned.map(({ part }) => [part.session.environment.name, part.session.environment]));
  const comparisons: { environment: string; findings: readonly Finding[] }[] = [];
  for (const [name, environment] of environments) {
    const findings = await context.progress.step(`Compare ${name} with Pulumi`, () =>
      comparisonFindings(environment, context),
    );
    comparisons.push({ environment: name, findings });
  }
  return comparisons;
}
