import { once } from "node:events";
import { readdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { RestoreSite, node } from "./restore-site";
import { afterSavePoint, inSavePoint } from "../support/held-tasks";
import type { RunResult } from "../support/run-bundle";

/** What keeps a restore, and what takes it back, from destroying what is not its own. */
let site: RestoreSite;

beforeAll(async () => {
  site = await RestoreSite.start([
    { id: 101, name: "web" },
    { id: 102, name: "db" },
    { id: 103, name: "mail" },
    { id: 104, name: "files" },
    { id: 105, name: "shop" },
    { id: 106, name: "wiki" },
  ]);
  for (const vmid of [101, 102, 103, 104, 105, 106]) await site.backUp(vmid);
});

afterAll(() => site.stop());

afterEach(() => site.clearFaults());

/** Requests that change something, from now on. */
function changes(): () => string[] {
  const before = site.requests().length;
  return () =>
    site
      .requests()
      .slice(before)
      .filter(({ method }) => method !== "GET")
      .map(({ method, path }) => `${method} ${path}`);
}

/** Runs while the node is at work, which goes on when something was changed: nobody waits for ever for a wrong command. */
async function whileAtWork(argv: readonly string[]): Promise<RunResult> {
  const changed = changes();
  const run = site.lifeboat(argv);
  while (changed().length === 0) if ((await Promise.race([run, pause(20)])) !== undefined) return run;
  await site.clearFaults();
  return run;
}

test("a guest whose console somebody has open is restored, and taken back: nothing is at work on it [D1, D15]", async () => {
  const console = { websocket: true };
  const person = site.rootClient();
  const { port, upid } = (await person.post(["nodes", node, "lxc", 106, "vncproxy"], console)) as {
    port: number;
    upid: string;
  };
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  const restored = await site.lifeboat(["restore", "guest", "wiki", "--force", "--stop"]);
  const takenBack = await site.lifeboat(["undo", "wiki", "--force", "--stop"]);
  const active = await site.client.tasks.list(node, { source: "active" });
  socket.destroy();
  const { exitStatus } = await person.tasks.wait(upid);
  await person.close();
  expect([restored.code, takenBack.code]).toEqual([0, 0]);
  expect(active.map((task) => task.upid)).toEqual([upid]);
  expect(exitStatus).toBe("OK");
});

test("while the nightly job backs guests up, none of the node is overwritten: 11, with the task and its owner [D8, K1]", async () => {
  await site.fault("task-waits", inSavePoint);
  const upid = String(await site.client.post(["nodes", node, "vzdump"], { vmid: "102,103", storage: "backup" }));
  const before = await site.picture(101);
  const changed = changes();
  const refused = await whileAtWork(["restore", "guest", "web", "--force", "--stop"]);
  const itself = await whileAtWork(["restore", "guest", "db", "--force", "--stop"]);
  const made = changed();
  expect([refused.code, refused.stderr]).toEqual([
    11,
    expect.stringMatching(
      /a task 'vzdump' of lifeboat@pve.* is at work on web since .*HINT: wait until it has ended/su,
    ),
  ]);
  expect([itself.code, made, await site.picture(101)]).toEqual([11, [], before]);
  await site.clearFaults();
  await site.client.tasks.wait(upid);
});

test("a copy is made beside the job's run: nothing of the guest is touched [D8]", async () => {
  await site.fault("task-waits", inSavePoint);
  const upid = String(await site.client.post(["nodes", node, "vzdump"], { vmid: "102,103", storage: "backup" }));
  const before = await site.picture(101);
  const copied = await site.lifeboat(["restore", "guest", "web", "--force", "--target-id", "301"]);
  await site.clearFaults();
  await site.client.tasks.wait(upid);
  expect([copied.code, await site.exists(301), await site.picture(101)]).toEqual([0, true, before]);
});

test("a save point is asked for as a protected one, marked and pruning nothing, in the one request [D6]", async () => {
  const before = site.requests().length;
  const result = await site.lifeboat(["restore", "guest", "mail", "--force", "--stop"]);
  expect(result.code).toBe(0);
  const asked = site
    .requests()
    .slice(before)
    .filter(({ method, path }) => method === "POST" && path === `/nodes/${node}/vzdump`);
  expect(asked.map(({ parameters }) => parameters)).toEqual([
    expect.objectContaining({
      vmid: "103",
      protected: "1",
      "prune-backups": "keep-all=1",
      "notes-template": expect.stringContaining("lifeboat save point"),
    }),
  ]);
});

test("the chosen archive is protected before the guest is stopped, and released only after the checks [D6]", async () => {
  const before = site.requests().length;
  expect((await site.lifeboat(["restore", "guest", "db", "--force", "--stop"])).code).toBe(0);
  const order = site
    .requests()
    .slice(before)
    .filter(({ method }) => method !== "GET")
    .map(({ method, path, parameters }) => {
      const last = path.split("/").at(-1) ?? "";
      return path.includes("/content/") ? `${method} archive ${JSON.stringify(parameters)}` : `${method} ${last}`;
    });
  expect(order).toEqual([
    'PUT archive {"protected":"1"}',
    "POST shutdown",
    "POST vzdump",
    expect.stringMatching(/^PUT archive \{"notes":/u),
    "POST lxc",
    "POST start",
    'PUT archive {"protected":"0"}',
  ]);
});

/** Restores a guest, and does something while its save point is taken. */
async function meanwhile(name: string, vmid: number, work: () => Promise<unknown>): Promise<RunResult> {
  await site.fault("task-waits", afterSavePoint);
  const before = (await site.archives(vmid)).length;
  const run = site.lifeboat(["restore", "guest", name, "--force", "--stop"]);
  while ((await site.archives(vmid)).length === before) await pause(20);
  while ((await site.client.guests.guestConfig({ node, type: "lxc", vmid }))["lock"] !== undefined) await pause(5);
  await work();
  await site.clearFaults();
  return run;
}

describe("between plan and deed", () => {
  test("the archive became another one: 13, and everything is taken back [D9, K1]", async () => {
    const archives = await site.archives(104);
    const volid = archives[0]?.volid ?? "";
    const result = await meanwhile("files", 104, () => site.fault("archive-truncated", { volid }));
    expect([result.code, result.stderr]).toEqual([
      13,
      expect.stringContaining("the archive changed since the plan was made"),
    ]);
    expect([await site.running(104), (await site.archives(104)).length]).toEqual([true, archives.length]);
  });

  test("the save point is not on its storage, whatever the task said: 13, and the guest runs on [D6]", async () => {
    const before = await site.picture(103);
    const dump = site.nodePath(node, "mnt/backup/dump");
    const known = new Set(readdirSync(dump));
    const result = await meanwhile("mail", 103, () =>
      Promise.resolve(
        readdirSync(dump)
          .filter((name) => !known.has(name))
          .map((name) => rmSync(join(dump, name), { force: true, recursive: true })),
      ),
    );
    expect([result.code, result.stderr]).toEqual([
      13,
      expect.stringMatching(/the save point cannot be made: backup:backup\/vzdump-lxc-103-.* is not on backup/u),
    ]);
    expect(await site.picture(103)).toEqual(before);
  });
});

describe("undo of a copy", () => {
  test("deletes it, and nothing else [D6, D10]", async () => {
    const before = await site.picture(102);
    expect((await site.lifeboat(["restore", "guest", "db", "--force", "--target-id", "302"])).code).toBe(0);
    const undone = await site.lifeboat(["undo", "db", "--force"]);
    expect([undone.code, await site.exists(302), await site.picture(102)]).toEqual([0, false, before]);
  });

  test("leaves another guest that has its number by now, even of the same name, and one that was named otherwise since [D6]", async () => {
    expect((await site.lifeboat(["restore", "guest", "shop", "--force", "--target-id", "303"])).code).toBe(0);
    const copy = { node, type: "lxc", vmid: 303 } as const;
    const { hostname = "", description = "" } = await site.client.guests.guestConfig(copy);
    for (const other of [
      { hostname: "somebody-elses", description },
      { hostname, description: "somebody else's" },
    ]) {
      await site.client.guests.setGuestConfig(copy, other);
      const before = await site.picture(303);
      const changed = changes();
      const refused = await site.lifeboat(["undo", "shop", "--force"]);
      expect([refused.code, refused.stderr]).toEqual([
        13,
        expect.stringContaining("guest 303 is not the copy that this restore made"),
      ]);
      expect([await site.picture(303), changed()]).toEqual([before, []]);
    }
  });
});
