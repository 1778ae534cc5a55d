import type { TaskEntry } from "../../../../proxmox/api/answers";
import type { ProxmoxClient } from "../../../../proxmox/api/client";
import type { StepContext } from "../../engine/step";
import { taskOn, tasksToKnow } from "./inspect-present";
import type { RestorePlan } from "./plan";

/** Tasks after which a guest is another than the one that was looked at, or has worked since. */
const disturbing: ReadonlySet<string> = new Set(
  ["start", "create", "restore", "rollback", "destroy", "migrate", "reboot"].flatMap((what) => [
    `vz${what}`,
    `qm${what}`,
  ]),
);

/** What is asked of a plan. */
export interface LookedAtPlan {
  readonly target: RestorePlan["target"];
  readonly present?: RestorePlan["present"] | undefined;
}

/**
 * What somebody else has done to a guest since it was planned, as names of what has changed: another machine's operation may
 * have put back the very configuration that was planned on, and have started the guest or be about to.
 *
 * @param context of the step that overwrites the guest, whose own earlier attempts are nobody else's
 */
export async function disturbedSince(
  client: ProxmoxClient,
  { target, present }: LookedAtPlan,
  { facts }: Pick<StepContext, "facts">,
): Promise<string[]> {
  const others = await othersSince(client, { target, present }, facts);
  return others.slice(0, 1).map(({ type, user }) => `the guest (task '${type}' of ${user ?? "somebody"})`);
}

/** Whether somebody else has started the guest since it was planned. */
export async function startedSince(
  client: ProxmoxClient,
  plan: LookedAtPlan,
  { facts }: Pick<StepContext, "facts">,
): Promise<TaskEntry | undefined> {
  return (await othersSince(client, plan, facts)).find(({ type }) => type === "vzstart" || type === "qmstart");
}

/** Newest first, by what the node knew when it was planned and not by times: its clock may have been put back. */
async function othersSince(
  client: ProxmoxClient,
  { target: { node, vmid }, present }: LookedAtPlan,
  { upid: own, failedTask }: StepContext["facts"],
): Promise<TaskEntry[]> {
  const known = present?.tasks;
  if (known === undefined) return [];
  const tasks = await client.tasks.list(node, { vmid, limit: tasksToKnow });
  return tasks.filter(
    ({ upid, id, type }) =>
      id === String(vmid) && disturbing.has(type) && !known.includes(upid) && upid !== own && upid !== failedTask,
  );
}

/** Waits for somebody else's task that overwrites a guest or changes whether it runs: until it has ended, none can start it. */
export async function waitForDisturbing(
  client: ProxmoxClient,
  guest: LookedAtPlan["target"],
  { signal, progress }: Pick<StepContext, "signal" | "progress">,
): Promise<void> {
  for (;;) {
    const busy = await taskOn(client, guest);
    if (busy === undefined || !disturbing.has(busy.type)) return;
    progress(`waits for task '${busy.type}' of ${busy.user} (${busy.upid})`);
    await client.tasks.wait(busy.upid, { signal });
  }
}
