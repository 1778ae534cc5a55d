import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { AdoptedSite } from "../support/adopted-site";
import { requireSuccess } from "../support/kit";
import type { RunResult } from "../support/run-bundle";

/** Two operations on one guest, begun on two machines that know nothing of each other: none of their tasks meet. */
let site: AdoptedSite;
let next = 101;
let holds = 0;
const held: Held[] = [];

const node = "pve-prod";
const guests = Array.from({ length: 9 }, (_, index) => ({
  id: 101 + index,
  name: `guest-${String(101 + index)}`,
  disk: "lvmthin" as const,
}));

beforeAll(async () => {
  site = await AdoptedSite.start([{ name: "prod", node, profile: "prod", guests }]);
});

afterAll(() => site.stop());

/** What still stands where a test has failed. */
afterEach(async () => {
  await Promise.allSettled(held.splice(0).map(({ go }) => go()));
});

const address = (vmid: number) => ({ node, type: "lxc", vmid }) as const;
const file = (id: number): string => site.guestFile(node, id, "lvmthin", "etc/state");
const stepDone = (step: string): string => `"${step}": \\{\\s+"state": "done"`;

function isRunning(vmid: number): Promise<boolean> {
  return site.on(node, async (client) => (await client.guests.guestStatus(address(vmid))).status === "running");
}

/** What its disk holds, whichever it is by now. */
async function state(vmid: number): Promise<string> {
  const { rootfs = "" } = await site.on(node, (client) => client.guests.guestConfig(address(vmid)));
  const [volid = ""] = rootfs.split(",");
  return readFileSync(site.nodePath(node, `dev/pve/${volid.split(":")[1] ?? ""}/etc/state`), "utf8");
}

/** A guest of its own with an archive and a snapshot, that has worked since. */
async function worked(): Promise<number> {
  const id = next++;
  writeFileSync(file(id), "first");
  expect((await site.lifeboat(["backup", "snapshot", `guest-${String(id)}`, "--name", "first"])).code).toBe(0);
  await site.on(node, async (client) => {
    const upid = await client.backups.vzdump(node, id, { storage: "backup", compress: "zstd" });
    requireSuccess(await client.tasks.wait(upid));
  });
  writeFileSync(file(id), "present");
  return id;
}

const rollback = (id: number) => ["restore", "snapshot", `guest-${String(id)}`, "first", "--force", "--stop"];
const restore = (id: number) => ["restore", "guest", `guest-${String(id)}`, "--force", "--stop", "--accept-loss"];

interface Held {
  readonly go: () => Promise<RunResult>;
}

/** Begins a command on a machine of its own, and returns when it stands still after a step. */
async function heldAfter(step: string, command: readonly string[]): Promise<Held> {
  const hold = join(site.project, `hold-${String((holds += 1))}`);
  const hook = resolve(__dirname, "../../support/hold-at-journal-write.cjs");
  const variables = { LIFEBOAT_TEST_HOLD: stepDone(step), LIFEBOAT_TEST_HOLD_FILE: hold };
  let ended: RunResult | undefined;
  const result = site.lifeboat(command, {
    nodeOptions: ["--require", hook],
    env: { ...site.otherMachine(), ...variables },
  });
  void result.then((found) => (ended = found));
  const go = () => {
    writeFileSync(`${hold}.go`, "");
    return result;
  };
  held.push({ go });
  while (!existsSync(`${hold}.held`)) {
    if (ended !== undefined) throw new Error(`It ended before ${step}: ${ended.stderr}`);
    await pause(20);
  }
  return { go };
}

test.each([
  ["rollback", "rollback", rollback, rollback],
  ["rollback", "restore", rollback, restore],
  ["restore", "rollback", restore, rollback],
  ["restore", "restore", restore, restore],
])(
  "a %s that begins while a %s of another machine has the guest stopped: the guest runs afterwards [D6, D12, K4]",
  async (_later, _earlier, later, earlier) => {
    const id = await worked();
    const first = await heldAfter("stop", earlier(id));
    const second = await heldAfter("recheck", later(id));
    const one = await first.go();
    const other = await second.go();
    expect([other.code, await isRunning(id)]).toEqual([13, true]);
    expect(other.stderr).toContain("changed since the plan was made");
    expect([one.code, await state(id)]).toEqual(one.code === 0 ? [0, "first"] : [13, "present"]);
  },
);

test("a disk that another machine adds as the request is about to leave: nothing is rolled back, and the guest runs [A11, D12, K4]", async () => {
  const id = await worked();
  const { go } = await heldAfter("recheck", rollback(id));
  await site.on(node, async (client) => {
    await client.guests.setGuestConfig(address(id), { mp0: "thin:1,mp=/more,backup=1" });
  });
  const { code, stderr } = await go();
  expect([code, stderr]).toEqual([13, expect.stringContaining("the guest's configuration changed since")]);
  expect([await isRunning(id), await state(id)]).toEqual([true, "present"]);
});
