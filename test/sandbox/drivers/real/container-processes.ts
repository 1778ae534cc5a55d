import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { isAlive, processIds, readProc } from "../../machine/processes";

/**
 * Which containers run, read from the system itself: LXC's monitor processes and control groups. So an emulator that
 * was killed and started again, and `down` after a crash, know what an own record could not tell.
 */

/**
 * Processes that carry the title of a container's monitor, by the container's name, for the containers below one
 * `lxcpath`. A container that has just started has two: its init is a child of the monitor, and keeps the title until it
 * becomes `/sbin/init`, which on a busy machine is after `lxc-start` has ended.
 */
export function findMonitors(containersFolder: string): Map<string, readonly number[]> {
  const prefix = `[lxc monitor] ${containersFolder} `;
  const monitors = new Map<string, readonly number[]>();
  for (const pid of processIds()) {
    const title = readProc(pid, "cmdline").replaceAll("\0", " ").trimEnd();
    if (!title.startsWith(prefix)) continue;
    const name = title.slice(prefix.length);
    monitors.set(name, [...(monitors.get(name) ?? []), pid]);
  }
  return monitors;
}

/**
 * Whether a container runs: from the moment at which it has a monitor until that and every process of its control groups
 * have ended. Proxmox asks for the socket of the same monitor, so that a guest which restarts itself runs all the while.
 */
export async function runs(containersFolder: string, name: string): Promise<boolean> {
  return findMonitors(containersFolder).has(name) || (await processesOfContainer(name)).length > 0;
}

/** Process id of a running container's init; undefined when there is none, as in the midst of a reboot. */
export async function findInit(containersFolder: string, name: string): Promise<number | undefined> {
  const monitors = findMonitors(containersFolder).get(name);
  const candidates =
    monitors === undefined ? await processesOfContainer(name) : [...monitors.flatMap(childrenOf), ...monitors];
  return candidates.find(isInit);
}

/** Every process in a container's control groups, its own init's and all below. */
export async function processesOfContainer(name: string): Promise<number[]> {
  const pids = new Set<number>();
  for (const group of await findControlGroups((entry) => entry === `lxc.payload.${name}`)) {
    for (const pid of await processesBelow(group)) pids.add(pid);
  }
  return [...pids].sort((one, other) => one - other);
}

const CONTROL_GROUPS = "/sys/fs/cgroup";

/** How deep LXC's groups may lie: hierarchy, then the groups this very session runs in. */
const SEARCH_DEPTH = 6;

/** Control groups whose own name passes, in every hierarchy; the search does not go below one it found. */
export async function findControlGroups(
  matches: (name: string) => boolean,
  folder = CONTROL_GROUPS,
  depth = SEARCH_DEPTH,
): Promise<string[]> {
  const found: string[] = [];
  for (const name of await subfolders(folder)) {
    if (matches(name)) found.push(join(folder, name));
    else if (depth > 1) found.push(...(await findControlGroups(matches, join(folder, name), depth - 1)));
  }
  return found;
}

/** All processes in a control group and the groups below it. */
export async function processesBelow(group: string): Promise<number[]> {
  const own = (await readFile(join(group, "cgroup.procs"), "utf8").catch(() => ""))
    .split("\n")
    .filter(Boolean)
    .map(Number);
  const below = await Promise.all((await subfolders(group)).map((name) => processesBelow(join(group, name))));
  return [...own, ...below.flat()];
}

/** Folders in a folder; none where it is gone. */
export async function subfolders(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

function childrenOf(pid: number): number[] {
  return readProc(pid, `task/${pid}/children`).split(" ").filter(Boolean).map(Number);
}

/**
 * Line in `/proc/<pid>/status` of a container's process 1, as an extended regular expression: its number here, and in the
 * container. One of Docker in the container has a third.
 */
export const initLine = "^NSpid:\t[0-9]+\t1$";

function isInit(pid: number): boolean {
  return new RegExp(initLine, "mu").test(readProc(pid, "status")) && isAlive(pid);
}
