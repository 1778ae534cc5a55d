import { type RestoreSite as Site, RestoreSite, node } from "./restore-site";
import { inSavePoint } from "../support/held-tasks";

/** What keeps a restore, and what takes it back, from destroying what is not its own. */
let site: Site;

beforeAll(async () => {
  site = await RestoreSite.start([
    { id: 101, name: "web" },
    { id: 102, name: "db" },
    { id: 103, name: "mail" },
  ]);
  for (const vmid of [101, 102, 103]) await site.backUp(vmid);
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

test("while the nightly job backs guests up, none of the node is overwritten: 11, with the task and its owner [D8, K1]", async () => {
  await site.fault("task-waits", inSavePoint);
  const upid = String(await site.client.post(["nodes", node, "vzdump"], { vmid: "102,103", storage: "backup" }));
  const before = await site.picture(101);
  const changed = changes();
  const refused = await site.lifeboat(["restore", "guest", "web", "--force", "--stop", "--accept-loss"]);
  const undone = await site.lifeboat(["restore", "guest", "db", "--force", "--stop", "--accept-loss"]);
  const made = changed();
  expect([refused.code, refused.stderr]).toEqual([
    11,
    expect.stringMatching(
      /a task 'vzdump' of lifeboat@pve.* is at work on web since .*HINT: wait until it has ended/su,
    ),
  ]);
  expect([undone.code, made, await site.picture(101)]).toEqual([11, [], before]);
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

describe("undo of a copy", () => {
  test("deletes it, and nothing else [D6, D10]", async () => {
    const before = await site.picture(102);
    expect((await site.lifeboat(["restore", "guest", "db", "--force", "--target-id", "302"])).code).toBe(0);
    const undone = await site.lifeboat(["undo", "db", "--force"]);
    expect([undone.code, await site.exists(302), await site.picture(102)]).toEqual([0, false, before]);
  });

  test("leaves another guest that has its number by now, even of the same name: its notes say what it is [D6]", async () => {
    expect((await site.lifeboat(["restore", "guest", "db", "--force", "--target-id", "303"])).code).toBe(0);
    const copy = { node, type: "lxc", vmid: 303 } as const;
    const { hostname = "", description = "" } = await site.client.guests.guestConfig(copy);
    for (const other of [
      { hostname: "somebody-elses", description },
      { hostname, description: "somebody else's" },
    ]) {
      await site.client.guests.setGuestConfig(copy, other);
      const before = await site.picture(303);
      const changed = changes();
      const refused = await site.lifeboat(["undo", "db", "--force"]);
      expect([refused.code, refused.stderr]).toEqual([
        1,
        expect.stringContaining("guest 303 is not the copy that this restore made"),
      ]);
      expect([await site.picture(303), changed()]).toEqual([before, []]);
    }
  });
});
