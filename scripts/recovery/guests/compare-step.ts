import type { Step } from "../engine/step";
import type { RestorePlan } from "./restore-plan";
import type { RestoreWorld } from "./world";

/** The last step, because the restore stands whether or not Pulumi can be asked (D11). */
export function comparePulumiStep(plan: RestorePlan, world: RestoreWorld): Step {
  return {
    id: "compare",
    title: "Compare with Pulumi",
    does: `ask pulumi preview what differs from ${plan.environment}'s state`,
    run: async ({ signal }) => ({ findings: await world.comparePulumi(plan, signal) }),
  };
}
