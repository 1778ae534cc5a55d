import type { ProxmoxClient } from "../../../../proxmox/api/client";
import type { Check, CommandCheck } from "../../../../site/settings/environment";
import { whyCommandFails } from "../../../../site/settings/values/checks";
import { type CommandEnd, lastLine } from "../../../clients/guest-command";
import {
  askHttp,
  connectTcp,
  GuestShell,
  type GuestShellOptions,
  GuestUnreachable,
  ping,
} from "../../../clients/guest-shell";
import { proveByCommand } from "./agent-exec";
import { isRunning } from "./power-steps";
import type { CheckTarget, Probe } from "./world";

/** How a guest is asked what its node cannot tell. */
export interface GuestWays {
  readonly access: (target: CheckTarget) => GuestShellOptions;
  /** Runs a command in it. @throws GuestUnreachable, ProgramMissing */
  readonly command: (target: CheckTarget, command: string, signal: AbortSignal) => Promise<CommandEnd>;
}

/** One attempt at each kind of check: asks the node, or the guest itself over the network. */
export function guestProbe(client: ProxmoxClient, { access, command }: GuestWays): Probe {
  return async (check, target, signal) => {
    if (await askedOfNode(client, check, target, signal)) return;
    if (check.kind === "command") {
      requireEnd(check, await command(target, check.command, signal));
      return;
    }
    if (target.host === undefined) throw new Error("its address is not known");
    if (check.kind === "ping") await ping(target.host, signal);
    else if (check.kind === "ssh") await new GuestShell(access(target)).login(target.host, signal);
    else if (check.kind === "tcp") await connectTcp(target.host, check.port, signal);
    else if (check.kind === "http") await askHttp(target.host, check, signal);
  };
}

/** Makes the checks that Proxmox itself answers. @returns whether it was one of them */
export async function askedOfNode(
  client: ProxmoxClient,
  check: Check,
  target: CheckTarget,
  signal: AbortSignal,
): Promise<boolean> {
  if (check.kind === "agent") await client.guests.pingAgent(target);
  else if (check.kind === "agent-exec") await proveByCommand(client, check, target, signal);
  else if (check.kind !== "running") return false;
  else if (!(await isRunning(client, target))) throw new Error("it does not run");
  return true;
}

/** @throws GuestUnreachable with its last words where a command did not end as it should */
export function requireEnd(check: CommandCheck, end: CommandEnd): void {
  const why = whyCommandFails(check, end);
  if (why === undefined) return;
  const said = end.printed.trim() === "" ? "" : `: ${lastLine(end.printed).slice(0, 200)}`;
  throw new GuestUnreachable(`'${check.command}': ${why}${said}`);
}
