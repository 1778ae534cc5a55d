import { join } from "node:path";
import type { GuestShellOptions } from "../../../clients/guest-shell";
import { guestAlias } from "../../../../site/host-keys";
import { hostKeysOnNode, type NodeLogin } from "../../../clients/keys-on-node";
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

/** What is known of the site's nodes. */
export function nodeLogin({ environment, state }: LogInSession): NodeLogin {
  return {
    proxmox: environment.settings.proxmox,
    knownHosts: join(state.path, "known_hosts"),
    path: (file) => environment.path(file),
  };
}
