import { readFileSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../machine/child-process";
import { hasCode, removeIfEmpty } from "../machine/files";
import { findMachines } from "../drivers/real/machines/machine-processes";
import { findControlGroups, findMonitors, processesBelow, subfolders } from "../drivers/real/container-processes";
import { SandboxError } from "./failure";
import type { SiteNames } from "../machine/names";
import { endProcesses } from "../machine/processes";

/**
 * What guests leave on the machine outside the sandbox's folder when they are ended the hard way. Everything is
 * found by the site's name, none of it by a record, and what is gone already is no error.
 */

/** Ends all containers of a site: their processes, LXC's monitors, the control groups of both, LXC's lock files. */
export async function endContainers(names: SiteNames): Promise<void> {
  const isOurs = (name: string): boolean => CONTAINER_GROUP.some((kind) => name.startsWith(kind + names.guestPrefix));
  for (const group of await findControlGroups(isOurs)) await endProcesses(await processesBelow(group));
  await endProcesses([...findMonitors(names.containersFolder).values()].flat());
  for (const group of await findControlGroups(isOurs)) await removeControlGroup(group);
  await removeLocks(names.containersFolder);
}

/** Ends all virtual machines of a site. The kernel takes their cards away with them. */
export async function endMachines(names: SiteNames): Promise<void> {
  const machines = findMachines((name) => name.startsWith(names.guestPrefix));
  await endProcesses([...machines.values()].flat());
}

/** How LXC begins the names of a container's control groups; a number is appended where the name was taken. */
const CONTAINER_GROUP = ["lxc.payload.", "lxc.monitor."];

async function removeControlGroup(group: string): Promise<void> {
  for (const name of await subfolders(group)) await removeControlGroup(join(group, name));
  // The kernel needs a moment after the last process; then the group can go.
  for (let attempt = 0; attempt < 50; attempt += 1) {
    try {
      return rmdirSync(group);
    } catch (failure) {
      if (!hasCode(failure, "EBUSY")) return;
      await sleep(20);
    }
  }
}

const LOCKS = "/run/lxc/lock";

/** LXC keeps a lock file for each container below /run/lxc/lock, under the full path of its folder. */
async function removeLocks(containersFolder: string): Promise<void> {
  const locks = join(LOCKS, containersFolder);
  rmSync(locks, { recursive: true, force: true });
  // Those of other sites stay, and one that comes up meanwhile finds its folder or makes it.
  for (let folder = dirname(locks); folder.startsWith("/run/lxc"); folder = dirname(folder)) {
    await removeIfEmpty(folder);
  }
}

/** Waits until no loop device holds an image of the folder: they let go by themselves, after the last mount. */
export async function waitForLoopDevices(folder: string): Promise<void> {
  let left: string[] = [];
  for (let waited = 0; waited < 10_000; waited += 100) {
    left = await loopDevices(folder);
    if (left.length === 0) return;
    await sleep(100);
  }
  throw new SandboxError(`images of the sandbox are still in use: ${left.join(", ")}`, {
    hint: "a process outside the sandbox works in them; end it and run `npm run sandbox -- down` again",
  });
}

async function loopDevices(folder: string): Promise<string[]> {
  const lines = (await run("losetup", ["--list", "--noheadings", "--output", "NAME,BACK-FILE"])).split("\n");
  return lines.filter((line) => line.includes(` ${folder}/`)).map((line) => line.trim().split(/\s+/)[0] ?? "");
}

/** Takes away what is still mounted below a folder, innermost first. */
export async function unmountBelow(folder: string): Promise<void> {
  const places = readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => (line.split(" ")[1] ?? "").replaceAll(String.raw`\040`, " "))
    .filter((place) => place.startsWith(`${folder}/`));
  for (const place of places.reverse()) await run("umount", ["--lazy", place]);
}
