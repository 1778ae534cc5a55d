import type { GuestAddress } from "../../../proxmox/api/calls/guests";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { nodeTools } from "../../../proxmox/rules/node-tools";
import type { MeantGuest } from "../../../site/restore/identity";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { taskAtWork } from "../steps/guest/idle-guest";
import { findGuest, taskOn } from "../steps/guest/inspect-present";
import { isRunning } from "../steps/guest/power-steps";
import { whyNotWhole } from "../steps/guest/whole-guest";

/** Whose save points are to be given up. */
export interface SavePointOwner {
  readonly node: string;
  readonly vmid: number;
  readonly guest: string;
  /** As the settings mean it. */
  readonly meant: MeantGuest;
  /** `prod/web`. */
  readonly selector: string;
  /** It ran when the newest of them was made: stopped, it is not back yet. */
  readonly ran: boolean;
}

/**
 * Save points may be the only way back to a guest, begun by whatever machine: none is given up while the guest is not whole,
 * or while a task is at work on it.
 *
 * @throws CommandError (11, 13); ProxmoxError when the node cannot be asked
 */
export async function requireWhole(client: ProxmoxClient, owner: SavePointOwner): Promise<void> {
  const { node, vmid, guest, meant, ran } = owner;
  const address = await findGuest(client, node, vmid);
  if (address === undefined) throw onlyWayBack(owner, "it is not there");
  const busy = await taskOn(client, address);
  if (busy !== undefined) throw taskAtWork(guest, busy);
  const why = await whyNotWhole(client, address, meant);
  if (why !== undefined) throw onlyWayBack(owner, why, address);
  if (ran && !(await isRunning(client, address))) {
    throw onlyWayBack(owner, "it is stopped, and ran when the newest of them was made");
  }
}

function onlyWayBack({ guest, vmid, selector }: SavePointOwner, why: string, address?: GuestAddress): CommandError {
  const unlock =
    address !== undefined && why.startsWith("it is locked")
      ? `see which task holds it, and when none does: ${nodeTools(address.type).program} unlock ${vmid}; `
      : "";
  return new CommandError(`the save points of ${guest} may be its only way back: ${why}`, {
    exitCode: exitCodes.refused,
    hint: `${unlock}bring it back first: lifeboat undo ${selector}, or lifeboat restore guest ${selector}`,
  });
}
