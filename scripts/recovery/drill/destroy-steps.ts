import type { GuestAddress } from "../../../proxmox/api/calls/guests";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { ProxmoxError } from "../../../proxmox/api/errors";
import { TaskFailed } from "../../../proxmox/api/tasks";
import { messageOf } from "../../machine/error-code";
import { CommandError } from "../../terminal/command-error";
import type { BegunOperation } from "../engine/operation";
import type { Facts, Step, StepContext, StepResult } from "../engine/step";
import { destroyCopy } from "./copies";
import type { Candidate, DrillPlan, Leftover } from "./plan";

type Copy = Candidate & Required<Pick<Candidate, "target">>;

/** A request for it has left. */
export function mayBeThere(facts: Facts): boolean {
  return facts["sent"] === true;
}

/** What earlier drills have left goes first. */
export function reapSteps(plan: DrillPlan, client: ProxmoxClient): Step[] {
  return plan.leftovers.map(({ target, mark }: Leftover) => ({
    id: `reap-${String(target.vmid)}`,
    title: `Destroy what an earlier drill has left (${String(target.vmid)})`,
    does: `destroy guest ${target.vmid} on ${target.node}, the copy of a drill of ${mark.by} that has ended`,
    run: async (context) => destroyOrName(client, target, plan, mark.operation, context),
  }));
}

/** The copy of a guest, once all of its group have been tried. */
export function destroyStep(copy: Copy, plan: DrillPlan, client: ProxmoxClient, operation: BegunOperation): Step {
  const { guest, target } = copy;
  return {
    id: `destroy-${guest}`,
    title: `Destroy the copy of ${guest}`,
    does: `destroy guest ${target.vmid}, the copy`,
    run: async (context) => {
      if (!mayBeThere(context.factsOf(`${guest}/restore`))) return;
      return destroyOrName(client, target, plan, operation.id, context);
    },
  };
}

/** A copy that stays is a problem of its own: it keeps no other guest from being proven, where nothing leads out. */
async function destroyOrName(
  client: ProxmoxClient,
  target: GuestAddress,
  { ids, environment }: DrillPlan,
  operation: string,
  context: StepContext,
): Promise<StepResult | undefined> {
  try {
    await destroyCopy(client, target, { ids, operation }, context);
    return undefined;
  } catch (error) {
    const { vmid, node } = target;
    const severity = "problem";
    if (error instanceof CommandError) {
      const { message, hint } = error;
      return { findings: [{ severity, text: `${message}, and stays`, ...(hint === undefined ? {} : { mend: hint }) }] };
    }
    if (!isRefused(error)) throw error;
    const text = `the copy ${String(vmid)} on ${node} stays: ${messageOf(error)}`;
    return { findings: [{ severity, text, mend: `lifeboat drill --env ${environment}` }] };
  }
}

/** What is still there after anything else nobody knows. */
function isRefused(error: unknown): boolean {
  if (error instanceof TaskFailed) return true;
  return error instanceof ProxmoxError && (error.kind === "failed" || error.kind === "forbidden");
}
