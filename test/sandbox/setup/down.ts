import { existsSync, readdirSync, realpathSync, rmdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { removeTree } from "../machine/files";
import { SandboxError } from "./failure";
import { ENTRIES, type Layout } from "./layout";
import { endContainers, endMachines, unmountBelow, waitForLoopDevices } from "./leftovers";
import { removeNetwork } from "./namespace";
import { siteNames } from "../machine/names";
import { isOnPath } from "../machine/on-path";
import { stopServer } from "./server-process";

/**
 * Takes a sandbox down with everything it made. Works from the folder's path alone, so also after the server was
 * killed and when parts are gone already; without a sandbox it does nothing.
 *
 * @param say receives a line before each part that takes time
 * @returns whether there was anything to take down
 */
export async function takeDown(layout: Layout, say: (line: string) => void): Promise<boolean> {
  if (!existsSync(layout.folder)) return false;
  refuseForeignFolder(layout);
  if (existsSync(layout.server)) {
    refuseFromInside(layout);
    say("Stopping the server");
    await stopServer(layout);
    if (process.getuid?.() === 0 && isOnPath("ip") && isOnPath("losetup")) await removeFromMachine(layout, say);
  }
  say("Removing its files");
  for (const entry of ENTRIES) await removeTree(join(layout.folder, entry));
  if (readdirSync(layout.folder).length === 0) rmdirSync(layout.folder);
  return true;
}

/** What only the real driver makes, and only root can. */
async function removeFromMachine(layout: Layout, say: (line: string) => void): Promise<void> {
  const names = siteNames(layout.server);
  const folder = realpathSync(layout.server);
  say("Ending guests and their network");
  await endContainers(names);
  await endMachines(names);
  await removeNetwork(names);
  await unmountBelow(folder);
  await waitForLoopDevices(folder);
}

/** A folder that somebody named is only touched when a sandbox was made in it. */
function refuseForeignFolder(layout: Layout): void {
  const isOurs = basename(layout.folder) === ".sandbox" || existsSync(layout.record);
  if (isOurs || readdirSync(layout.folder).length === 0) return;
  throw new SandboxError(`${layout.folder} holds no sandbox (it has no sandbox.json)`, {
    hint: "point LIFEBOAT_SANDBOX_DIR at the folder that `up` was given",
    exitCode: 2,
  });
}

/** A shell in the site's network would be ended with everything else in there. */
function refuseFromInside(layout: Layout): void {
  const namespace = `/run/netns/${siteNames(layout.server).namespace}`;
  if (!existsSync(namespace)) return;
  const [own, site] = [statSync("/proc/self/ns/net"), statSync(namespace)];
  if (own.ino !== site.ino || own.dev !== site.dev) return;
  throw new SandboxError("this shell runs inside the sandbox", { hint: "leave it first: exit" });
}
