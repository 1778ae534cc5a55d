import { nodeTools } from "../../../../proxmox/rules/node-tools";
import { formatMoment } from "../../../../site/restore/moments";
import { CommandError } from "../../../terminal/command-error";
import { exitCodes } from "../../../terminal/exit-codes";
import type { GuestSession } from "../../engine/session";
import { inspectPresent, taskOn } from "./inspect-present";
import type { PresentGuest, RunningTask } from "./inspection";
import { meantGuest, refuseAnotherGuest } from "./meant-guest";

/**
 * The guest as it is, when it is the one that is meant and nothing stands in the way of changing it.
 *
 * @throws CommandError (1, 11, 13)
 */
export async function idleGuest({ client, guest, selector, environment }: GuestSession): Promise<PresentGuest> {
  const present = await inspectPresent(client, guest.node, guest.id);
  if (present === undefined) {
    throw new CommandError(`there is no guest ${guest.id} on ${guest.node}`, {
      exitCode: exitCodes.failed,
      hint: `if it was lost: lifeboat restore guest ${selector}`,
    });
  }
  const busy = await taskOn(client, present.address);
  if (busy !== undefined) throw taskAtWork(guest.name, busy);
  if (present.lock !== undefined) {
    const tool = nodeTools(present.address.type).program;
    throw new CommandError(`${guest.name} is locked on its node (${present.lock})`, {
      exitCode: exitCodes.refused,
      hint: `see which task holds it; a lock that was left behind is removed on the node: ${tool} unlock ${guest.id}`,
    });
  }
  refuseAnotherGuest(present.address, present.configuration, meantGuest(guest, environment.settings));
  return present;
}

/** Another run on the node, from wherever it was started. */
export function taskAtWork(guest: string, { type, upid, user, since }: RunningTask): CommandError {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return new CommandError(
    `a task '${type}' of ${user} is at work on ${guest} since ${formatMoment(since, zone)} (${upid})`,
    { exitCode: exitCodes.locked, hint: "wait until it has ended" },
  );
}
