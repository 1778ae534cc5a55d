import { readFileSync } from "node:fs";
import { join } from "node:path";
import { RestoreSite, node } from "./restore-site";

/** `kill -9` after each write of the journals of a restore of two guests: the bundle's and each guest's own. */
const hook = ["--require", require.resolve("../../support/kill-at-journal-write.cjs")];
/** Pairs that are killed side by side, so that two processors are used. */
const pairs = [
  [106, 107],
  [108, 109],
  [110, 111],
];

let site: RestoreSite;

beforeAll(async () => {
  site = await RestoreSite.start(pairs.flat().map((id) => ({ id, name: `guest-${id}` })));
  for (const vmid of pairs.flat()) await site.backUp(vmid);
});

afterAll(() => site.stop());

async function memories(vmids: readonly number[]): Promise<(string | undefined)[]> {
  const configurations = vmids.map((vmid) => site.client.guests.guestConfig({ node, type: "lxc", vmid }));
  return (await Promise.all(configurations)).map((configuration) => configuration["memory"]);
}

/** The guests differ from their archives from now on. */
async function change(vmids: readonly number[]): Promise<void> {
  for (const vmid of vmids) await site.client.guests.setGuestConfig({ node, type: "lxc", vmid }, { memory: 640 });
}

function restores(vmid: number): number {
  return site
    .requests()
    .filter(({ method, path }) => method === "POST" && path === `/nodes/${node}/lxc`)
    .filter(({ parameters }) => parameters["vmid"] === String(vmid)).length;
}

/** Kills a restore of two guests at one moment, runs the same command again, and looks at what became of both. */
async function killAndResume(vmids: readonly number[], kill: string): Promise<string[]> {
  await change(vmids);
  const before = vmids.map(restores);
  const names = vmids.map((vmid) => `guest-${vmid}`);
  const command = ["restore", "guest", ...names, "--force", "--stop"];
  const killed = await site.lifeboat(command, { nodeOptions: hook, env: { LIFEBOAT_TEST_KILL: kill } });
  const again = await site.lifeboat(command);
  const seen = {
    codes: [killed.code, again.code],
    memories: await memories(vmids),
    restores: vmids.map((vmid, index) => restores(vmid) - (before[index] ?? 0)),
    running: await Promise.all(vmids.map((vmid) => site.running(vmid))),
  };
  const wanted = { codes: [null, 0], memories: ["512", "512"], restores: [1, 1], running: [true, true] };
  return JSON.stringify(seen) === JSON.stringify(wanted) ? [] : [`${kill}: ${JSON.stringify(seen)} ${again.stderr}`];
}

test("kill -9 at every step of a batch: the same command ends it, and no guest is restored twice [K4]", async () => {
  const log = join(site.project, "writes");
  const [first = []] = pairs;
  const whole = await site.lifeboat(["restore", "guest", ...first.map((id) => `guest-${id}`), "--force", "--stop"], {
    nodeOptions: hook,
    env: { LIFEBOAT_TEST_KILL_LOG: log },
  });
  expect(whole.code).toBe(0);
  const writes = readFileSync(log, "utf8").trim().split("\n").length;
  expect(writes).toBeGreaterThan(50);
  // The last write ends the bundle: killed after it, nothing is left to resume.
  const kills = [...Array.from({ length: writes - 1 }, (_, index) => `after ${index + 1}`), `before ${writes}`];
  const lanes = pairs.map(async (pair, lane) => {
    const wrong: string[] = [];
    for (const [index, kill] of kills.entries()) {
      if (index % pairs.length === lane) wrong.push(...(await killAndResume(pair, kill)));
    }
    return wrong;
  });
  expect((await Promise.all(lanes)).flat()).toEqual([]);
});
