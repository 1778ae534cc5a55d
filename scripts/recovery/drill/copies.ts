import { setTimeout as sleep } from "node:timers/promises";
import type { GuestAddress } from "../../../proxmox/api/calls/guests";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { requireSuccess } from "../../../proxmox/api/tasks";
import { readDrillMark } from "../../../site/drill/mark";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { StepContext } from "../engine/step";
import { waitForTasks } from "../steps/guest/own-tasks";
import { isRunning } from "../steps/guest/power-steps";

type Range = { readonly from: number; readonly to: number };
type Waiting = Pick<StepContext, "signal" | "progress">;

/**
 * Destroys a copy, and only that: its number is of the range, and its notes say just before it is deleted that the drill has
 * made it. What else has its number stays.
 *
 * @throws CommandError (13) for a guest that is no copy of that drill
 */
export async function destroyCopy(
  client: ProxmoxClient,
  target: GuestAddress,
  { ids, operation }: { readonly ids: Range; readonly operation: string },
  waiting: Waiting,
): Promise<void> {
  await waitForTasks(client, target, waiting);
  if (!(await client.guests.exists(target))) return;
  await requireCopy(client, target, ids, operation);
  if (await isRunning(client, target)) {
    requireSuccess(await client.tasks.wait(await client.guests.stop(target), { signal: waiting.signal }));
    // High availability or somebody else may have started it again; then deleting it is refused.
    for (let look = 0; look < 10 && (await isRunning(client, target)); look += 1) {
      await sleep(500, undefined, { signal: waiting.signal });
    }
  }
  await requireCopy(client, target, ids, operation);
  requireSuccess(await client.tasks.wait(await client.guests.destroy(target), { signal: waiting.signal }));
}

/** @throws CommandError (13) */
export async function requireCopy(
  client: ProxmoxClient,
  target: GuestAddress,
  ids: Range,
  operation: string,
): Promise<void> {
  const isInRange = target.vmid >= ids.from && target.vmid <= ids.to;
  const { description, lock } = await client.guests.guestConfig(target);
  if (isInRange && readDrillMark(description)?.operation === operation) return;
  if (isInRange && isUnfinished({ description, lock })) throw refuseUnfinished(target);
  throw new CommandError(`guest ${target.vmid} on ${target.node} is no copy that this drill made`, {
    exitCode: exitCodes.refused,
    hint: `look at it; ids ${String(ids.from)} to ${String(ids.to)} are for drills alone`,
  });
}

/** Proxmox writes settings and notes once everything is unpacked: a restore whose worker dies before leaves a lock and no more. */
export function isUnfinished({ description, lock }: Readonly<Record<string, string | undefined>>): boolean {
  return lock === "create" && description === undefined;
}

/** Without its notes nobody knows whose it is, and a locked guest is deleted on the node alone. */
export function refuseUnfinished({ vmid, node, type }: GuestAddress): CommandError {
  const tool = type === "lxc" ? "pct" : "qm";
  return new CommandError(`guest ${vmid} on ${node} is what a restore has left that died there`, {
    exitCode: exitCodes.refused,
    hint: `on ${node}, unless a restore is at work on it: ${tool} unlock ${String(vmid)} && ${tool} destroy ${String(vmid)}`,
  });
}
