import type { TaskEntry } from "../../../../proxmox/api/answers";
import type { GuestAddress } from "../../../../proxmox/api/calls/guests";
import type { ProxmoxClient } from "../../../../proxmox/api/client";
import type { Journal } from "../../engine/journal";
import type { GuestSession } from "../../engine/session";
import type { StepContext } from "../../engine/step";
import { taskOn } from "./inspect-present";
import { knownTasksIn, requestedTask } from "./start-task-once";

/**
 * Waits until no task is at work on a guest any more, as far as the token can see: what such a task does comes after
 * whatever is found out now, as the end of a slow shutdown does.
 */
export async function waitForTasks(
  client: ProxmoxClient,
  guest: GuestAddress,
  { signal, progress }: Pick<StepContext, "signal" | "progress">,
): Promise<void> {
  for (;;) {
    const busy = await taskOn(client, guest);
    if (busy === undefined) return;
    progress(`waits for task '${busy.type}' of ${busy.user} (${busy.upid})`);
    await client.tasks.wait(busy.upid, { signal });
  }
}

/** Waits for the tasks that an operation has started and that are still at work on their nodes. */
export async function waitForOwnTasks(
  { client, context, guest }: Pick<GuestSession, "client" | "context" | "guest">,
  journal: Journal,
): Promise<void> {
  // A copy may be made on another node than that of the guest.
  const requested = Object.values(journal.contents.steps).map(({ facts }) => requestedTask(facts)?.node);
  for (const node of new Set([journal.contents.guest?.node ?? guest.node, ...requested])) {
    if (node === undefined) continue;
    const active = await client.tasks.list(node, { source: "active" });
    for (const { upid, type } of active.filter((task) => task.endtime === undefined && isOwn(task, journal))) {
      await context.progress.step(`Wait for task '${type}', which was begun before`, () =>
        client.tasks.wait(upid, { signal: context.signal }),
      );
    }
  }
}

/** By its id, where the node's answer came back; else by what the node had not known when it was asked for. */
export function isOwn(task: Pick<TaskEntry, "upid" | "id" | "type">, { contents }: Journal): boolean {
  const { upid, id } = task;
  return Object.values(contents.steps).some(({ facts }) => {
    if (facts["upid"] === upid || facts["failedTask"] === upid) return true;
    // A request that was repeated after its task had failed, and whose answer did not come back.
    const isUnsure = facts["upid"] === undefined || facts["upid"] === facts["failedTask"];
    if (!isUnsure || facts["asked"] !== true || knownTasksIn(facts).has(upid)) return false;
    const requested = requestedTask(facts);
    if (requested === undefined) return id === String(contents.guest?.id);
    return task.type === requested.type && (id ?? "") === String(requested.vmid ?? "");
  });
}
