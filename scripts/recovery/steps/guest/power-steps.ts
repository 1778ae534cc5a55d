import { setTimeout as sleep } from "node:timers/promises";
import type { GuestAddress } from "../../../../proxmox/api/calls/guests";
import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { TaskFailed, requireSuccess } from "../../../../proxmox/api/tasks";
import { CommandError } from "../../../terminal/command-error";
import { exitCodes } from "../../../terminal/exit-codes";
import { messageOf } from "../../../machine/error-code";
import { keptFact } from "../../engine/kept";
import type { Step, StepContext } from "../../engine/step";
import { waitForDisturbing } from "./disturbed";
import { refuseMarkedAnother, whyAnotherGuest } from "./meant-guest";
import type { RestorePlan } from "./plan";
import { waitForTasks } from "./own-tasks";
import { findStarted, mayHaveBegun, runTaskOnce } from "./start-task-once";
import type { GuestWorld } from "./world";

/** Seconds that a guest has to shut down by itself before the plug is pulled. */
const shutdownSeconds = 60;

/** A guest managed by high availability changes its state only after the task has ended. */
const stateSeconds = 60;

const taskTypes = {
  lxc: { start: "vzstart", shutdown: "vzshutdown" },
  qemu: { start: "qmstart", shutdown: "qmshutdown" },
} as const;

/** What these steps need of a plan. */
export type PowerPlan = Pick<RestorePlan, "guest" | "target" | "mode">;

/** Stops the guest that will be overwritten; starts it again when the restore does not come to that. */
export function stopGuest(plan: PowerPlan, { client, meant }: Pick<GuestWorld, "client" | "meant">): Step {
  return {
    id: "stop",
    title: `Stop ${plan.guest}`,
    does: `shut ${plan.guest} down (after ${shutdownSeconds} s by force)`,
    probe: async () => ((await isRunning(client, plan.target)) ? undefined : {}),
    run: async (context) => {
      if (!(await isRunning(client, plan.target))) return;
      await shutDown(context, client, plan.target);
    },
    undoes: (facts) => {
      if (!mayHaveBegun(facts)) return "nothing";
      return facts["abandoned"] === true ? { stays: staysStopped(plan) } : { does: `start ${plan.guest} again` };
    },
    takeBack: async (context) => {
      if (!mayHaveBegun(context.facts)) return;
      const { node, vmid, type } = plan.target;
      await findStarted(context, client, { node, vmid, type: taskTypes[type].shutdown });
      await waitForTasks(client, plan.target, context);
      if (!(await client.guests.exists(plan.target)) || (await isRunning(client, plan.target))) return;
      if (context.facts["abandoned"] === true) {
        return context.note(keptFact(staysStopped(plan)));
      }
      const why = whyAnotherGuest(type, await client.guests.guestConfig(plan.target), meant);
      if (why !== undefined) {
        context.note(keptFact(`guest ${vmid} is not started, because it is not ${plan.guest}: ${why}`));
        return;
      }
      requireSuccess(await client.tasks.wait(await client.guests.start(plan.target), { signal: context.signal }));
    },
  };
}

function staysStopped({ guest }: PowerPlan): string {
  return `${guest} stays stopped, as it was when its operation was abandoned`;
}

/**
 * A guest that does not start is restored all the same: the report says so, and the checks after it will.
 *
 * @param requireOwn throws for a guest that has taken the number meanwhile: it is neither started nor taken for this one
 */
export function startGuest(
  plan: PowerPlan,
  { client, meant }: Pick<GuestWorld, "client" | "meant">,
  requireOwn: (context: StepContext) => Promise<void> = () => refuseMarkedAnother(client, plan.target, meant),
): Step {
  const { target } = plan;
  return {
    id: "start",
    title: `Start ${plan.guest}`,
    does: `start ${plan.guest}${plan.mode === "beside" ? ` as ${target.vmid}` : ""}`,
    probe: async (context) => {
      await requireOwn(context);
      return (await isRunning(client, target)) ? {} : undefined;
    },
    run: async (context) => {
      await waitForDisturbing(client, target, context);
      await requireOwn(context);
      if (await isRunning(client, target)) return;
      const start = () => client.guests.start(target);
      const task = { node: target.node, vmid: target.vmid, type: taskTypes[target.type].start, start };
      try {
        requireSuccess(await runTaskOnce(context, client, task));
        await waitForState(client, target, true, context.signal);
      } catch (error) {
        if (!(error instanceof TaskFailed)) throw error;
        const text = `${plan.guest} is restored, and does not start: ${messageOf(error)}`;
        return { facts: { proven: false }, findings: [{ severity: "problem", text }] };
      }
      return;
    },
  };
}

async function shutDown(context: StepContext, client: ProxmoxClient, target: GuestAddress): Promise<void> {
  const start = () => client.guests.shutdown(target, { timeout: shutdownSeconds, forceStop: true });
  const task = { node: target.node, vmid: target.vmid, type: taskTypes[target.type].shutdown, start };
  requireSuccess(await runTaskOnce(context, client, task));
  await waitForState(client, target, false, context.signal);
}

export async function isRunning(client: ProxmoxClient, guest: GuestAddress): Promise<boolean> {
  return (await client.guests.guestStatus(guest)).status === "running";
}

async function waitForState(
  client: ProxmoxClient,
  guest: GuestAddress,
  running: boolean,
  signal: AbortSignal,
): Promise<void> {
  for (let second = 0; (await isRunning(client, guest)) !== running; second += 1) {
    if (second >= stateSeconds) {
      throw new CommandError(
        `guest ${guest.vmid} is still ${running ? "stopped" : "running"} after ${stateSeconds} s`,
        {
          exitCode: exitCodes.failed,
        },
      );
    }
    await sleep(1_000, undefined, { signal });
  }
}
