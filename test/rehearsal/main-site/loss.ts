import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { typeScript } from "../support/commands";
import { type DemoSite, expectExit } from "../support/demo-site";

export const environmentNames = ["prod", "lab", "monitoring"] as const;

export type EnvironmentName = (typeof environmentNames)[number];

const pointsSchema = z.object({ points: z.array(z.object({ id: z.string() })) });

/** Ids of the restore points of a state, wherever it lives. */
export async function pointsOf(site: DemoSite, environment: EnvironmentName): Promise<string[]> {
  const listed = await site.inside("lifeboat", "restore", "state", environment, "--list", "--json");
  return pointsSchema.parse(JSON.parse(expectExit(listed, [0], "--list").stdout)).points.map(({ id }) => id);
}

/** What a site has when it is lost: a backup of every guest, and copies of the states. */
export async function backUpAll(site: DemoSite): Promise<void> {
  for (const name of environmentNames) {
    expectExit(await site.inside("lifeboat", "backup", "--all", "--env", name), [0], `backups of ${name}`);
  }
  expectExit(await site.inside("lifeboat", "backup", "state"), [0], "the copies of the states");
}

/** Nodes are installed anew: no guest, no job, no storage for backups, no rights. What lies on those storages is still there. */
export async function installAnew(site: DemoSite, environments: readonly EnvironmentName[]): Promise<void> {
  for (const name of environments) expectExit(await site.byHand("bare", name), [0], `losing ${name}`);
  // Guests that come back from archives have the host keys of before; one that is made anew has not.
  rmSync(join(site.folder, "state-home", "demo-known-hosts"), { force: true });
}

/** What somebody does who has installed a node anew: the lines that doctor prints, as root on the node. */
export async function setUpAsPrinted(site: DemoSite, environment: EnvironmentName): Promise<void> {
  const words = ["doctor", environment, "--print-setup", "--json"];
  const { stdout } = expectExit(await site.inside("lifeboat", ...words), [0], "the lines");
  const folder = mkdtempSync(join(tmpdir(), "lifeboat-set-up-"));
  const file = join(folder, "lines.json");
  const root = `LIFEBOAT_PROXMOX_ROOT_PASSWORD_FILE=${join(site.folder, "keys", "root-password")}`;
  const byHand = [process.execPath, ...typeScript("test/rehearsal/support/by-hand.ts")];
  try {
    writeFileSync(file, stdout);
    expectExit(await site.inside("env", root, ...byHand, "set-up", environment, file), [0], "the lines as root");
  } finally {
    rmSync(folder, { recursive: true });
  }
}
