import type { DataSource } from "../../../site/settings/data";
import { type ProgramEnd, PointInTimeProgram, type RunInGuest } from "../../clients/data-program/point-in-time-program";
import { lastLine } from "../../clients/guest-command";
import { GuestShell, type GuestShellOptions, GuestUnreachable } from "../../clients/guest-shell";
import { nodeAccess } from "../../clients/keys-on-node";
import { shellQuote } from "../../machine/shell-quote";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { GuestSession } from "../engine/session";
import { guestAccess, nodeHost, nodeLogin } from "../steps/guest/log-in";
import { hostOf } from "../steps/guest/save-point-plan";

/**
 * The program that recovers the cluster of a source, by the way of the settings: over SSH to its guest, or by a container's node.
 *
 * @throws CommandError (13) where there is no such way, GuestUnreachable
 */
export async function openPointInTime(session: GuestSession, source: DataSource): Promise<PointInTimeProgram> {
  const { guest, environment, selector } = session;
  const host = hostOf(guest);
  const type = guest.kind === "virtual-machine" ? "qemu" : "lxc";
  const target = { node: guest.node, type, vmid: guest.id } as const;
  if (source.by === "ssh" && host !== undefined) {
    const { user } = environment.settings.ssh;
    const root = user === "root" ? "" : "sudo -n ";
    const run = runBy(guestAccess(session, target, false), host, `ssh ${user}@${host}`, `${root}sh -c `);
    return new PointInTimeProgram(run, selector, source.name);
  }
  if (guest.kind !== "container") {
    throw new CommandError(`${selector} is not reached over SSH, without which only a container is recovered`, {
      exitCode: exitCodes.refused,
      hint: "give it a fixed address, and 'by: ssh' in the settings of the source",
    });
  }
  const node = await nodeHost(session, guest.node);
  const way = `pct exec ${String(guest.id)}`;
  const run = runBy(nodeAccess(nodeLogin(session)), node, `${way} on ${node}`, `${way} -- sh -c `);
  return new PointInTimeProgram(run, selector, source.name);
}

/** How the command ended is the last thing that it says: not every way tells the difference between it and itself. */
const endMark = "lifeboat-exit=";
const endPattern = new RegExp(`^([^]*?)\\n?${endMark}(\\d+)\\s*$`, "u");

function runBy(access: GuestShellOptions, host: string, name: string, before: string): RunInGuest {
  const shell = new GuestShell(access);
  return async (command, signal, { timeout }): Promise<ProgramEnd> => {
    const marked = `( ${command}\n); code=$?; echo "${endMark}$code" >&2; exit $code`;
    const { stdout, stderr, timedOut } = await shell.run(host, before + shellQuote(marked), signal, { timeout });
    const [, said = "", digits] = endPattern.exec(stderr) ?? [];
    if (digits !== undefined) return { code: Number(digits), stdout, stderr: said };
    throw new GuestUnreachable(`${name}: ${timedOut ? "no answer in time" : lastLine(stderr)}`);
  };
}
