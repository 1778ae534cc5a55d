import * as z from "zod";
import { publicKeysIn } from "../../site/host-keys";
import { GuestShell, type GuestShellOptions, GuestUnreachable } from "./guest-shell";

/** A guest as its node knows it. */
interface NodesGuest {
  readonly type: "lxc" | "qemu";
  readonly vmid: number;
}

const read = "sh -c 'cat /etc/ssh/ssh_host_*_key.pub'";

/**
 * Host keys of a guest as its node sees them: whoever has taken its address on the network is not asked. A virtual machine
 * answers through its guest agent. That goes over SSH too, and not over the API: a token that may read a file of a guest by its
 * agent may read all of them.
 *
 * @param access to the node. @throws GuestUnreachable, ProgramMissing
 */
export async function hostKeysOnNode(
  access: GuestShellOptions,
  host: string,
  { type, vmid }: NodesGuest,
  signal?: AbortSignal,
): Promise<string[]> {
  const id = String(vmid);
  const command = type === "lxc" ? `pct exec ${id} -- ${read}` : `qm guest exec ${id} -- ${read}`;
  const printed = await new GuestShell(access).require(host, command, signal);
  const keys = publicKeysIn(type === "lxc" ? printed : agentOutput(printed));
  if (keys.length > 0) return keys;
  throw new GuestUnreachable(`ssh ${access.user}@${host}: guest ${id} has no keys in /etc/ssh/ssh_host_*_key.pub`);
}

const answerSchema = z.object({ "out-data": z.string() });

/** What the agent says that the command has printed. Without `out-data` it has printed nothing. */
function agentOutput(printed: string): string {
  try {
    return answerSchema.parse(JSON.parse(printed))["out-data"];
  } catch {
    return "";
  }
}
