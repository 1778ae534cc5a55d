import { type GuestAddress, guestTaskType } from "../../../../proxmox/api/calls/guests";
import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { TaskFailed, type TaskOutcome } from "../../../../proxmox/api/tasks";
import { CommandError } from "../../../terminal/command-error";
import { exitCodes } from "../../../terminal/exit-codes";
import type { Step, StepContext } from "../../engine/step";
import { readSnapshots } from "./guest-snapshots";
import { findStarted, runTaskOnce } from "./start-task-once";

type StepWords = Pick<Step, "id" | "title" | "does">;

/** A step that takes a snapshot, once, and believes only the guest's own list. */
export function takeSnapshotStep(
  words: StepWords,
  target: GuestAddress,
  { name, description }: { readonly name: string; readonly description: string },
  client: ProxmoxClient,
): Step {
  const task = { node: target.node, vmid: target.vmid, type: guestTaskType(target, "takeSnapshot") };
  const isThere = async (): Promise<boolean> =>
    (await readSnapshots(client, target)).some((snapshot) => snapshot.name === name && !snapshot.incomplete);
  return {
    ...words,
    probe: async (context) => {
      const upid = await findStarted(context, client, task);
      if (upid !== undefined) await client.tasks.wait(upid, { signal: context.signal });
      return (await isThere()) ? { facts: { snapshot: name } } : undefined;
    },
    run: async (context) => {
      const start = () => client.guests.takeSnapshot(target, name, description);
      const { upid } = endedWell(await runTaskOnce(context, client, { ...task, start }), context);
      if (await isThere()) return { facts: { snapshot: name } };
      // It was asked for, and may be there for all that the list says: another run looks again, and then asks anew.
      context.note({ failedTask: upid, asked: false });
      throw new CommandError(`the task ended well, but snapshot ${name} is not complete`, {
        exitCode: exitCodes.failed,
        hint: `the whole log: Proxmox's web interface, tasks of the node (${upid})`,
      });
    },
  };
}

/** A step that removes a snapshot. */
export function removeSnapshotStep(words: StepWords, target: GuestAddress, name: string, client: ProxmoxClient): Step {
  const task = { node: target.node, vmid: target.vmid, type: guestTaskType(target, "removeSnapshot") };
  const isGone = async (): Promise<boolean> =>
    !(await readSnapshots(client, target)).some((snapshot) => snapshot.name === name);
  return {
    ...words,
    commits: true,
    probe: async (context) => {
      const upid = await findStarted(context, client, task);
      if (upid !== undefined) await client.tasks.wait(upid, { signal: context.signal });
      return (await isGone()) ? {} : undefined;
    },
    run: async (context) => {
      const start = () => client.guests.removeSnapshot(target, name);
      endedWell(await runTaskOnce(context, client, { ...task, start }), context);
    },
  };
}

/** A task that failed is over: another run begins anew. @throws TaskFailed */
function endedWell(outcome: TaskOutcome, context: StepContext): TaskOutcome {
  if (outcome.succeeded) return outcome;
  context.note({ sent: false });
  throw new TaskFailed(outcome);
}
