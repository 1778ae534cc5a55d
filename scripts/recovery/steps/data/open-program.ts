import type { DataCommon } from "../../../../site/settings/data";
import type { Guest } from "../../../../site/settings/environment";
import { DataProgram } from "../../../clients/data-program/data-program";
import { wayByAgent, wayByContainer, wayOverSsh } from "../../../clients/data-program/guest-way";
import { nodeAccess } from "../../../clients/keys-on-node";
import { CommandError } from "../../../terminal/command-error";
import { exitCodes } from "../../../terminal/exit-codes";
import type { GuestSession } from "../../engine/session";
import { findGuest } from "../guest/inspect-present";
import { guestAccess, nodeHost, nodeLogin } from "../guest/log-in";
import { hostOf } from "../guest/save-point-plan";

/**
 * The program that works on a source, by the way of the settings: over SSH to its guest, or by the guest's node.
 *
 * @throws CommandError (10) where there is no such guest, GuestUnreachable, ProxmoxError
 */
export async function openDataProgram(
  session: Pick<GuestSession, "environment" | "state">,
  guest: Guest,
  source: Pick<DataCommon, "by">,
): Promise<DataProgram> {
  const { environment } = session;
  const { ssh } = environment.settings;
  const host = hostOf(guest);
  if (source.by === "ssh" && host !== undefined) {
    const target = {
      node: guest.node,
      type: guest.kind === "virtual-machine" ? "qemu" : "lxc",
      vmid: guest.id,
    } as const;
    return new DataProgram(wayOverSsh(guestAccess(session, target, false), host), rootBefore(ssh.user));
  }
  const found = await findGuest(await environment.client(), guest.node, guest.id);
  if (found === undefined) {
    throw new CommandError(`there is no guest ${guest.id} on ${guest.node}`, {
      exitCode: exitCodes.nothing,
      hint: `bring it back first: lifeboat restore guest ${environment.name}/${guest.name}`,
    });
  }
  const access = nodeAccess(nodeLogin(session));
  const node = await nodeHost(session, found.node);
  const way = found.type === "lxc" ? wayByContainer(access, node, guest.id) : wayByAgent(access, node, guest.id);
  return new DataProgram(way, "");
}

/** What comes before a command that root has to run, by whose login it is. */
export function rootBefore(user: string): string {
  return user === "root" ? "" : "sudo -n ";
}
