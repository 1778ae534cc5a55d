import { RestoreSite } from "../restore/restore-site";

let site: RestoreSite;

beforeAll(async () => {
  site = await RestoreSite.start([
    { id: 101, name: "web" },
    { id: 102, name: "db" },
  ]);
  await site.client.post(["cluster", "backup"], {
    id: "lifeboat-prod",
    vmid: "101,102",
    schedule: "01:00",
    storage: "backup",
    compress: "gzip",
    "notes-template": "{{guestname}} nightly",
    "prune-backups": "keep-last=2",
    "exclude-path": ["/var/log/*"],
  });
});

afterAll(() => site.stop());

afterEach(() => site.clearFaults());

test("a dry run sends nothing but GET and shows the job's options [K1]", async () => {
  const requests = site.requests().length;
  const result = await site.lifeboat(["backup", "web", "--dry-run", "--json"]);
  expect(result.code).toBe(0);
  expect(JSON.parse(result.stdout).plan).toMatchObject({
    storage: "backup",
    request: { compress: "gzip", "prune-backups": "keep-last=2", "exclude-path": ["/var/log/*"] },
  });
  expect(
    site
      .requests()
      .slice(requests)
      .filter(({ method }) => method !== "GET"),
  ).toEqual([]);
});

test("a backup is made as the job would make it: options, notes, retention; two in one second do not collide", async () => {
  const made: string[] = [];
  for (let count = 0; count < 3; count += 1) {
    const result = await site.lifeboat(["backup", "web", "--json"]);
    expect(result.code).toBe(0);
    made.push(JSON.parse(result.stdout).archive);
  }
  expect(new Set(made).size).toBe(3);
  const archives = await site.archives(101);
  expect(archives.map(({ volid, format, notes }) => [volid, format, notes])).toEqual(
    made
      .toReversed()
      .slice(0, 2)
      .map((volid) => [volid, "tar.gz", "web nightly"]),
  );
});

test("a backup that fails: 1, with the guest's own reason instead of 'job errors' [K2]", async () => {
  await site.fault("storage-full", { storage: "backup", times: "1" });
  const result = await site.lifeboat(["backup", "db"]);
  expect([result.code, result.stderr]).toEqual([1, expect.stringMatching(/Unable to back up db: .*(space|full)/iu)]);
  expect(await site.archives(102)).toEqual([]);
});

test("killed while the node is at work: the same command waits for that run and starts no other [K4]", async () => {
  const hook = require.resolve("../../support/kill-at-journal-write.cjs");
  const before = (await site.archives(102)).length;
  const options = { nodeOptions: ["--require", hook], env: { LIFEBOAT_TEST_KILL: "before 4" } };
  const killed = await site.lifeboat(["backup", "db"], options);
  expect(killed.code).toBeNull();
  const result = await site.lifeboat(["backup", "db"]);
  expect([result.code, result.stderr]).toEqual([0, expect.stringContaining("has not ended: going on with it")]);
  expect((await site.archives(102)).length).toBe(before + 1);
});

test("a guest that is not there: 1, and the way to bring it back", async () => {
  await site.destroy(102);
  const result = await site.lifeboat(["backup", "db"]);
  expect([result.code, result.stderr]).toEqual([
    1,
    expect.stringMatching(
      /there is no guest 102 on pve-prod[\s\S]*HINT: if it was lost: lifeboat restore guest prod\/db/u,
    ),
  ]);
});
