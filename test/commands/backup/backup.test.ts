import { RestoreSite } from "../restore/restore-site";
import { killAt } from "../support/kill-at";
import { rewriteJournal } from "../support/rewrite-journal";

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
  expect([result.code, result.stderr]).toEqual([
    1,
    expect.stringMatching(/Unable to back up db: .*(space|full).* Nothing is changed\./iu),
  ]);
  expect(await site.archives(102)).toEqual([]);
});

test("killed while the node is at work: the same command waits for that run and starts no other [K4]", async () => {
  const before = (await site.archives(102)).length;
  const killed = await site.lifeboat(["backup", "db"], killAt("before", 4));
  expect(killed.code).toBeNull();
  const dry = await site.lifeboat(["backup", "db", "--dry-run", "--json"]);
  expect(JSON.parse(dry.stdout).resume.remaining).toEqual([{ id: "backup", does: "back db (102) up to backup" }]);
  const result = await site.lifeboat(["backup", "db"]);
  expect([result.code, result.stderr]).toEqual([
    0,
    expect.stringMatching(
      /A backup of prod\/db begun at [-\d]+ [\d:]+ UTC has not ended; it stopped in step 'Back up db'/u,
    ),
  ]);
  expect((await site.archives(102)).length).toBe(before + 1);
});

test("the answer is lost and no task is found: it stays open, and the same command ends it, once [K4]", async () => {
  const before = (await site.archives(101)).map(({ volid }) => volid);
  // So that the backups before are not of the same moment.
  await site.control({ command: "clock", offset: 3_600 });
  await site.fault("answer-595", { path: "POST /nodes/.*/vzdump", times: "1" });
  const lost = await site.lifeboat(["backup", "web"]);
  expect([lost.code, lost.stderr]).toEqual([
    14,
    expect.stringMatching(
      /nobody knows whether it was started\. It stopped in step 'Back up web'; web is as it was, and the backup may go on on its node\.\nHINT: to resume: lifeboat backup prod\/web\n$/u,
    ),
  ]);
  const other = await site.lifeboat(["grow", "web"]);
  expect(other.code).toBe(11);
  expect(other.stderr).toMatch(
    /a backup of prod\/web.* has not ended\nHINT: resume it: lifeboat backup prod\/web; or, if it cannot be ended: lifeboat abandon prod\/web\n$/u,
  );
  // On the worst day nobody can end a backup of a guest that is gone: it does not stand in the way of a restore.
  const restore = await site.lifeboat(["restore", "guest", "web", "--dry-run"]);
  expect([restore.code, restore.stdout]).toEqual([0, expect.stringContaining("Plan: restore prod/web")]);
  expect((await site.lifeboat(["backup", "web"])).code).toBe(0);
  expect((await site.archives(101)).filter(({ volid }) => !before.includes(volid))).toHaveLength(1);
});

test("a journal of the version before is resumed [K4]", async () => {
  const before = (await site.archives(102)).map(({ volid }) => volid);
  expect((await site.lifeboat(["backup", "db"], killAt("after", 4))).code).toBeNull();
  rewriteJournal(site.stateFolder(), ({ id, startedAt, updatedAt, steps }) => ({
    version: 1,
    id,
    state: "open",
    startedAt,
    updatedAt,
    steps: {
      backup: {
        state: "started",
        startedAt,
        facts: { knownTasks: "", asked: true, sent: true, upid: steps["backup"]?.facts["upid"] },
        findings: [],
      },
    },
    kind: "backup-guest",
    command: "lifeboat backup prod/db",
    guest: { environment: "prod", name: "db", id: 102, node: "pve-prod" },
    request: {},
    inputs: {},
    plan: {
      environment: "prod",
      guest: "db",
      target: { node: "pve-prod", type: "lxc", vmid: 102 },
      storage: "backup",
      request: {
        mode: "snapshot",
        compress: "zstd",
        "notes-template": "{{guestname}} ({{vmid}}) on {{node}}",
        "prune-backups": "keep-daily=7,keep-weekly=4",
        storage: "backup",
      },
      remarks: ["job lifeboat-prod cannot be read on the node: the options are those of the settings"],
    },
  }));
  const result = await site.lifeboat(["backup", "db"]);
  expect([result.code, result.stderr]).toEqual([0, expect.stringContaining("has not ended")]);
  expect((await site.archives(102)).filter(({ volid }) => !before.includes(volid))).toHaveLength(1);
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

test("a storage that the node does not have: 1 before anything is sent, and who makes it [K2]", async () => {
  await site.client.delete(["cluster", "backup", "lifeboat-prod"]);
  await site.client.delete(["storage", "backup"]);
  const adopted = site.read("Pulumi.prod.yaml");
  const declared = adopted.replace("adopt: true", "type: dir, path: /mnt/backup");
  for (const [text, hint] of [
    [adopted, "make it on pve-prod, or name another one in lifeboat:backup"],
    [declared, "make it: lifeboat up prod"],
  ] as const) {
    site.write("Pulumi.prod.yaml", text);
    const sent = site.requests().length;
    const one = await site.lifeboat(["backup", "web"]);
    const all = await site.lifeboat(["backup", "--all", "prod"]);
    for (const { code, stdout, stderr } of [one, all]) {
      const told = `${stdout}${stderr}`.replaceAll(/\s+/gu, " ");
      expect([code, told]).toEqual([1, expect.stringContaining("pve-prod has no storage backup")]);
      expect(told).toContain(hint);
    }
    const requests = site.requests().slice(sent);
    expect(requests.filter(({ method }) => method !== "GET")).toEqual([]);
  }
});
