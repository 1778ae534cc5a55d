import { readFileSync, writeFileSync } from "node:fs";
import { AdoptedSite } from "../support/adopted-site";
import { requireSuccess } from "../support/kit";
import { rewriteJournal } from "../support/rewrite-journal";

/** A rollback that is killed before its committing request has left, and resumed when something is true no more. */
let site: AdoptedSite;
let next = 101;

const node = "pve-prod";
const guests = Array.from({ length: 9 }, (_, index) => ({
  id: 101 + index,
  name: `guest-${101 + index}`,
  disk: index === 5 ? ("zfspool" as const) : ("lvmthin" as const),
}));

beforeAll(async () => {
  site = await AdoptedSite.start([{ name: "prod", node, profile: "prod", guests }]);
});

afterAll(() => site.stop());

function file(id: number): string {
  return site.guestFile(node, id, id === 106 ? "zfspool" : "lvmthin", "etc/state");
}

const beforeRequest = /"recheck": \{\s+"state": "done"/u;
const asIfSent = /"roll-back": \{[\s\S]*"sent": true/u;

/** A guest of its own, and a rollback of it to a snapshot that holds `first`; it died when everything was prepared. */
async function killed(at = beforeRequest): Promise<{ id: number; command: readonly string[] }> {
  const id = next++;
  writeFileSync(file(id), "first");
  expect((await site.lifeboat(["backup", "snapshot", `guest-${id}`, "--name", "first"])).code).toBe(0);
  writeFileSync(file(id), "present");
  const command = ["restore", "snapshot", `guest-${id}`, "first", "--force", "--stop"];
  const { code } = await site.lifeboat(command, {
    onWrite: ({ moment, text }, run) => {
      if (moment === "after" && at.test(text)) run.signal("SIGKILL");
    },
  });
  expect(code).toBeNull();
  return { id, command };
}

function power(vmid: number, action: "start" | "stop"): Promise<void> {
  return site.on(node, async (client) => {
    requireSuccess(await client.tasks.wait(await client.guests[action]({ node, type: "lxc", vmid })));
  });
}

function isRunning(vmid: number): Promise<boolean> {
  return site.on(
    node,
    async (client) => (await client.guests.guestStatus({ node, type: "lxc", vmid })).status === "running",
  );
}

/** What the way back of the last rollback holds. */
async function wayBack(vmid: number): Promise<string> {
  const names = await site.on(node, (client) => client.guests.snapshots({ node, type: "lxc", vmid }));
  const before = names.map(({ name }) => name).filter((name) => name.startsWith("before-"));
  expect(before).toHaveLength(1);
  const back = await site.lifeboat(["restore", "snapshot", `guest-${vmid}`, before[0] ?? "", "--force", "--stop"]);
  expect(back.code).toBe(0);
  return readFileSync(file(vmid), "utf8");
}

test("as it was left: it is resumed, with its way back [D12, K4]", async () => {
  const { id, command } = await killed();
  expect((await site.lifeboat(command)).code).toBe(0);
  expect([readFileSync(file(id), "utf8"), await isRunning(id)]).toEqual(["first", true]);
  expect(await wayBack(id)).toBe("present");
});

test.each([
  ["nothing of it is asked for", beforeRequest],
  ["only the journal says that it was asked for", asIfSent],
])("started since, when %s: never stopped without being asked, and its work is kept [D12, K1, K4]", async (_, at) => {
  const { id, command } = await killed(at);
  await power(id, "start");
  writeFileSync(file(id), "worked since");
  const unasked = await site.lifeboat(command.filter((word) => word !== "--stop"));
  expect([unasked.code, unasked.stderr]).toEqual([13, expect.stringContaining("was started since")]);
  expect([await isRunning(id), readFileSync(file(id), "utf8")]).toEqual([true, "worked since"]);
  expect((await site.lifeboat(command)).code).toBe(0);
  expect(readFileSync(file(id), "utf8")).toBe("first");
  expect(await wayBack(id)).toBe("worked since");
});

test("started and stopped since: the way back holds what it did meanwhile [D12, K4]", async () => {
  const { id, command } = await killed();
  await site.control({ command: "forward", seconds: 2 });
  await power(id, "start");
  writeFileSync(file(id), "worked since");
  await power(id, "stop");
  const again = await site.lifeboat(command);
  expect([again.code, again.stderr]).toEqual([0, expect.stringContaining("a task 'vz")]);
  expect(await wayBack(id)).toBe("worked since");
});

test("three days later it is planned anew [D12, K4]", async () => {
  const { id, command } = await killed();
  writeFileSync(file(id), "changed by nobody that can be seen");
  rewriteJournal(site.stateFolder("prod"), (found) => ({ ...found, startedAt: "2026-11-01T10:00:00.000Z" }));
  const again = await site.lifeboat(command);
  expect([again.code, again.stderr]).toEqual([0, expect.stringContaining("it is older than 1 h")]);
  expect(await wayBack(id)).toBe("changed by nobody that can be seen");
});

test("on a storage that goes back to its newest only, with a snapshot made since: asked anew whether it may go [D12, K4]", async () => {
  const { id, command } = await killed();
  const made = await site.on(node, async (client) =>
    client.tasks.wait(await client.guests.takeSnapshot({ node, type: "lxc", vmid: id }, "since", "")),
  );
  requireSuccess(made);
  const again = await site.lifeboat(command);
  expect([again.code, again.stderr]).toEqual([13, expect.stringContaining("since would be removed")]);
  expect(await isRunning(id)).toBe(true);
});

test("its task failed, and the guest was unlocked and has worked since: never stopped without being asked, both ways back stay [D12, K1, K4]", async () => {
  const id = (next = 107);
  writeFileSync(file(id), "first");
  await site.lifeboat(["backup", "snapshot", `guest-${id}`, "--name", "first"]);
  writeFileSync(file(id), "present");
  const command = ["restore", "snapshot", `guest-${id}`, "first", "--force", "--stop"];
  await site.fault("task-dies", { type: "vzrollback", times: "1" });
  expect((await site.lifeboat(command)).code).toBe(1);
  const content = site.configuration(node, id).replace("lock: rollback\n", "");
  await site.control({ command: "write", path: `/etc/pve/nodes/${node}/lxc/${id}.conf`, content });
  await site.control({ command: "forward", seconds: 2 });
  await power(id, "start");
  writeFileSync(file(id), "worked since");
  rewriteJournal(site.stateFolder("prod"), (found) => ({ ...found, startedAt: "2026-11-01T10:00:00.000Z" }));
  const unasked = await site.lifeboat(command.filter((word) => word !== "--stop"));
  expect([unasked.code, unasked.stderr]).toEqual([13, expect.stringContaining("its task failed")]);
  expect([await isRunning(id), readFileSync(file(id), "utf8")]).toEqual([true, "worked since"]);
  expect((await site.lifeboat(command)).code).toBe(0);
  const names = await site.on(node, (client) => client.guests.snapshots({ node, type: "lxc", vmid: id }));
  expect(names.filter(({ name }) => name.startsWith("before-"))).toHaveLength(2);
});

test("its way back was removed in between: another is made before anything is overwritten [D12, K4]", async () => {
  next = 108;
  const { id, command } = await killed();
  const guest = { node, type: "lxc", vmid: id } as const;
  await site.on(node, async (client) => {
    const [before] = (await client.guests.snapshots(guest)).filter(({ name }) => name.startsWith("before-"));
    requireSuccess(await client.tasks.wait(await client.guests.removeSnapshot(guest, before?.name ?? "")));
  });
  const again = await site.lifeboat(command);
  expect([again.code, again.stderr]).toEqual([0, expect.stringContaining("the way back, is gone")]);
  expect(await wayBack(id)).toBe("present");
});

test("somebody rolls it back once more after it was rolled back: its end does not speak of that guest as its own [D12, K4]", async () => {
  const { id, command } = await killed(/"roll-back": \{\s+"state": "done"/u);
  const other = await site.lifeboat(command, { env: site.otherMachine() });
  expect(other.code).toBe(0);
  const again = await site.lifeboat(command);
  expect(again.code).toBe(3);
  expect(again.stdout.replaceAll(/\s+/gu, " ")).toContain(
    `PROBLEM: guest-${String(id)} was overwritten again after this: task 'vzrollback' of lifeboat@pve`,
  );
});
