import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { join } from "node:path";

/**
 * What a sandbox is called on this machine. Everything that lives outside its folder (network namespace, guests,
 * control groups) carries an id derived from the folder's path, so that two sandboxes never touch each other and that
 * `down` finds what a killed one left behind even when its own records are gone.
 */
export interface SiteNames {
  /** Eight hexadecimal digits. */
  id: string;
  /** Network namespace, as `ip netns` lists it. */
  namespace: string;
  /** What LXC and QEMU call a guest of the site starts with this. */
  guestPrefix: string;
  /** Folder with one folder per started container: LXC's own `lxcpath`. */
  containersFolder: string;
  /** Folder with one folder per started virtual machine: sockets, console. */
  machinesFolder: string;
  /** Empty folder on which short-lived workers mount volumes, each in a mount namespace of its own. */
  stageFolder: string;
}

/** The names of the sandbox whose state lies in `stateFolder`, which must exist. */
export function siteNames(stateFolder: string): SiteNames {
  const folder = realpathSync(stateFolder);
  const id = createHash("sha256").update(folder).digest("hex").slice(0, 8);
  return {
    id,
    namespace: `lifeboat-${id}`,
    guestPrefix: `lifeboat-${id}-`,
    containersFolder: join(folder, "containers"),
    machinesFolder: join(folder, "machines"),
    stageFolder: join(folder, "stage"),
  };
}

/** LXC's and QEMU's name of a guest; the node is part of it because standalone nodes may use the same id. Without an id: how all begin. */
export function siteGuestName(names: SiteNames, node: string, vmid: number | ""): string {
  return `${names.guestPrefix}${node}-${vmid}`;
}

/** Environment variable that marks the processes of a site's server, so that `down` finds all of them. */
export const serverMark = "LIFEBOAT_SANDBOX_SERVER_OF";

/** Where iproute2 keeps network namespaces. */
export const NAMESPACES = "/run/netns";

/** Words to put before a command that is to run in the site's network. `ip netns exec` would hide the control groups. */
export function inNetwork(names: SiteNames): [string, ...string[]] {
  return ["nsenter", `--net=${NAMESPACES}/${names.namespace}`];
}
