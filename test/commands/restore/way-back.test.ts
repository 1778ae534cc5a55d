import { setTimeout as pause } from "node:timers/promises";
import {
  formatSavePointNotes,
  isSavePoint,
  parseSavePointNotes,
  savePointTemplate,
} from "../../../site/restore/save-point";
import type { RunningCommand } from "../support/kit";
import { asksFor } from "../support/held-tasks";
import { rewriteJournal } from "../support/rewrite-journal";
import { node, RestoreSite } from "./restore-site";

/** The way back to a guest: given up by nobody while the guest needs it, and gone to its end when it is gone. */
let site: RestoreSite;

const guests = [101, 102, 103, 104, 105, 106].map((id) => ({ id, name: `guest-${id}` }));

beforeAll(async () => {
  site = await RestoreSite.start(guests);
  for (const { id } of guests) await site.backUp(id);
});

afterAll(() => site.stop());

afterEach(() => site.clearFaults());

const restoreOf = (id: number) => ["restore", "guest", `guest-${id}`, "--force", "--stop"];

async function savePoints(id: number): Promise<string[]> {
  return (await site.archives(id)).filter(({ notes = "" }) => isSavePoint(notes)).map(({ volid }) => volid);
}

/** From another machine, of which the one that restores knows nothing. */
async function forget(id: number, ...words: string[]) {
  const result = await site.lifeboat(["undo", `guest-${id}`, "--forget", "--force", ...words], {
    env: site.otherMachine(),
  });
  return [result.code, result.stderr];
}

function refusedFor(why: string): unknown[] {
  return [13, expect.stringContaining(`may be its only way back: ${why}`)];
}

test("no save point is given up while its guest is gone, whatever asks for it [D6, K1]", async () => {
  await site.fault("task-dies", { type: "vzrestore", at: "extracting", times: "1" });
  expect([(await site.lifeboat(restoreOf(101))).code, await site.exists(101)]).toEqual([1, false]);
  const before = await savePoints(101);
  expect(before).toHaveLength(1);
  expect(await forget(101)).toEqual(refusedFor("it is not there"));
  await site.control({ command: "forward", seconds: 40 * 86_400 });
  expect(await forget(101, "--older-than", "30")).toEqual(refusedFor("it is not there"));
  expect(await savePoints(101)).toEqual(before);
  expect((await site.lifeboat(["undo", "guest-101", "--force"])).code).toBe(0);
  expect(await forget(101)).toEqual([0, expect.any(String)]);
});

test("nor while it is locked, lacks a volume, or stands still between save point and restore [D6, K1]", async () => {
  expect((await site.lifeboat(restoreOf(102), { killAt: "after 13" })).code).toBeNull();
  const before = await savePoints(102);
  expect([before.length, await site.running(102)]).toEqual([1, false]);
  expect(await forget(102)).toEqual(refusedFor("it is stopped, and ran when the newest of them was made"));
  for (const lock of ["create", "rollback", "snapshot-delete", "backup"]) {
    await site.setLock(102, lock);
    expect(await forget(102)).toEqual(refusedFor(`it is locked (${lock})`));
  }
  await site.setLock(102);
  await site.showVolumes("data");
  const { mp0 = "", ...rest } = await site.client.guests.guestConfig({ node, type: "lxc", vmid: 102 });
  await site.client.guests.setGuestConfig({ node, type: "lxc", vmid: 102 }, { delete: "mp0" });
  await site.setKeys(102, { ...rest, mp0: mp0.replace("disk-0", "disk-7") });
  expect(await forget(102)).toEqual(refusedFor("of its volumes cannot be seen: data:102/vm-102-disk-7.raw"));
  expect(await savePoints(102)).toEqual(before);
});

test("an answer that does not come is no absence: nothing is given up [D6, K1]", async () => {
  expect((await site.lifeboat(restoreOf(103))).code).toBe(0);
  const before = await savePoints(103);
  await site.fault("answer-595", { path: "^GET /nodes/pve-prod/lxc/103/status/current$" });
  const [code] = await forget(103);
  expect([code, await savePoints(103)]).toEqual([14, before]);
});

test("undo waits for the shutdown that its operation has asked for: the guest runs afterwards, and goes on running [D6, K4]", async () => {
  await site.fault("task-waits", { type: "vzshutdown", at: "stopping" });
  let running: RunningCommand | undefined;
  const requests = site.requests().length;
  const killed = site.lifeboat(restoreOf(104), { onStart: (run) => (running = run) });
  while (!site.requests().slice(requests).some(asksFor("vzshutdown"))) await pause(10);
  running?.signal("SIGKILL");
  expect((await killed).code).toBeNull();
  const undoing = site.lifeboat(["undo", "guest-104", "--force"]);
  while (
    !site
      .requests()
      .slice(requests)
      .some(({ path }) => path.endsWith("/tasks"))
  )
    await pause(10);
  setTimeout(() => void site.clearFaults(), 500);
  const undone = await undoing;
  const active = (await site.client.tasks.list(node, { source: "active" })).filter(
    ({ endtime }) => endtime === undefined,
  );
  expect([undone.code, active, await site.running(104)]).toEqual([0, [], true]);
});

test("undo waits for the restore that was killed here and goes on on the node [D6, K4]", async () => {
  await site.client.guests.setGuestConfig({ node, type: "lxc", vmid: 105 }, { memory: 640 });
  await site.fault("task-waits", { type: "vzrestore", at: "extracting" });
  let running: RunningCommand | undefined;
  const requests = site.requests().length;
  const killed = site.lifeboat(restoreOf(105), { onStart: (run) => (running = run) });
  while (!site.requests().slice(requests).some(asksFor("vzrestore"))) await pause(10);
  running?.signal("SIGKILL");
  expect((await killed).code).toBeNull();
  const known = site.requests().length;
  const run = { hasEnded: false };
  const undoing = site.lifeboat(["undo", "guest-105", "--force", "--stop"]).finally(() => (run.hasEnded = true));
  while (!run.hasEnded && !site.requests().slice(known).some(asksFor("vzrestore"))) await pause(10);
  await site.clearFaults();
  const { code, stderr } = await undoing;
  expect([code, stderr]).toEqual([0, expect.stringContaining("Wait for task 'vzrestore'")]);
  const { memory } = await site.client.guests.guestConfig({ node, type: "lxc", vmid: 105 });
  expect([memory, await site.running(105)]).toEqual(["640", true]);
});

test("undo waits for a copy whose restore goes on, although the node's answer is in no journal [D6, K4]", async () => {
  await site.fault("task-waits", { type: "vzrestore", at: "extracting" });
  const command = ["restore", "guest", "guest-105", "--target-id", "905", "--force"];
  // The write that would have kept the task's id.
  expect((await site.lifeboat(command, { killAt: "before 9" })).code).toBeNull();
  expect(await site.client.guests.exists({ node, type: "lxc", vmid: 905 })).toBe(true);
  const known = site.requests().length;
  const run = { hasEnded: false };
  const undoing = site.lifeboat(["undo", "guest-105", "--force"]).finally(() => (run.hasEnded = true));
  while (!run.hasEnded && !site.requests().slice(known).some(asksFor("vzrestore"))) await pause(10);
  await site.clearFaults();
  const { code, stderr } = await undoing;
  expect([code, stderr]).toEqual([0, expect.stringContaining("Wait for task 'vzrestore'")]);
  expect(await site.exists(905)).toBe(false);
});

test("the plan of a restore that has ended need not be read by later ones; undo takes no older one for the last [D6, K4]", async () => {
  expect((await site.lifeboat(restoreOf(103))).code).toBe(0);
  expect((await site.lifeboat(restoreOf(103))).code).toBe(0);
  rewriteJournal(site.stateFolder("prod"), (found) => ({ ...found, plan: { of: "another version" } }));
  const undo = await site.lifeboat(["undo", "guest-103", "--force", "--stop"]);
  expect([undo.code, undo.stderr]).toEqual([1, expect.stringContaining("cannot be read")]);
  const later = await site.lifeboat(restoreOf(103));
  expect([later.code, later.stderr.includes("cannot be read")]).toEqual([0, false]);
  expect((await site.lifeboat(["undo", "guest-103", "--force", "--stop"])).code).toBe(0);
});

test("save points of another environment, whose guest has the same number, stay; so do those that nobody can tell [D6, K1]", async () => {
  for (let count = 0; count < 3; count += 1) {
    expect((await site.lifeboat(restoreOf(106))).code).toBe(0);
    await site.control({ command: "forward", seconds: 3_600 });
  }
  const [newest = "", middle = "", oldest = ""] = await savePoints(106);
  const { notes } = await site.client.backups.archiveDetails(node, newest);
  const record = parseSavePointNotes(notes);
  if (record === undefined) throw new Error("the save point has no full notes");
  await site.client.backups.setArchiveNotes(
    node,
    newest,
    formatSavePointNotes({ ...record, environment: "staging", guest: "mail" }),
  );
  // The process died before it wrote them: the mark in the archive says whose it is.
  await site.client.backups.setArchiveNotes(node, middle, savePointTemplate("x1"));
  const plan = await site.lifeboat(["undo", "guest-106", "--forget", "--dry-run", "--json"]);
  expect(JSON.parse(plan.stdout)).toMatchObject({
    plan: {
      savePoints: [{ volid: middle }, { volid: oldest }],
      leftOut: [{ volid: newest, reason: "it is of staging/mail (106)" }],
    },
  });
  expect(await forget(106)).toEqual([0, expect.stringContaining(`left alone: ${newest}: it is of staging/mail (106)`)]);
  expect(await savePoints(106)).toEqual([newest]);
  expect(await forget(106)).toEqual([10, expect.stringContaining("there is no save point of guest-106; ")]);
  await site.client.backups.setArchiveNotes(node, newest, savePointTemplate("x1"));
  const nobodys = await site.lifeboat(["undo", "guest-106", "--forget", "--force"]);
  expect([nobodys.code, await savePoints(106)]).toEqual([0, []]);
});
