import { join } from "node:path";
import { type GuestShellOptions, GuestShell, GuestUnreachable } from "../../../clients/guest-shell";
import { publicKeysIn } from "../../../clients/host-keys";
import type { GuestSession } from "../../engine/session";
import { hostOf } from "./archive-reading";
import type { CheckTarget } from "./world";

type Target = Pick<CheckTarget, "node" | "type" | "vmid">;

/** Host keys of a container as the node sees them: whoever has taken its address on the network is not asked. */
const readKeys = (vmid: number): string => `pct exec ${String(vmid)} -- sh -c 'cat /etc/ssh/ssh_host_*_key.pub'`;

/** How to log in to a guest. @param isNew this operation has made or restored it */
export function guestAccess(session: GuestSession, target: Target, isNew: boolean): GuestShellOptions {
  const { environment, state } = session;
  const { ssh, proxmox } = environment.settings;
  return {
    user: ssh.user,
    identity: ssh.identity === undefined ? undefined : environment.path(ssh.identity),
    knownHosts: join(state.path, "known_hosts"),
    isNew,
    hostKeys:
      proxmox.ssh === undefined || target.type !== "lxc" ? undefined : (signal) => keysOnNode(session, target, signal),
  };
}

async function keysOnNode(session: GuestSession, { node, vmid }: Target, signal?: AbortSignal): Promise<string[]> {
  const { client, environment } = session;
  const host = await hostOf(client, environment.settings.proxmox.endpoint, node);
  if (host === undefined) throw new GuestUnreachable(`the address of ${node} is not known`);
  return publicKeysIn(await new GuestShell(nodeAccess(session)).require(host, readKeys(vmid), signal));
}

/** How to log in to a node. Without an entry in the settings nothing is read over SSH; then nobody asks for this. */
export function nodeAccess({ environment, state }: Pick<GuestSession, "environment" | "state">): GuestShellOptions {
  const { ssh } = environment.settings.proxmox;
  return {
    user: ssh?.user ?? "root",
    port: ssh?.port ?? 22,
    identity: ssh?.identity === undefined ? undefined : environment.path(ssh.identity),
    knownHosts: join(state.path, "known_hosts"),
    hostKeys: () => Promise.resolve(ssh?.hostKeys ?? []),
  };
}
