import { setTimeout as pause } from "node:timers/promises";
import { isSavePoint, savePointTemplate } from "../../../site/restore/save-point";
import { RestoreSite, node } from "./restore-site";
import { asksFor, inSavePoint } from "../support/held-tasks";
import { rewriteJournal } from "../support/rewrite-journal";

let site: RestoreSite;

beforeAll(async () => {
  site = await RestoreSite.start([
    { id: 101, name: "web" },
    { id: 102, name: "db" },
    { id: 103, name: "mail" },
    { id: 104, name: "files" },
    { id: 105, name: "clock" },
  ]);
});

afterAll(() => site.stop());

afterEach(() => site.clearFaults());

async function memoryOf(vmid: number): Promise<string | undefined> {
  return (await site.client.guests.guestConfig({ node, type: "lxc", vmid }))["memory"];
}

async function setMemory(vmid: number, memory: number): Promise<void> {
  await site.client.guests.setGuestConfig({ node, type: "lxc", vmid }, { memory });
}

/** The guest differs from its archive from now on. */
function change(vmid: number): Promise<void> {
  return setMemory(vmid, 640);
}

/** Its newest archive has 512 MiB, and it has 640. */
async function backedUpAndChanged(vmid: number): Promise<void> {
  await setMemory(vmid, 512);
  await site.backUp(vmid);
  await change(vmid);
}

/** A save point holds what it was, with 640 MiB; it has the 512 of its archive. */
async function restored(vmid: number, name: string): Promise<void> {
  await backedUpAndChanged(vmid);
  const { code } = await site.lifeboat(["restore", "guest", name, "--force", "--stop"]);
  expect([code, await memoryOf(vmid)]).toEqual([0, "512"]);
}

test("a restore whose task dies half-way: the guest is gone, the message says so and names undo, undo brings it back [D6, K4]", async () => {
  const archive = await site.backUp(101);
  await change(101);
  await site.fault("task-dies", { type: "vzrestore", at: "extracting", times: "1" });
  const failed = await site.lifeboat(["restore", "guest", "web", "--force", "--stop"]);
  expect([failed.code, failed.stderr, await site.exists(101)]).toEqual([1, expect.stringContaining("is gone"), false]);
  expect(failed.stderr).toContain("Unable to restore guest web: web is gone: the restore on the node failed");
  expect(failed.stderr).toMatch(/HINT: bring web back as it was: lifeboat undo prod\/web/u);
  const undone = await site.lifeboat(["undo", "web", "--force"]);
  expect([undone.code, await site.running(101), await memoryOf(101)]).toEqual([0, true, "640"]);
  const released = (await site.archives(101)).find(({ volid }) => volid === archive);
  expect(released?.protected).toBe(false);
  const again = await site.lifeboat(["restore", "guest", "web", "--force", "--stop"]);
  expect([again.code, await memoryOf(101)]).toEqual([0, "512"]);
});

test("a restore task that fails before it touches anything: the guest is untouched and everything is taken back [D6, K4]", async () => {
  await site.backUp(101);
  const before = await site.picture(101);
  await site.fault("task-dies", { type: "vzrestore", at: "recovered", times: "1" });
  const failed = await site.lifeboat(["restore", "guest", "web", "--force", "--stop"]);
  expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining("web is untouched")]);
  expect(await site.picture(101)).toEqual(before);
});

test("the last restore is the one begun last, also where this machine's clock was put back a day between two [D6, K4]", async () => {
  await restored(105, "clock");
  rewriteJournal(site.stateFolder(), (found) => ({
    ...found,
    startedAt: new Date(Date.parse(found.startedAt) + 86_400_000).toISOString(),
  }));
  await setMemory(105, 704);
  expect(await site.lifeboat(["restore", "guest", "clock", "--force", "--stop"])).toMatchObject({ code: 0 });
  const undone = await site.lifeboat(["undo", "clock", "--force", "--stop"]);
  expect([undone.code, await memoryOf(105)]).toEqual([0, "704"]);
});

test("from another machine, undo finds the save point by its notes [D6]", async () => {
  await restored(102, "db");
  const env = site.otherMachine();
  const dry = await site.lifeboat(["undo", "db", "--dry-run"], { env });
  expect([dry.code, dry.stdout]).toEqual([0, expect.stringContaining("Plan: restore prod/db (102) in place")]);
  const undone = await site.lifeboat(["undo", "db", "--force", "--stop"], { env });
  expect([undone.code, await site.running(102), await memoryOf(102)]).toEqual([0, true, "640"]);
});

test("a storage that does not answer (596) hides save points: nobody says that there is none, and nothing older is taken back [D6, K6]", async () => {
  await restored(102, "db");
  const env = site.otherMachine();
  await site.fault("answer-596", { path: "^GET .*/storage/backup/content" });
  const unsearched = "storage backup was not searched: pve-prod could not list it";
  for (const words of [["--forget"], ["--forget", "--older-than", "30"], []]) {
    const { code, stderr } = await site.lifeboat(["undo", "db", ...words, "--force"], { env });
    expect([words, code, stderr]).toEqual([words, 14, expect.stringContaining(unsearched)]);
    expect(stderr).not.toContain("there is no");
  }
  const unsure = await site.lifeboat(["undo", "db", "--force", "--stop"]);
  expect([unsure.code, unsure.stderr]).toEqual([
    14,
    expect.stringMatching(/is the last restore of db cannot be known/u),
  ]);
  expect(unsure.stderr).toMatch(
    /HINT: run it again when the storage answers.*; or, if it is, name it: lifeboat undo \S+/u,
  );
  await site.clearFaults();
  const undone = await site.lifeboat(["undo", "db", "--force", "--stop"], { env });
  expect([undone.code, await memoryOf(102)]).toEqual([0, "640"]);
});

test("an undo can be undone [D6]", async () => {
  await restored(102, "db");
  for (const memory of ["640", "512"]) {
    const undone = await site.lifeboat(["undo", "102", "--force", "--stop"]);
    expect([undone.code, await memoryOf(102)]).toEqual([0, memory]);
  }
});

test("a node whose clock is ahead of this machine's: undo takes the last restore back, not another machine's before it [D6]", async () => {
  await site.backUp(102);
  const command = ["restore", "guest", "db", "--force", "--stop"];
  await setMemory(102, 640);
  expect((await site.lifeboat(command, { env: site.otherMachine() })).code).toBe(0);
  await setMemory(102, 768);
  expect((await site.lifeboat(command)).code).toBe(0);
  const undone = await site.lifeboat(["undo", "db", "--force", "--stop"]);
  expect([undone.code, await memoryOf(102)]).toEqual([0, "768"]);
});

test("half done here and restored from another machine since: the older one is taken back first, by its name [D6, K4]", async () => {
  await backedUpAndChanged(102);
  const command = ["restore", "guest", "db", "--force", "--stop"];
  expect((await site.lifeboat(command, { killAt: "after 11" })).code).toBeNull();
  const elsewhere = await site.lifeboat(command, { env: site.otherMachine() });
  expect([elsewhere.code, await memoryOf(102)]).toEqual([0, "512"]);
  const refused = await site.lifeboat(["undo", "db", "--force", "--stop", "--json"]);
  const { message, hint, operation } = JSON.parse(refused.stdout);
  expect([refused.code, message]).toEqual([11, expect.stringContaining("is not the last restore of db")]);
  expect(hint).toContain(`or take it back first: lifeboat undo ${operation}`);
  const dry = await site.lifeboat(["undo", operation, "--dry-run", "--json"]);
  expect(JSON.parse(dry.stdout).plan).toEqual({
    guest: "prod/db",
    takesBack: operation,
    stays: [],
    steps: [
      {
        id: "save-point/take",
        title: "Take a save point",
        does: expect.stringMatching(/^delete the save point that was made/u),
      },
      expect.objectContaining({ id: "stop", does: "start db again" }),
      expect.objectContaining({ id: "protect" }),
    ],
    flags: ["--force"],
  });
  expect((await site.lifeboat(["undo", operation, "--force"])).code).toBe(0);
  const last = await site.lifeboat(["undo", "db", "--force", "--stop"]);
  expect([last.code, await memoryOf(102)]).toEqual([0, "640"]);
});

test("the save point cannot be made: exit 13, nothing changed, the guest runs again [D6]", async () => {
  await site.backUp(103);
  const before = await site.picture(103);
  await site.fault("task-dies", { type: "vzdump", times: "1" });
  const refused = await site.lifeboat(["restore", "guest", "mail", "--force", "--stop"]);
  expect(refused.code).toBe(13);
  expect(refused.stderr).toContain("the save point cannot be made");
  expect(refused.stderr).toContain("--without-save-point=mail");
  expect(await site.picture(103)).toEqual(before);
  const nothing = await site.lifeboat(["undo", "mail", "--force"]);
  expect(nothing.code).toBe(10);
  const wrong = await site.lifeboat(["restore", "guest", "mail", "--force", "--stop", "--without-save-point=web"]);
  expect([wrong.code, await site.picture(103)]).toEqual([13, before]);
  const done = await site.lifeboat(["restore", "guest", "mail", "--force", "--stop", "--without-save-point=mail"]);
  expect([done.code, (await site.archives(103)).length]).toEqual([0, 1]);
  const noWay = await site.lifeboat(["undo", "mail", "--force", "--stop"]);
  expect([noWay.code, noWay.stderr]).toEqual([10, expect.stringContaining("it was made without a save point")]);
});

test("a save point that nobody could look at is not one that cannot be made: nobody is told to go without [D6, K3]", async () => {
  const before = await site.picture(103);
  await site.fault("answer-500", { path: "GET /nodes/[^/]+/tasks/[^/]+vzdump[^/]+/status", times: "1" });
  const failed = await site.lifeboat(["restore", "guest", "mail", "--force", "--stop"]);
  expect([failed.code, failed.stderr]).toEqual([1, expect.not.stringContaining("--without-save-point")]);
  expect(await site.picture(103)).toEqual(before);
});

test("a restore that is taken back before it overwrites leaves no save point behind [D6, K4]", async () => {
  await site.backUp(104);
  const before = await site.picture(104);
  const stopped = await site.lifeboat(["restore", "guest", "files", "--stop", "--force"], { killAt: "after 11" });
  expect(stopped.code).toBeNull();
  const [journal = "{}"] = site.journals();
  expect(Object.keys(JSON.parse(journal).steps)).toContain("save-point/take");
  const dry = await site.lifeboat(["undo", "files", "--dry-run"]);
  expect([dry.code, dry.stdout]).toEqual([0, expect.stringContaining("which has overwritten nothing")]);
  const undone = await site.lifeboat(["undo", "files", "--force"]);
  expect([undone.code, await site.picture(104)]).toEqual([0, before]);
});

test("an answer that is lost (596) while the node works: no second request, and the restore ends well [K4]", async () => {
  await site.backUp(101);
  const restores = () =>
    site.requests().filter(({ method, path }) => method === "POST" && path === "/nodes/pve-prod/lxc").length;
  const before = restores();
  await site.fault("answer-596", { path: "^POST /nodes/pve-prod/lxc$", times: "1" });
  const result = await site.lifeboat(["restore", "guest", "web", "--force", "--stop"]);
  expect([result.code, await site.running(101), restores() - before]).toEqual([0, true, 1]);
});

test("Ctrl-C: 130, how things stand is shown, and the same command resumes it [K4]", async () => {
  await site.backUp(101);
  await site.fault("task-waits", inSavePoint);
  const command = ["restore", "guest", "web", "--force", "--stop"];
  const requests = site.requests().length;
  // It asks how the task is getting on, so that it has its id.
  const vzdump = () => site.requests().slice(requests).some(asksFor("vzdump"));
  let pid = 0;
  const run = site.lifeboat(command, { onSpawn: (spawned) => (pid = spawned) });
  while (!vzdump()) await pause(20);
  process.kill(pid, "SIGINT");
  const interrupted = await run;
  expect(interrupted.code).toBe(130);
  expect(interrupted.stderr).toContain("Stopped in step 'Take a save point'.");
  expect(interrupted.stderr).toMatch(/The task goes on on node pve-prod: UPID:pve-prod:.*:vzdump:101:/u);
  expect(interrupted.stderr).toContain("HINT: to resume: lifeboat restore guest prod/web --stop --force");
  await site.clearFaults();
  const result = await site.lifeboat(command);
  expect([result.code, result.stderr]).toEqual([0, expect.stringContaining("it stopped in step 'Take a save point'")]);
});

test("a save point that says it is another guest's is not restored over this one [D6]", async () => {
  const volid = await site.backUp(104);
  const record = {
    version: 1,
    operation: "x1",
    guest: "web",
    vmid: 104,
    node,
    kind: "lxc",
    source: volid,
    time: 1,
    wasRunning: true,
    volumes: {},
    jobs: [],
  };
  const notes = `${savePointTemplate("x1")}\nlifeboat-undo: ${JSON.stringify(record)}`;
  await site.client.backups.setArchiveNotes(node, volid, notes);
  const before = await site.picture(104);
  const refused = await site.lifeboat(["undo", "files", "--force", "--stop"], { env: site.otherMachine() });
  expect([refused.code, refused.stderr]).toEqual([13, expect.stringContaining("is of web (104), not of files")]);
  expect(await site.picture(104)).toEqual(before);
});

test("save points are given up by a command of its own, and nothing else is touched [D6, K1]", async () => {
  for (const _ of ["first", "second"]) await restored(102, "db");
  const listed = await site.archives(102);
  const others = listed.filter(({ notes }) => !isSavePoint(notes ?? "")).map(({ volid }) => volid);
  expect(listed.length).toBeGreaterThan(others.length + 1);
  const young = await site.lifeboat(["undo", "db", "--forget", "--older-than", "30"]);
  expect([young.code, young.stdout]).toEqual([
    0,
    expect.stringMatching(/^No save point of prod\/db is that old; \d+ stay\.$/mu),
  ]);
  const dry = await site.lifeboat(["undo", "db", "--forget", "--dry-run"]);
  expect([dry.code, dry.stdout]).toEqual([0, expect.stringContaining("Plan: delete ")]);
  const unsure = await site.lifeboat(["undo", "db", "--forget"]);
  expect([unsure.code, await site.archives(102)]).toEqual([2, listed]);
  const gone = await site.lifeboat(["undo", "db", "--forget", "--force", "--json"]);
  expect([gone.code, JSON.parse(gone.stdout).deleted]).toEqual([0, expect.any(Array)]);
  expect((await site.archives(102)).map(({ volid }) => volid)).toEqual(others);
  // A timer that gives up old ones has an ordinary night; whoever asks for all of them is told that there is none.
  const none = await site.lifeboat(["undo", "db", "--forget", "--older-than", "30", "--force", "--json"]);
  expect([none.code, JSON.parse(none.stdout)]).toEqual([
    0,
    { message_type: "result", guest: "prod/db", changed: false, deleted: [], bytes: 0 },
  ]);
  expect((await site.lifeboat(["undo", "db", "--forget", "--force"])).code).toBe(10);
  const late = await site.lifeboat(["undo", "db", "--force", "--stop"]);
  expect([late.code, late.stderr]).toEqual([10, expect.stringContaining("there is no archive")]);
});
