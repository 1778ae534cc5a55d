import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { isSavePoint } from "../../../site/restore/save-point";
import { requireSuccess } from "../support/kit";
import { rewriteJournal } from "../support/rewrite-journal";
import { node, RestoreSite } from "./restore-site";

/**
 * A restore whose committing request has taken no effect: its task failed and left the guest whole, or no step of it was
 * begun, or the way back is gone. Continuing means looking again, however it came to stand still.
 */
let site: RestoreSite;
let next = 101;

const guests = Array.from({ length: 14 }, (_, index) => ({
  id: 101 + index,
  name: `guest-${101 + index}`,
  stopped: index >= 8,
}));

beforeAll(async () => {
  site = await RestoreSite.start(guests);
});

afterAll(() => site.stop());

afterEach(() => site.clearFaults());

const prepared = /"recheck": \{\s+"state": "done"/u;
const sent = /"restore": \{[\s\S]*"upid"/u;

/** A guest of its own with an archive. */
async function guestWithArchive(): Promise<{ id: number; restore: readonly string[] }> {
  const id = next++;
  await site.backUp(id);
  return { id, restore: ["restore", "guest", `guest-${id}`, "--force", "--stop"] };
}

/** Runs a command that is killed when a journal says what is given. */
async function killWhen(seen: RegExp, argv: readonly string[]): Promise<void> {
  const { code } = await site.lifeboat(argv, {
    onWrite: ({ moment, text }, run) => {
      if (moment === "after" && seen.test(text)) run.signal("SIGKILL");
    },
  });
  expect(code).toBeNull();
}

/** Waits for the tasks that a killed process has left on the node. */
async function untilIdle(): Promise<void> {
  for (;;) {
    const active = await site.client.tasks.list(node, { source: "active" });
    if (active.every(({ endtime }) => endtime !== undefined)) return;
    await pause(20);
  }
}

function makeOld(hours: number): void {
  rewriteJournal(site.stateFolder("prod"), (found) => ({
    ...found,
    startedAt: new Date(Date.parse(found.startedAt) - hours * 3_600_000).toISOString(),
  }));
}

async function power(vmid: number, action: "start" | "stop"): Promise<void> {
  requireSuccess(await site.client.tasks.wait(await site.client.guests[action]({ node, type: "lxc", vmid })));
}

async function markerOf(vmid: number): Promise<string> {
  const volume = (await site.volumeOf(vmid, "rootfs")).replace(/^local:/u, "");
  return site.nodePath(node, `var/lib/vz/images/${volume}/etc/marker`);
}

/** What somebody has written in the guest since its archive was made. */
async function work(vmid: number, text: string): Promise<void> {
  writeFileSync(await markerOf(vmid), text);
}

async function workOf(vmid: number): Promise<string> {
  return readFileSync(await markerOf(vmid), "utf8");
}

async function savePoints(id: number): Promise<string[]> {
  return (await site.archives(id)).filter(({ notes = "" }) => isSavePoint(notes)).map(({ volid }) => volid);
}

function dump(): string {
  return site.nodePath(node, "mnt/backup/dump");
}

describe("its task failed", () => {
  test("and a colleague has brought the guest back: what was written since is kept by a save point of now [D6, K1, K4]", async () => {
    const { id, restore } = await guestWithArchive();
    await site.fault("task-dies", { type: "vzrestore", at: "extracting", times: "1" });
    expect((await site.lifeboat(restore)).code).toBe(1);
    const undo = ["undo", `guest-${id}`, "--force"];
    expect((await site.lifeboat(undo, { env: site.otherMachine() })).code).toBe(0);
    await work(id, "three days");
    makeOld(72);
    const unasked = await site.lifeboat(restore.filter((word) => word !== "--stop"));
    expect([unasked.code, await site.running(id), await workOf(id)]).toEqual([13, true, "three days"]);
    const again = await site.lifeboat(restore);
    expect([again.code, await workOf(id)]).toEqual([0, `guest-${id} root\n`]);
    expect([(await site.lifeboat([...undo, "--stop"])).code, await workOf(id)]).toEqual([0, "three days"]);
  });

  test("before anything was freed: the newest archive of now, and a save point of now [D5, D6, K4]", async () => {
    const { id, restore } = await guestWithArchive();
    await site.fault("task-dies", { type: "vzrestore", at: "recovered", times: "1" });
    await killWhen(sent, restore);
    await untilIdle();
    const old = await savePoints(id);
    await power(id, "start");
    const newer = await site.backUp(id);
    await power(id, "stop");
    makeOld(72);
    const again = await site.lifeboat([...restore, "--json"]);
    expect([again.code, JSON.parse(again.stdout).archive]).toEqual([0, newer]);
    expect(await savePoints(id)).not.toEqual(old);
  });

  test("before anything was freed: undo takes back what was prepared, and both the work since and the save point stay [D6, K4]", async () => {
    const { id, restore } = await guestWithArchive();
    await site.fault("task-dies", { type: "vzrestore", at: "recovered", times: "1" });
    await killWhen(sent, restore);
    await untilIdle();
    await power(id, "start");
    await work(id, "three days");
    expect((await site.lifeboat(["undo", `guest-${id}`, "--force", "--stop"])).code).toBe(0);
    expect([await workOf(id), await savePoints(id)]).toEqual(["three days", [expect.any(String)]]);
  });
});

test("its save point was given up elsewhere in between: it is not overwritten without a way back [D6, K4]", async () => {
  next = 109;
  const { id } = await guestWithArchive();
  const restore = ["restore", "guest", `guest-${id}`, "--force"];
  await killWhen(prepared, restore);
  const forget = ["undo", `guest-${id}`, "--forget", "--force"];
  expect((await site.lifeboat(forget, { env: site.otherMachine() })).code).toBe(0);
  await site.lifeboat(restore);
  expect((await site.lifeboat(["undo", `guest-${id}`, "--force", "--stop"])).code).toBe(0);
});

test("its save point is removed while it is checked: the look just before the request sees that [D6, K4]", async () => {
  next = 110;
  const { id } = await guestWithArchive();
  const restore = ["restore", "guest", `guest-${id}`, "--force"];
  await work(id, "kept");
  const again = await site.lifeboat(restore, {
    onWrite: ({ moment, text }) => {
      const archive = /"archive": "backup:backup\/(vzdump-[^"]+)\.tar\.zst"/u.exec(text)?.[1];
      if (moment !== "after" || archive === undefined || !/"recheck": \{\s+"state": "started"/u.test(text)) return;
      for (const name of readdirSync(dump())) if (name.startsWith(archive)) rmSync(join(dump(), name));
    },
  });
  expect([again.code, again.stderr]).toEqual([13, expect.stringContaining("nothing is overwritten without it")]);
  expect(await workOf(id)).toBe("kept");
});

describe("no step of it was begun", () => {
  test("of two, the second was worked on since: what was written is not overwritten by an answer of before [D6, K1, K4]", async () => {
    next = 111;
    const one = await guestWithArchive();
    const two = await guestWithArchive();
    const names = [one.id, two.id].map((id) => `guest-${id}`);
    const without = `--without-save-point=${names.join(",")}`;
    const both = ["restore", "guest", ...names, "--parallel", "1", "--force", without];
    await killWhen(sent, both);
    await untilIdle();
    await power(two.id, "start");
    await work(two.id, "since");
    await power(two.id, "stop");
    await site.lifeboat(both);
    expect(await workOf(two.id)).toBe("since");
  });

  test("and it is days old: asked anew whether the guest may be stopped [D6, K1, K4]", async () => {
    next = 105;
    const { id, restore } = await guestWithArchive();
    expect((await site.lifeboat(restore, { killAt: "after 1" })).code).toBeNull();
    makeOld(72);
    const unasked = await site.lifeboat(restore.filter((word) => word !== "--stop"));
    expect([unasked.code, await site.running(id)]).toEqual([13, true]);
    expect((await site.lifeboat(restore)).code).toBe(0);
  });
});

test("given up before it began to overwrite: undo leaves the guest as it was given up, and says so before and while it does [K4, K5]", async () => {
  const { id, restore } = await guestWithArchive();
  await killWhen(prepared, restore);
  const ofPlace = await site.lifeboat(["abandon", "prod"]);
  expect([ofPlace.code, ofPlace.stderr]).toEqual([
    10,
    expect.stringMatching(
      new RegExp(
        `nothing is half done on the stack or the state of prod\nHINT: on its guests there is: lifeboat abandon prod/guest-${id}\n$`,
        "u",
      ),
    ),
  ]);
  expect((await site.lifeboat(["abandon", `guest-${id}`, "--force"])).code).toBe(0);
  const dry = await site.lifeboat(["undo", `guest-${id}`, "--dry-run", "--json"]);
  const { steps, stays } = JSON.parse(dry.stdout).plan;
  expect([dry.code, steps.map((step: { id: string }) => step.id), stays]).toEqual([
    0,
    ["save-point/take", "protect"],
    [`guest-${id} stays stopped, as it was when its operation was abandoned`],
  ]);
  const undone = await site.lifeboat(["undo", `guest-${id}`, "--force"]);
  expect([undone.code, undone.stderr]).toEqual([0, expect.not.stringMatching(/again|Take back: Stop/u)]);
  expect([await site.running(id), await savePoints(id)]).toEqual([false, []]);
  const nothing = await site.lifeboat(["abandon", "prod"]);
  expect([nothing.code, nothing.stderr]).toEqual([10, expect.stringContaining("HINT: name a guest of it: prod/NAME")]);
});

test.each([
  ["stop", /"stop": \{\s+"state": "started"/u, ["protect"]],
  ["save-point/take", /"save-point\/take": \{\s+"state": "started"/u, ["stop", "protect"]],
  ["restore", /"restore": \{\s+"state": "started"/u, ["save-point/take", "stop", "protect"]],
])(
  "killed in step %s before its request: undo lists and shows what was done, and no more [D6, K1]",
  async (_, seen, done) => {
    next = 101;
    const { id, restore } = await guestWithArchive();
    await killWhen(seen, restore);
    await untilIdle();
    const dry = await site.lifeboat(["undo", `guest-${id}`, "--dry-run", "--json"]);
    expect(JSON.parse(dry.stdout).plan.steps.map((step: { id: string }) => step.id)).toEqual(done);
    const undone = await site.lifeboat(["undo", `guest-${id}`, "--force", "--json"]);
    expect(JSON.parse(undone.stdout).takenBack.map((step: { id: string }) => step.id)).toEqual(done);
    expect([undone.code, await site.running(id)]).toEqual([0, true]);
  },
);

test("killed while its save point was made, which ended well: abandon names it [D6, K4, K5]", async () => {
  next = 101;
  const { id, restore } = await guestWithArchive();
  await killWhen(/"save-point\/take": \{[\s\S]*"upid"/u, restore);
  await untilIdle();
  const [savePoint = ""] = await savePoints(id);
  const shown = await site.lifeboat(["abandon", `guest-${id}`, "--dry-run", "--json"]);
  expect(JSON.parse(shown.stdout).plan.operations[0].leaves).toContainEqual({
    about: `save point ${savePoint}`,
    is: "stays",
    known: true,
    next: `lifeboat restore guest prod/guest-${id} --archive ${savePoint}`,
  });
  expect((await site.lifeboat(["undo", `guest-${id}`, "--force"])).code).toBe(0);
});
