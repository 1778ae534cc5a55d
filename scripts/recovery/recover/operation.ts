import { formatInstant } from "../../terminal/durations";
import { recoverKind } from "../engine/kinds";
import type { Operation } from "../engine/operation";
import { waitForEarlier } from "./earlier-run";
import { hasWork } from "./lacking";
import { planRecovery, requireAllThere } from "./make-plan";
import { type RecoverPlan, recoverPlanSchema } from "./plan";
import { reportOf } from "./report";
import type { SiteSession } from "./session";
import { recoverSteps } from "./steps";
import { nothingLost, printPlan } from "./view";

/**
 * Whatever is lost of a site comes back, in the order in which one thing needs another (H1). It is never followed from its journal:
 * the site itself tells what is left, whatever has happened to it since. What it has begun of a guest or a stack has journals of its
 * own, which the next run resumes.
 */
export function recoverOperation(session: SiteSession): Operation<RecoverPlan> {
  const { asked, unusable } = session;
  return {
    kind: recoverKind,
    name: "recovery of the site",
    schema: recoverPlanSchema,
    request: {},
    command: asked.command,
    given: asked.given,
    plan: async () => {
      const { plan, demands } = await planRecovery(session);
      if (!hasWork(plan)) {
        requireAllThere(plan);
        if (plan.unproven !== true) return { nothing: nothingLost(plan, unusable) };
      }
      const print = (lines: Parameters<typeof printPlan>[2]): void => printPlan(plan, unusable, lines);
      return { plan, demands, inputs: {}, view: { value: { ...plan }, print } };
    },
    steps: (plan) => recoverSteps(plan, session),
    report: (plan, journal, findings) => reportOf(plan, journal, findings),
    meaning: () => ({ text: "what has come back stays; the same command looks again and does what is left." }),
    outdated: async (open) => {
      await waitForEarlier(open, session.context, session.dryRun);
      return `What was begun at ${formatInstant(open.contents.startedAt)} has not ended; what is left is planned anew.`;
    },
  };
}
