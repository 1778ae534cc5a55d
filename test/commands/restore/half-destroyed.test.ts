import { setTimeout as pause } from "node:timers/promises";
import { isSavePoint } from "../../../site/restore/save-point";
import { asksFor } from "../support/held-tasks";
import { node, RestoreSite } from "./restore-site";

/** A restore's worker dies while it replaces the old guest: its configuration stays, locked, until the last volume is freed. */
let site: RestoreSite;

const guests = [101, 102, 103, 104, 105, 106, 107, 108, 109].map((id) => ({ id, name: `guest-${id}` }));

beforeAll(async () => {
  site = await RestoreSite.start(guests);
  for (const { id } of guests) await site.backUp(id);
});

afterAll(() => site.stop());

afterEach(() => site.clearFaults());

async function change(vmid: number): Promise<void> {
  await site.client.guests.setGuestConfig({ node, type: "lxc", vmid }, { memory: 640 });
}

async function memoryOf(vmid: number): Promise<string | undefined> {
  return (await site.client.guests.guestConfig({ node, type: "lxc", vmid }))["memory"];
}

/** What could bring the guest back: whether its save points, and the archive that was chosen, are there and protected. */
async function waysBack(vmid: number) {
  const archives = await site.archives(vmid);
  const ofKind = (kind: boolean) => archives.filter(({ notes = "" }) => isSavePoint(notes) === kind);
  return {
    savePoints: ofKind(true).map((archive) => archive.protected),
    archives: ofKind(false).map((archive) => archive.protected),
  };
}

const kept = { savePoints: [true], archives: [true] };

/**
 * Proxmox names a new volume like an old one that is freed already, and frees it with the rest of the old guest: the task
 * fails, and the same command then finds nothing in its way.
 */
async function twice(argv: readonly string[]) {
  const first = await site.lifeboat(argv);
  if (first.code === 0) return first;
  expect([first.code, first.stderr]).toEqual([1, expect.stringMatching(/is gone: [\s\S]*HINT: [\s\S]*lifeboat /u)]);
  return site.lifeboat(argv);
}

/** Of a guest whose volumes are half deleted no save point can be made, and the one that is there is the way back. */
function without(id: number): string[] {
  return [`--without-save-point=guest-${String(id)}`];
}

test("what is seen to be half deleted is replaced without a save point of it [D6, K4]", async () => {
  const id = 107;
  await change(id);
  await site.fault("worker-killed", { type: "vzrestore", at: "freed-1", times: "1" });
  expect((await site.lifeboat(["restore", "guest", "guest-107", "--force", "--stop"])).code).toBe(1);
  await site.setLock(id);
  for (const storage of ["local", "data"]) await site.showVolumes(storage);
  const undone = await twice(["undo", "guest-107", "--force", "--stop"]);
  expect([undone.code, await site.running(id), await memoryOf(id)]).toEqual([0, true, "640"]);
});

/** Storage `data` answers every question with an error from now on, or no more. */
async function breakStorage(isBroken: boolean): Promise<void> {
  const root = site.rootClient();
  await root.put(["storage", "data"], { disable: isBroken });
  await root.close();
}

test("a restore that fails while a storage cannot be asked: what became of the guest is not known, and every way back stays [D6, K3]", async () => {
  for (const storage of ["local", "data"]) await site.showVolumes(storage);
  await site.fault("task-waits", { type: "vzrestore", at: "recovered" });
  await site.fault("task-dies", { type: "vzrestore", at: "recovered", times: "1" });
  const run = site.lifeboat(["restore", "guest", "guest-108", "--force", "--stop"]);
  while (!site.requests().some(asksFor("vzrestore:108"))) await pause(20);
  await breakStorage(true);
  await site.control({ command: "clear-fault", name: "task-waits" });
  const failed = await run;
  const undo = await site.lifeboat(["undo", "guest-108", "--dry-run"]);
  await breakStorage(false);
  expect(failed.code).toBe(1);
  expect(failed.stderr).toMatch(/what became of guest-108 cannot be seen \([^)]*storage 'data' is disabled/u);
  expect([undo.code, undo.stderr]).toEqual([1, expect.stringContaining("storage 'data' is disabled")]);
  expect(await waysBack(108)).toEqual(kept);
  expect((await site.lifeboat(["undo", "guest-108", "--force", "--stop"])).code).toBe(0);
});

describe.each([
  ["recovered", 101],
  ["allocated", 102],
  ["freed-1", 103],
  ["freed-2", 104],
  ["destroyed", 105],
])("a worker that dies at '%s'", (at, id) => {
  const restore = ["restore", "guest", `guest-${id}`, "--force", "--stop"];

  test("leaves every way back in place, whatever is run before and after the lock is taken off; undo brings the guest back [D6, K4]", async () => {
    await change(id);
    await site.fault("worker-killed", { type: "vzrestore", at, times: "1" });
    const failed = await site.lifeboat(restore);
    expect([failed.code, failed.stderr]).toEqual([1, expect.not.stringContaining("untouched")]);
    expect(failed.stderr).toContain(`lifeboat undo prod/guest-${id}`);
    expect(await waysBack(id)).toEqual(kept);
    const locked = await site.lifeboat(restore);
    expect([locked.code, locked.stderr]).toEqual([1, expect.stringContaining(`pct unlock ${id}`)]);
    expect(await waysBack(id)).toEqual(kept);
    const undo = await site.lifeboat(["undo", `guest-${id}`, "--force", "--stop"]);
    expect([undo.code, undo.stderr]).toEqual([13, expect.stringContaining(`pct unlock ${id}`)]);
    const forgotten = await site.lifeboat(["undo", `guest-${id}`, "--forget", "--force"], { env: site.otherMachine() });
    expect([forgotten.code, forgotten.stderr]).toEqual([13, expect.stringContaining("may be its only way back")]);
    expect(await waysBack(id)).toEqual(kept);
    await site.setLock(id);
    const undone = await twice([
      "undo",
      `guest-${id}`,
      "--force",
      "--stop",
      ...(at.startsWith("freed") ? without(id) : []),
    ]);
    expect([undone.code, await site.running(id), await memoryOf(id)]).toEqual([0, true, "640"]);
  });
});

test("once the lock is taken off, the same command restores the archive over what is left [D6, K4]", async () => {
  const restore = ["restore", "guest", "guest-106", "--force", "--stop"];
  await change(106);
  await site.fault("worker-killed", { type: "vzrestore", at: "freed-1", times: "1" });
  expect((await site.lifeboat(restore)).code).toBe(1);
  await site.setLock(106);
  const again = await twice(restore);
  expect([again.code, await site.running(106), await memoryOf(106)]).toEqual([0, true, "512"]);
  const undone = await site.lifeboat(["undo", "guest-106", "--force", "--stop"]);
  expect([undone.code, await memoryOf(106)]).toEqual([0, "640"]);
});
