import type { GivenAnswers } from "../engine/consent";
import type { Operation } from "../engine/operation";
import type { GuestSession } from "../engine/session";
import { openWorld } from "../steps/guest/open-world";
import { planRollback } from "./make-plan";
import { rollbackKind, type RollbackPlan, rollbackPlanSchema } from "./plan";
import { rollbackSteps } from "./steps";
import { rollbackReport, rollbackView } from "./view";
import { requireRights } from "../steps/guest/rights";
import { rollbackRights } from "./rights";

/** What `lifeboat restore snapshot` was asked for. */
export interface RollbackRequest {
  readonly snapshot: string;
  readonly given: GivenAnswers;
  /** Seconds that each check is repeated. */
  readonly checkSeconds: number;
  /** The command line that does the same again. */
  readonly command: string;
}

/** A guest goes back to one of its snapshots, and the present state is kept first (D12). */
export function rollbackOperation(
  session: GuestSession,
  { snapshot, given, checkSeconds, command }: RollbackRequest,
): Operation<RollbackPlan> {
  const without = given["--without-save-point"];
  return {
    kind: rollbackKind,
    name: `rollback of ${session.selector}`,
    schema: rollbackPlanSchema,
    request: { snapshot, ...(without === undefined ? {} : { withoutSavePoint: String(without) }) },
    command,
    given,
    plan: async () => {
      const planned = await planRollback(session, snapshot, without);
      return { ...planned, view: rollbackView(planned), node: planned.plan.target.node };
    },
    permitted: (plan) => requireRights(session.client, rollbackRights(plan)),
    steps: async (plan, begun) => rollbackSteps(plan, await openWorld(session, checkSeconds, false), begun),
    report: rollbackReport,
    meaning: ({ guest, present }, { position }) => {
      const where = position === "committed" ? "perhaps half rolled back" : "not rolled back";
      return { text: `${guest} is ${where}${present.running ? ", and stopped" : ""}.` };
    },
  };
}
