import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { GuestShell, type GuestShellOptions, connectTcp, ping } from "../../../clients/guest-shell";
import { proveByCommand } from "./agent-exec";
import { isRunning } from "./power-steps";
import type { CheckTarget, Probe } from "./world";

/** One attempt at each kind of check: asks the node, or the guest itself over the network. */
export function guestProbe(client: ProxmoxClient, access: (target: CheckTarget) => GuestShellOptions): Probe {
  return async (check, target, signal) => {
    if (check.kind === "running") {
      if (!(await isRunning(client, target))) throw new Error("it does not run");
      return;
    }
    if (check.kind === "agent") return client.guests.pingAgent(target);
    if (check.kind === "agent-exec") return proveByCommand(client, check, target, signal);
    if (target.host === undefined) throw new Error("its address is not known");
    if (check.kind === "ping") await ping(target.host, signal);
    else if (check.kind === "ssh") await new GuestShell(access(target)).login(target.host, signal);
    else await connectTcp(target.host, check.port, signal);
  };
}
