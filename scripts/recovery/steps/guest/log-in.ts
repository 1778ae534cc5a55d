import { join } from "node:path";
import { hostOf } from "../../../../proxmox/api/node-host";
import { type CommandEnd, runInGuest, runOnNode } from "../../../clients/guest-command";
import { type GuestShellOptions, GuestUnreachable } from "../../../clients/guest-shell";
import { guestAlias } from "../../../../site/host-keys";
import { hostKeysOnNode, nodeAccess, type NodeLogin } from "../../../clients/keys-on-node";
import type { GuestSession } from "../../engine/session";
import type { CheckTarget } from "./world";

type LogInSession = Pick<GuestSession, "environment" | "state">;
type Target = Pick<CheckTarget, "node" | "type" | "vmid">;

/** How to log in to a guest. @param isNew this operation has made or restored it */
export function guestAccess(session: LogInSession, target: Target, isNew: boolean): GuestShellOptions {
  const { environment } = session;
  const { ssh, proxmox } = environment.settings;
  const login = nodeLogin(session);
  return {
    user: ssh.user,
    identity: ssh.identity === undefined ? undefined : environment.path(ssh.identity),
    knownHosts: login.knownHosts,
    alias: guestAlias(target.vmid),
    isNew,
    hostKeys:
      proxmox.ssh === undefined
        ? undefined
        : async (signal) => hostKeysOnNode(await environment.client(), login, target, signal),
  };
}

/**
 * Runs a command in a guest: by its node where that may be, else over SSH to it.
 *
 * @param isNew this operation has made or restored it, so that the first key that it shows is trusted
 */
export async function commandIn(
  session: LogInSession,
  target: CheckTarget,
  command: string,
  signal: AbortSignal,
  { isNew }: { readonly isNew: boolean },
): Promise<CommandEnd> {
  if (session.environment.settings.proxmox.ssh !== undefined) {
    const host = await nodeHost(session, target.node);
    return runOnNode(nodeAccess(nodeLogin(session)), host, target, command, signal);
  }
  if (target.host === undefined) throw new GuestUnreachable("its address is not known");
  return runInGuest(guestAccess(session, target, isNew), target.host, command, signal);
}

/** The address of a node. @throws GuestUnreachable where nobody knows it */
export async function nodeHost({ environment }: LogInSession, node: string): Promise<string> {
  const host = await hostOf(await environment.client(), environment.settings.proxmox.endpoint, node);
  if (host === undefined) throw new GuestUnreachable(`the address of ${node} is not known`);
  return host;
}

/** What is known of the site's nodes. */
export function nodeLogin({ environment, state }: LogInSession): NodeLogin {
  return {
    proxmox: environment.settings.proxmox,
    knownHosts: join(state.path, "known_hosts"),
    path: (file) => environment.path(file),
  };
}
