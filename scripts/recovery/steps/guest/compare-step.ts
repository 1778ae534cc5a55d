import type { Step } from "../../engine/step";
import type { GuestWorld } from "./world";

/** The last step, because what was done stands whether or not Pulumi can be asked (D11). */
export function comparePulumiStep(
  { environment }: { readonly environment: string },
  world: Pick<GuestWorld, "comparePulumi">,
): Step {
  return {
    id: "compare",
    title: "Compare with Pulumi",
    does: `ask pulumi preview what differs from ${environment}'s state`,
    run: async ({ signal }) => ({ findings: await world.comparePulumi(signal) }),
  };
}
