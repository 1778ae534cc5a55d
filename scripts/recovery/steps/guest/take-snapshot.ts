import type { GuestAddress } from "../../../../proxmox/api/calls/guests";
import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { requireSuccess } from "../../../../proxmox/api/tasks";
import { CommandError } from "../../../terminal/command-error";
import { exitCodes } from "../../../terminal/exit-codes";
import { readSnapshots } from "./guest-snapshots";

/**
 * Takes a snapshot and believes only the guest's own list. The guest goes on: neither is it stopped, nor is memory kept.
 *
 * @throws TaskFailed when the node says why not; CommandError (1).
 */
export async function takeSnapshot(
  client: ProxmoxClient,
  guest: GuestAddress,
  { name, description }: { readonly name: string; readonly description: string },
  signal: AbortSignal,
): Promise<void> {
  const upid = await client.guests.takeSnapshot(guest, name, description);
  requireSuccess(await client.tasks.wait(upid, { signal }));
  const taken = (await readSnapshots(client, guest)).find((snapshot) => snapshot.name === name);
  if (taken === undefined || taken.incomplete) {
    throw new CommandError(`the task ended well, but snapshot ${name} is not complete`, {
      exitCode: exitCodes.failed,
      hint: `the whole log: Proxmox's web interface, tasks of the node (${upid})`,
    });
  }
}

export async function removeSnapshot(
  client: ProxmoxClient,
  guest: GuestAddress,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  requireSuccess(await client.tasks.wait(await client.guests.removeSnapshot(guest, name), { signal }));
}
