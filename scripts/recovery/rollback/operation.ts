import { guestTaskType } from "../../../proxmox/api/calls/guests";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { type GivenAnswers, whyUnanswered } from "../engine/consent";
import { digestsOf, type Inputs, whyPlannedOtherwise } from "../engine/digest";
import type { Operation } from "../engine/operation";
import type { GuestSession } from "../engine/session";
import { lookAgain } from "../steps/guest/look-again";
import { openWorld } from "../steps/guest/open-world";
import { lostWayBack, wayBackIn } from "../steps/guest/way-back";
import { type PlannedRollback, planRollback } from "./make-plan";
import { rollbackKind, type RollbackPlan, rollbackPlanSchema } from "./plan";
import { rollBackPath, rollbackSteps } from "./steps";
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
    outlived: async (plan, inputs) => whyAnother(plan, inputs, await planRollback(session, snapshot, without)),
    lookAgain: (plan, open) =>
      lookAgain(session, open, {
        guest: plan.guest,
        target: plan.target,
        present: plan.present,
        commit: { path: rollBackPath, type: guestTaskType(plan.target, "rollBack") },
        lostWayBack: () => lostWayBack(session.client, plan, wayBackIn(open)),
        differs: async (asked) => {
          const now = await unlessGone(planRollback(session, snapshot, without));
          if (now === undefined) return undefined;
          return (
            whyAnother(plan, open.contents.inputs, now) ??
            (asked === "anew" ? whyUnanswered(now.demands, given) : undefined)
          );
        },
      }),
    meaning: ({ guest, present }, { position }) => {
      const where = position === "committed" ? "perhaps half rolled back" : "not rolled back";
      return { text: `${guest} is ${where}${present.running ? ", and stopped" : ""}.` };
    },
  };
}

/**
 * Undefined: the snapshot is gone. Then the node refuses the request and destroys nothing; what was prepared stays until the
 * operator gives it up, since the way back may hold all that is left.
 */
async function unlessGone(planned: Promise<PlannedRollback>): Promise<PlannedRollback | undefined> {
  try {
    return await planned;
  } catch (error) {
    if (error instanceof CommandError && error.exitCode === exitCodes.nothing) return undefined;
    throw error;
  }
}

/** Why a rollback that was planned before is not the one of now. What its own steps have changed is no reason. */
function whyAnother(before: RollbackPlan, planned: Inputs, { plan, inputs }: PlannedRollback): string | undefined {
  const own = before.wayBack.kind === "snapshot" ? [before.wayBack.name] : [];
  const newer = plan.removeNewer.filter((name) => !own.includes(name));
  if (newer.some((name) => !before.removeNewer.includes(name))) return `there are newer snapshots: ${newer.join(", ")}`;
  // Its snapshots are compared by those that are newer: some of them may be removed by now.
  const { "the guest's configuration": configuration, "the guest's settings": settings } = inputs;
  if (configuration !== planned["the guest's configuration"]) return "the guest's configuration changed since";
  if (settings !== planned["the guest's settings"]) return "the guest's settings changed since";
  return whyPlannedOtherwise(partsOf(before), partsOf(plan));
}

/** Digests of the parts of a plan that no step of it changes, by the words that people have for them. */
function partsOf({ environment, guest, target, snapshot, time, wayBack, savePoint, memberships }: RollbackPlan) {
  return digestsOf({
    "the guest": { environment, guest, target },
    "the snapshot": { snapshot, time },
    "its way back": { kind: wayBack.kind, savePoint },
    "its backup jobs, pool and high availability": memberships,
  });
}
