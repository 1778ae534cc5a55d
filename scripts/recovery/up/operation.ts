import type { CommandContext } from "../../project/context";
import type { Site } from "../../project/site";
import type { Member } from "../engine/batch";
import type { GivenAnswers } from "../engine/consent";
import { isOpen } from "../engine/journal";
import type { Operation } from "../engine/operation";
import { rotateKeysKind } from "../engine/kinds";
import type { Sequence } from "../engine/run-sequence";
import { halfDone, journalsOf, unfinished } from "../engine/session";
import { forceFlag } from "../engine/settle-demands";
import { planStack } from "./make-plan";
import { isVisitedAgain, planHandOver } from "./second-visit";
import { isIdle, upKind, type UpPlan, upPlanSchema } from "./plan";
import { waitForPulumi } from "../steps/state/wait-for-pulumi";
import { openSitePlan, type SitePlan } from "./site-plan";
import { StackWork } from "./stack-work";
import { upInputs, upSteps } from "./steps";
import { siteReport, siteView, stackReport, stackView, unchangedStack } from "./view";
import { formatInstant } from "../../terminal/durations";

/** What `lifeboat up` was asked for. */
export interface UpRequest {
  /** Names of environments; empty: all. */
  readonly wanted: readonly string[];
  readonly dryRun: boolean;
  readonly given: GivenAnswers;
  /** The command line that does the same again. */
  readonly command: string;
}

/**
 * Brings up environments one after the other, and their states into the store that one of them makes (B3).
 *
 * @throws CommandError (2, 12, 13) for what stops all of them.
 */
export async function upSequence(site: Site, request: UpRequest, context: CommandContext): Promise<Sequence<UpPlan>> {
  const { wanted, dryRun, given } = request;
  requireNoRotation(site, context);
  // What it leaves is looked at below, and is not to change meanwhile.
  for (const name of wanted.length === 0 ? site.environmentNames : wanted) {
    const open = unfinished(journalsOf(new StackWork(site, name, context, dryRun)), upKind);
    if (open?.contents.kind === upKind) await waitForPulumi(open, context);
  }
  const shared = await openSitePlan(site, wanted, context);
  const works = shared.names.map((name) => new StackWork(site, name, context, dryRun));
  const watcher = works.find(({ selector }) => isVisitedAgain(selector, shared));
  return {
    context,
    dryRun,
    given,
    members: [
      ...works.map((work): Member<UpPlan> => ({ session: work, operation: upOperation(work, shared, request) })),
      ...(watcher === undefined ? [] : [{ session: watcher, operation: handOverOperation(watcher, shared, request) }]),
    ],
    aim: (name) => `bring up ${name}`,
    demand: (names) => ({
      flag: forceFlag,
      reason: "the plan is not confirmed",
      question: `Bring up ${names.join(", ")}?`,
    }),
    view: siteView,
    // Without the store the others have no place for their states.
    carries: ({ wait }) => wait,
    report: siteReport,
  };
}

/**
 * The keys that a change of keys has made stand in the settings before anybody has proven them. This command would give them to
 * their environment, whichever it brings up.
 *
 * @throws CommandError (11)
 */
function requireNoRotation(site: Site, context: CommandContext): void {
  for (const name of site.environments().usable.map((environment) => environment.name)) {
    const work = new StackWork(site, name, context, true);
    const open = journalsOf(work).find((journal) => isOpen(journal) && journal.contents.kind === rotateKeysKind);
    if (open !== undefined) throw halfDone(work, open);
  }
}

/**
 * Brings one environment up. What an earlier run has begun is not followed from its journal: the site itself tells what is
 * left, whatever has happened to it since.
 */
function upOperation(work: StackWork, shared: SitePlan, { given, command }: UpRequest): Operation<UpPlan> {
  const { selector, context } = work;
  return {
    kind: upKind,
    name: `deployment of ${selector}`,
    schema: upPlanSchema,
    request: {},
    command,
    given,
    plan: async () => plannedUp(work, await planStack(work, shared)),
    steps: (plan, { inputs }) => upSteps(plan, { work, keys: shared.view?.keys, inputs }),
    report: stackReport,
    // The words of the program, or of `pulumi`, say what there is to say.
    meaning: () => undefined,
    outdated: async (open) => {
      await waitForPulumi(open, context);
      return `What was begun at ${formatInstant(open.contents.startedAt)} with ${selector} has not ended; what is left is planned anew.`;
    },
  };
}

/** Tokens that stacks behind the one that watches have made: a second visit, in the same run. */
function handOverOperation(work: StackWork, shared: SitePlan, request: UpRequest): Operation<UpPlan> {
  return {
    ...upOperation(work, shared, request),
    plan: async () => plannedUp(work, await planHandOver(work, shared)),
  };
}

function plannedUp(work: StackWork, plan: UpPlan) {
  if (isIdle(plan)) return { nothing: unchangedStack(plan) };
  return { plan, demands: [], inputs: upInputs(work), view: stackView(plan) };
}
