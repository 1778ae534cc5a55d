import { join } from "node:path";
import { hostOf } from "../../../../proxmox/api/node-host";
import { type GuestShellOptions, GuestUnreachable } from "../../../clients/guest-shell";
import { guestAlias } from "../../../../site/host-keys";
import { hostKeysOnNode } from "../../../clients/keys-on-node";
import type { GuestSession } from "../../engine/session";
import type { CheckTarget } from "./world";

type LogInSession = Pick<GuestSession, "environment" | "state">;
type Target = Pick<CheckTarget, "node" | "type" | "vmid">;

/** How to log in to a guest. @param isNew this operation has made or restored it */
export function guestAccess(session: LogInSession, target: Target, isNew: boolean): GuestShellOptions {
  const { environment, state } = session;
  const { ssh, proxmox } = environment.settings;
  return {
    user: ssh.user,
    identity: ssh.identity === undefined ? undefined : environment.path(ssh.identity),
    knownHosts: join(state.path, "known_hosts"),
    alias: guestAlias(target.vmid),
    isNew,
    hostKeys: proxmox.ssh === undefined ? undefined : (signal) => keysOnNode(session, target, signal),
  };
}

async function keysOnNode(session: LogInSession, target: Target, signal?: AbortSignal): Promise<string[]> {
  const { environment } = session;
  const host = await hostOf(await environment.client(), environment.settings.proxmox.endpoint, target.node);
  if (host === undefined) throw new GuestUnreachable(`the address of ${target.node} is not known`);
  return hostKeysOnNode(nodeAccess(session), host, target, signal);
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
