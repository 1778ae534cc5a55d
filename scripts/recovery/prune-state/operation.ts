import type { Keep } from "../../../site/state/prune";
import type { Demand, GivenAnswers } from "../engine/consent";
import type { Operation } from "../engine/operation";
import type { StackSession } from "../engine/session";
import { forceFlag } from "../engine/settle-demands";
import type { StateAccess } from "../steps/state/state-access";
import { planStatePrune } from "./make-plan";
import { pruneStateKind, type PruneStatePlan, pruneStatePlanSchema } from "./plan";
import { pruneSteps } from "./steps";
import { countsText, nothingToPrune, pruneReport, pruneView } from "./view";
import { formatInstant } from "../../terminal/durations";

/** What `lifeboat state prune` was asked for. */
export interface PruneRequest {
  readonly keep: Keep;
  /** As it was written. */
  readonly keepText: string;
  readonly given: GivenAnswers;
  /** The command line that does the same again. */
  readonly command: string;
}

/** What is too old of a stack's history is removed. */
export function pruneOperation(
  session: StackSession,
  access: StateAccess,
  { keep, keepText, given, command }: PruneRequest,
): Operation<PruneStatePlan> {
  return {
    kind: pruneStateKind,
    name: `pruning of the state's history of ${session.selector}`,
    schema: pruneStatePlanSchema,
    request: { keep: keepText },
    command,
    given,
    plan: async () => {
      const plan = await planStatePrune(session, access, keep);
      if (plan.remove.length === 0) return { nothing: nothingToPrune(plan, keepText) };
      return { plan, demands: [demandOf(plan)], inputs: {}, view: pruneView(plan, keepText) };
    },
    steps: (plan) => pruneSteps(plan, access, () => planStatePrune(session, access, keep)),
    report: pruneReport,
    meaning: () => ({ text: "some of it may be removed; nothing that stays is touched." }),
    // What an interrupted run has not removed is found again by listing the history.
    outdated: ({ contents: { startedAt } }) =>
      `Pruning begun at ${formatInstant(startedAt)} has not ended; what is left of it is planned anew.`,
  };
}

function demandOf(plan: PruneStatePlan): Demand {
  const question = `Remove ${countsText(plan)} of ${plan.environment} for ever?`;
  return { flag: forceFlag, reason: "the plan is not confirmed", question };
}
