import { CommandError } from "../../commands/frame/command-error";
import { exitCodes } from "../../commands/frame/exit-codes";
import { taskAtWork } from "../backups/inspect-backup";
import type { Session } from "../session";
import { inspectPresent, runningTasks } from "./inspect-present";
import type { PresentGuest } from "./inspection";

/**
 * The guest as it is, when nothing stands in the way of changing it.
 *
 * @throws CommandError (1, 11, 13)
 */
export async function idleGuest({ client, guest, selector }: Session): Promise<PresentGuest> {
  const present = await inspectPresent(client, guest.node, guest.id);
  if (present === undefined) {
    throw new CommandError(`there is no guest ${guest.id} on ${guest.node}`, {
      exitCode: exitCodes.failed,
      hint: `if it was lost: lifeboat restore guest ${selector}`,
    });
  }
  const busy = (await runningTasks(client, present.address.node, guest.id)).find(({ id }) => id === String(guest.id));
  if (busy !== undefined) throw taskAtWork(guest.name, busy);
  if (present.lock !== undefined) {
    const tool = present.address.type === "lxc" ? "pct" : "qm";
    throw new CommandError(`${guest.name} is locked on its node (${present.lock})`, {
      exitCode: exitCodes.refused,
      hint: `see which task holds it; a lock that was left behind is removed on the node: ${tool} unlock ${guest.id}`,
    });
  }
  return present;
}
