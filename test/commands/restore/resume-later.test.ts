import { isSavePoint } from "../../../site/restore/save-point";
import { rewriteJournal } from "../support/rewrite-journal";
import { requireSuccess } from "../support/kit";
import { node, RestoreSite } from "./restore-site";

/** A restore that is killed before its committing request has left, and resumed when something is true no more. */
let site: RestoreSite;
let next = 101;

const guests = Array.from({ length: 20 }, (_, index) => ({ id: 101 + index, name: `guest-${101 + index}` }));

beforeAll(async () => {
  site = await RestoreSite.start(guests);
});

afterAll(() => site.stop());

afterEach(() => site.clearFaults());

interface Killed {
  readonly id: number;
  readonly restore: readonly string[];
  readonly savePoint: string;
}

/** Moments at which everything is prepared: the request that overwrites is not asked for, or only the journal says it was. */
const beforeRequest = /"recheck": \{\s+"state": "done"/u;
const asIfSent = /"restore": \{[\s\S]*"sent": true/u;

/** A guest of its own that is not what its archive holds, and a restore of it that died when everything was prepared. */
async function killed({ at = beforeRequest, words = [] as readonly string[] } = {}): Promise<Killed> {
  const id = next++;
  await site.backUp(id);
  await change(id, 640);
  const restore = ["restore", "guest", `guest-${id}`, "--force", "--stop", ...words];
  const { code } = await site.lifeboat(restore, {
    onWrite: ({ moment, text }, run) => {
      if (moment === "after" && at.test(text)) run.signal("SIGKILL");
    },
  });
  expect(code).toBeNull();
  const [savePoint = ""] = await savePoints(id);
  // What is made from now on has another name.
  await site.control({ command: "forward", seconds: 2 });
  return { id, restore, savePoint };
}

async function change(vmid: number, memory: number): Promise<void> {
  await site.client.guests.setGuestConfig({ node, type: "lxc", vmid }, { memory });
}

async function memoryOf(vmid: number): Promise<string | undefined> {
  return (await site.client.guests.guestConfig({ node, type: "lxc", vmid }))["memory"];
}

async function savePoints(id: number): Promise<string[]> {
  return (await site.archives(id)).filter(({ notes = "" }) => isSavePoint(notes)).map(({ volid }) => volid);
}

async function power(vmid: number, action: "start" | "stop"): Promise<void> {
  const upid = await site.client.guests[action]({ node, type: "lxc", vmid });
  requireSuccess(await site.client.tasks.wait(upid));
}

/** A run that was killed may have left a task at work, which holds the node's lock of backups. */
async function idle(): Promise<void> {
  const active = await site.client.tasks.list(node, { source: "active" });
  for (const { upid } of active.filter(({ endtime }) => endtime === undefined)) await site.client.tasks.wait(upid);
}

function makeOld(hours: number): void {
  rewriteJournal(site.stateFolder("prod"), (found) => ({
    ...found,
    startedAt: new Date(Date.parse(found.startedAt) - hours * 3_600_000).toISOString(),
  }));
}

/** It was planned anew: the guest as it was just now is what undo brings back. */
async function expectFresh({ id, restore, savePoint }: Killed, why: string, memory: string): Promise<void> {
  const again = await site.lifeboat(restore);
  expect([again.code, again.stderr]).toEqual([0, expect.stringContaining(why)]);
  expect(await memoryOf(id)).toBe("512");
  const now = await savePoints(id);
  expect([now.length, now.includes(savePoint)]).toEqual([1, false]);
  const undone = await site.lifeboat(["undo", `guest-${id}`, "--force", "--stop"]);
  expect([undone.code, await memoryOf(id), await site.running(id)]).toEqual([0, memory, true]);
}

test("as it was left: it is resumed, with its save point [K4]", async () => {
  const { id, restore, savePoint } = await killed();
  const again = await site.lifeboat(restore);
  expect([again.code, await savePoints(id), await memoryOf(id)]).toEqual([0, [savePoint], "512"]);
});

test("the guest was started and has worked since: asked anew whether it may be stopped, and its work is kept [D6, K1, K4]", async () => {
  const it = await killed();
  await power(it.id, "start");
  await change(it.id, 700);
  const unasked = await site.lifeboat(it.restore.filter((word) => word !== "--stop"));
  expect([unasked.code, unasked.stderr]).toEqual([13, expect.stringContaining("was started since")]);
  expect([await site.running(it.id), await memoryOf(it.id)]).toEqual([true, "700"]);
  const again = await site.lifeboat(it.restore);
  expect([again.code, await memoryOf(it.id)]).toEqual([0, "512"]);
  const undone = await site.lifeboat(["undo", `guest-${it.id}`, "--force", "--stop"]);
  expect([undone.code, await memoryOf(it.id)]).toEqual([0, "700"]);
});

test("started and stopped in between, and nothing in its configuration tells [D6, K4]", async () => {
  const it = await killed();
  await power(it.id, "start");
  await power(it.id, "stop");
  await expectFresh(it, "a task 'vz", "640");
});

test.each([
  ["3 days old", 72],
  ["two hours old", 2],
])("%s: what the token may not see has changed it since, perhaps [D6, K4]", async (_, hours) => {
  const it = await killed();
  makeOld(hours);
  await expectFresh(it, "it is older than 1 h", "640");
});

test("the journal says that the request left, and the node knows of none: that is before it, too [D6, K4]", async () => {
  const it = await killed({ at: asIfSent });
  makeOld(72);
  await expectFresh(it, "it is older than 1 h", "640");
});

test("somebody restores it again after its archive was there: its end does not speak of that guest as its own [D11, K4]", async () => {
  const it = await killed({ at: /"restore": \{\s+"state": "done"/u });
  await change(it.id, 777);
  const newest = await site.backUp(it.id);
  const elsewhere = { env: site.otherMachine() };
  const other = await site.lifeboat([...it.restore, "--archive", newest], elsewhere);
  expect(other.code).toBe(0);
  const again = await site.lifeboat([...it.restore, "--json"]);
  expect([again.code, await memoryOf(it.id)]).toEqual([3, "777"]);
  const { proven, findings } = JSON.parse(again.stdout);
  expect([proven, findings]).toEqual([
    false,
    expect.arrayContaining([
      {
        severity: "problem",
        text: expect.stringMatching(/was overwritten again after this: task 'vzrestore' of lifeboat@pve/u),
        mend: `lifeboat restore guest prod/guest-${String(it.id)}`,
      },
    ]),
  ]);
});

test("a newer archive is restored [D5, K4]", async () => {
  const it = await killed();
  const newer = await site.backUp(it.id);
  const again = await site.lifeboat([...it.restore, "--json"]);
  expect([again.code, JSON.parse(again.stdout).archive]).toEqual([0, newer]);
});

test("a save point that no list shows is not called gone when its operation is given up [A10, K6]", async () => {
  const it = await killed();
  await site.fault("disk-unmounted", { storage: "backup" });
  const { code, stdout } = await site.lifeboat(["abandon", `guest-${it.id}`, "--dry-run", "--json"]);
  await site.clearFaults();
  const about = `save point ${it.savePoint}`;
  expect([code, JSON.parse(stdout).plan.operations[0].leaves]).toEqual([
    0,
    expect.arrayContaining([{ about, is: "was not found on backup", known: true, next: "lifeboat doctor" }]),
  ]);
  expect(stdout).not.toContain("is gone");
  const again = await site.lifeboat(it.restore);
  expect([again.code, await savePoints(it.id)]).toEqual([0, [it.savePoint]]);
});

test("a save point that the token may not see by now is not taken for gone: 14, and nothing is taken back [D6, K4, K6]", async () => {
  const it = await killed();
  const root = site.rootClient();
  const denied = { path: `/vms/${it.id}`, roles: "NoAccess", propagate: true };
  const set = async (more = {}): Promise<void> => {
    await root.put(["access", "acl"], { ...denied, roles: "PVEAuditor", tokens: "lifeboat@pve!lifeboat", ...more });
  };
  await set();
  const unseen = await site.lifeboat(it.restore);
  await set({ delete: true });
  await root.close();
  expect([unseen.code, unseen.stderr]).toEqual([14, expect.stringMatching(/VM\.Backup on \/vms\/\d+/u)]);
  expect(unseen.stderr).not.toMatch(/is gone|Take back/u);
  const again = await site.lifeboat(it.restore);
  expect([again.code, await savePoints(it.id)]).toEqual([0, [it.savePoint]]);
});

test("a storage that shows no backup at all: whether the save point is gone is not known (14), and nothing is taken back [D6, K4, K6]", async () => {
  const it = await killed();
  await site.fault("disk-unmounted", { storage: "backup" });
  for (const words of [["--dry-run"], []]) {
    const { code, stderr } = await site.lifeboat([...it.restore, ...words]);
    expect([code, stderr]).toEqual([14, expect.stringContaining(`does not show the save point ${it.savePoint}`)]);
    expect(stderr).not.toContain("Take back");
  }
  await site.clearFaults();
  expect((await site.lifeboat(it.restore)).code).toBe(0);
  expect(await savePoints(it.id)).toEqual([it.savePoint]);
});

test("taken back while the storage shows no backup: the guest runs again, and what may be left is named [D6, K6]", async () => {
  const it = await killed();
  await site.fault("disk-unmounted", { storage: "backup" });
  const { code, stdout, stderr } = await site.lifeboat(["undo", `guest-${it.id}`, "--force"]);
  await site.clearFaults();
  expect([code, await site.running(it.id), await savePoints(it.id)]).toEqual([0, true, [it.savePoint]]);
  const told = `${stdout}${stderr}`.replaceAll(/\s+/gu, " ");
  expect(told).toContain(`whether the save point ${it.savePoint} is still there is not known: backup shows no backup`);
  expect(told).toMatch(/backup:\S+ may still be protected: backup shows no backup/u);
  // The next one that succeeds releases it.
  expect((await site.lifeboat(it.restore)).code).toBe(0);
  const ordinary = (await site.archives(it.id)).filter(({ notes = "" }) => !isSavePoint(notes));
  expect(ordinary.map((archive) => archive.protected ?? false)).toEqual([false]);
});

test("a save point that somebody has deleted, while its storage shows other backups: planned anew [D6, K4]", async () => {
  const it = await killed();
  await site.client.backups.setArchiveProtection(node, it.savePoint, false);
  requireSuccess(await site.client.tasks.wait(await site.client.backups.deleteArchive(node, it.savePoint)));
  await expectFresh(it, `backup does not show the save point ${it.savePoint} any more`, "640");
});

test("the guest is gone by now: its save point, which may be all that is left of it, stays [D6, K4]", async () => {
  const it = await killed();
  await site.destroy(it.id);
  const again = await site.lifeboat(it.restore);
  expect([again.code, again.stderr]).toEqual([0, expect.stringContaining(`the save point ${it.savePoint} stays`)]);
  expect([await savePoints(it.id), await memoryOf(it.id)]).toEqual([[it.savePoint], "512"]);
});

test("the archive is gone by now: what was begun is taken back, and the refusal is that of a new plan [D5, K4]", async () => {
  const it = await killed();
  const [archive] = (await site.archives(it.id)).filter(({ notes = "" }) => !isSavePoint(notes));
  await site.client.backups.setArchiveProtection(node, archive?.volid ?? "", false);
  requireSuccess(await site.client.tasks.wait(await site.client.backups.deleteArchive(node, archive?.volid ?? "")));
  const again = await site.lifeboat(it.restore);
  expect([again.code, await site.running(it.id), await savePoints(it.id)]).toEqual([10, true, []]);
});

test("only shown: nothing is taken back, and why it would be is said [K4]", async () => {
  const it = await killed();
  makeOld(72);
  const before = await site.picture(it.id);
  const shown = await site.lifeboat([...it.restore, "--dry-run"]);
  expect([shown.code, shown.stderr]).toEqual([0, expect.stringContaining("it would be taken back first")]);
  expect(await site.picture(it.id)).toEqual(before);
});

test("a copy: from the newest archive of now; refused where its id is taken by now [D5, K4]", async () => {
  const id = next++;
  await site.backUp(id);
  const copy = ["restore", "guest", `guest-${id}`, "--target-id", "901", "--force"];
  const kill = {
    onWrite: ({ moment, text }: { moment: string; text: string }, run: { signal(name: "SIGKILL"): void }) => {
      if (moment === "after" && beforeRequest.test(text)) run.signal("SIGKILL");
    },
  };
  expect((await site.lifeboat(copy, kill)).code).toBeNull();
  const newer = await site.backUp(id);
  const again = await site.lifeboat([...copy, "--json"]);
  expect([again.code, JSON.parse(again.stdout).archive]).toEqual([0, newer]);
  await site.destroy(901);
  expect((await site.lifeboat(copy, kill)).code).toBeNull();
  expect((await site.lifeboat(copy, { env: site.otherMachine() })).code).toBe(0);
  const taken = await site.lifeboat(copy);
  expect([taken.code, taken.stderr]).toEqual([13, expect.stringContaining("the id 901 is taken by another guest")]);
  expect(await site.running(901)).toBe(true);
});

test("of two that were begun together, the one that changed since is not resumed with the other [D5, D6, K4]", async () => {
  const [one, two] = [next++, next++];
  await idle();
  for (const id of [one, two]) {
    await site.backUp(id);
    await change(id, 640);
  }
  const both = ["restore", "guest", `guest-${one}`, `guest-${two}`, "--force", "--stop"];
  const prepared = new Set<string>();
  const { code } = await site.lifeboat(both, {
    onWrite: ({ moment, text }, run) => {
      if (moment !== "after" || !beforeRequest.test(text)) return;
      prepared.add(/"name": "(guest-\d+)"/u.exec(text)?.[1] ?? "");
      run.signal("SIGKILL");
    },
  });
  expect(code).toBeNull();
  // The other one's save point may still be at work, and holds the guest's lock.
  await idle();
  for (const id of [one, two]) if (!(await site.running(id))) await power(id, "start");
  for (const id of [one, two]) await change(id, 700);
  const again = await site.lifeboat(both);
  expect([again.code, again.stderr]).toEqual([0, expect.stringContaining("is not resumed, because")]);
  expect([await memoryOf(one), await memoryOf(two)]).toEqual(["512", "512"]);
  for (const id of [one, two]) {
    expect((await site.lifeboat(["undo", `guest-${id}`, "--force", "--stop"])).code).toBe(0);
    expect(await memoryOf(id)).toBe("700");
  }
});
