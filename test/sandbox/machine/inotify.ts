import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { processIds } from "./processes";

/** How many inotify instances a container with systemd takes (counted: its init, logind, dbus, udev and each getty). */
const perContainer = 9;

/** What Proxmox itself sets on its nodes (pve-container's `10-pve-ct-inotify-limits.conf`). */
const ampleLimit = 65_536;

/** Room below which people are told: more guests than a small site has. */
const enoughRoom = 20;

/**
 * Why containers may run short of inotify instances, and what to do: the limit counts for all of root, that is for all
 * privileged containers of the machine together, and a program that gets none says "too many open files". Undefined: there is
 * room for many.
 *
 * @param instances of this machine
 */
export function inotifyShortage({ limit, used } = rootsInstances()): string | undefined {
  const room = Math.max(0, Math.floor((limit - used) / perContainer));
  if (room >= enoughRoom) return undefined;
  const containers = room === 1 ? "1 more container" : `${room === 0 ? "no" : `about ${room}`} more containers`;
  return `This machine allows ${limit} inotify instances, and ${used} are in use: enough for ${containers}; then programs in guests fail with "too many open files". More: sysctl -w fs.inotify.max_user_instances=${ampleLimit}`;
}

/** How many instances root may have, and how many it has, as far as this user may look. */
function rootsInstances(): { limit: number; used: number } {
  const limit = Number(readFileSync("/proc/sys/fs/inotify/max_user_instances", "utf8"));
  return { limit, used: inotifyInstances(processIds(), 0) };
}

/** How many inotify instances those of the processes hold that belong to a user. */
export function inotifyInstances(pids: readonly number[], user: number): number {
  return pids.reduce((sum, pid) => sum + instancesOf(`/proc/${pid}`, user), 0);
}

function instancesOf(process: string, user: number): number {
  try {
    if (statSync(process).uid !== user) return 0;
    return readdirSync(`${process}/fd`).filter((fd) => isInotify(`${process}/fd/${fd}`)).length;
  } catch {
    // It has ended meanwhile.
    return 0;
  }
}

function isInotify(descriptor: string): boolean {
  try {
    return readlinkSync(descriptor) === "anon_inode:inotify";
  } catch {
    return false;
  }
}
