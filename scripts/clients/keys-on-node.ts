import type { ProxmoxClient } from "../../proxmox/api/client";
import { hostOf } from "../../proxmox/api/node-host";
import { publicKeysIn } from "../../site/host-keys";
import type { ProxmoxSettings } from "../../site/settings/environment";
import { agentOutput } from "./agent-output";
import { GuestShell, type GuestShellOptions, GuestUnreachable } from "./guest-shell";

/** A guest as its node knows it. */
interface NodesGuest {
  readonly node: string;
  readonly type: "lxc" | "qemu";
  readonly vmid: number;
}

const read = "sh -c 'cat /etc/ssh/ssh_host_*_key.pub'";

/** What is known of a site's nodes. */
export interface NodeLogin {
  readonly proxmox: Pick<ProxmoxSettings, "endpoint" | "ssh">;
  /** File with the keys of the site's hosts on this machine. */
  readonly knownHosts: string;
  /** A file that the settings name, as a path of this machine. */
  readonly path: (file: string) => string;
}

/** How to log in to a node. Without an entry in the settings nothing is read over SSH; then nobody asks for this. */
export function nodeAccess({ proxmox: { ssh }, knownHosts, path }: NodeLogin): GuestShellOptions {
  return {
    user: ssh?.user ?? "root",
    port: ssh?.port ?? 22,
    identity: ssh?.identity === undefined ? undefined : path(ssh.identity),
    knownHosts,
    hostKeys: () => Promise.resolve(ssh?.hostKeys ?? []),
  };
}

/**
 * Host keys of a guest as its node sees them: whoever has taken its address on the network is not asked. A virtual machine
 * answers through its guest agent. That goes over SSH too, and not over the API: a token that may read a file of a guest by its
 * agent may read all of them.
 *
 * @throws GuestUnreachable, ProgramMissing
 */
export async function hostKeysOnNode(
  client: ProxmoxClient,
  login: NodeLogin,
  { node, type, vmid }: NodesGuest,
  signal?: AbortSignal,
): Promise<string[]> {
  const host = await hostOf(client, login.proxmox.endpoint, node);
  if (host === undefined) throw new GuestUnreachable(`the address of ${node} is not known`);
  const access = nodeAccess(login);
  const id = String(vmid);
  const command = type === "lxc" ? `pct exec ${id} -- ${read}` : `qm guest exec ${id} -- ${read}`;
  const printed = await new GuestShell(access).require(host, command, signal);
  const keys = publicKeysIn(type === "lxc" ? printed : agentOutput(printed));
  if (keys.length > 0) return keys;
  throw new GuestUnreachable(`ssh ${access.user}@${host}: guest ${id} has no keys in /etc/ssh/ssh_host_*_key.pub`);
}
