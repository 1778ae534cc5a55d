import type { DataSource } from "../../../site/settings/data";
import { type GuestWay, wayByContainer, wayOverSsh } from "../../clients/data-program/guest-way";
import { PointInTimeProgram } from "../../clients/data-program/point-in-time-program";
import { nodeAccess } from "../../clients/keys-on-node";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { GuestSession } from "../engine/session";
import { rootBefore } from "../steps/data/open-program";
import { guestAccess, nodeHost, nodeLogin } from "../steps/guest/log-in";
import { hostOf } from "../steps/guest/save-point-plan";

/** What is needed of a session on the guest. */
type ArchiveSession = Pick<GuestSession, "environment" | "state" | "guest" | "selector">;

/**
 * The program that recovers the cluster of a source, by the way of the settings: over SSH to its guest, or by a container's node.
 *
 * @throws CommandError (13) where there is no such way, GuestUnreachable
 */
export async function openPointInTime(session: ArchiveSession, source: DataSource): Promise<PointInTimeProgram> {
  const { guest, environment, selector } = session;
  const host = hostOf(guest);
  const type = guest.kind === "virtual-machine" ? "qemu" : "lxc";
  const target = { node: guest.node, type, vmid: guest.id } as const;
  if (source.by === "ssh" && host !== undefined) {
    const way = wayOverSsh(guestAccess(session, target, false), host);
    return programBy(way, rootBefore(environment.settings.ssh.user), session, source);
  }
  if (guest.kind !== "container") {
    throw new CommandError(`${selector} is not reached over SSH, without which only a container is recovered`, {
      exitCode: exitCodes.refused,
      hint: "give it a fixed address, and 'by: ssh' in the settings of the source",
    });
  }
  const node = await nodeHost(session, guest.node);
  return programBy(wayByContainer(nodeAccess(nodeLogin(session)), node, guest.id), "", session, source);
}

/** @param asRoot what comes before a command that root has to run: nothing, or `sudo -n ` */
function programBy(
  way: GuestWay,
  asRoot: string,
  { selector }: Pick<GuestSession, "selector">,
  source: DataSource,
): PointInTimeProgram {
  return new PointInTimeProgram((command, ...rest) => way.run(asRoot + command, ...rest), selector, source.name);
}
