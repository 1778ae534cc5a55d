import { EventEmitter, once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { AdoptedSite } from "../support/adopted-site";
import { killAt } from "../support/kill-at";
import type { KillMoment, RunResult } from "../support/run-bundle";

/** Going back to snapshots: on LVM-thin, which can do so at any time, and on ZFS, which goes back to the newest only. */
let site: AdoptedSite;

const node = "pve-prod";
const guests = [
  { id: 101, name: "web", disk: "lvmthin" },
  { id: 102, name: "db", disk: "zfspool" },
  { id: 103, name: "kill", disk: "lvmthin", settings: ['snapshots: { schedule: "*/6:00", keep: 2 }'] },
  { id: 104, name: "half", disk: "zfspool" },
] as const;

const [web, db, kill, half] = guests;

beforeAll(async () => {
  site = await AdoptedSite.start([{ name: "prod", node, profile: "prod", guests }]);
  write(kill, "one");
  await snapshot(kill, "first");
});

afterAll(() => site.stop());
afterEach(() => site.clearFaults());

function file({ id, disk }: (typeof guests)[number]): string {
  return site.guestFile(node, id, disk, "etc/state");
}

/** Writes into the guest's disk. */
function write(guest: (typeof guests)[number], text: string): void {
  writeFileSync(file(guest), text);
}

function read(guest: (typeof guests)[number]): string {
  return existsSync(file(guest)) ? readFileSync(file(guest), "utf8") : "";
}

async function snapshot(guest: (typeof guests)[number], name: string): Promise<void> {
  const { code, stderr } = await site.lifeboat(["backup", "snapshot", guest.name, "--name", name]);
  expect([code, stderr]).toEqual([0, expect.any(String)]);
}

async function names(vmid: number): Promise<string[]> {
  const snapshots = await site.on(node, (client) => client.guests.snapshots({ node, type: "lxc", vmid }));
  return snapshots.map(({ name }) => name).sort();
}

function isRunning(vmid: number): Promise<boolean> {
  return site.on(
    node,
    async (client) => (await client.guests.guestStatus({ node, type: "lxc", vmid })).status === "running",
  );
}

async function stop(vmid: number): Promise<void> {
  if (!(await isRunning(vmid))) return;
  await site.on(node, async (client) => client.tasks.wait(await client.guests.stop({ node, type: "lxc", vmid })));
}

function configure({ id }: (typeof guests)[number], changes: Record<string, string>): Promise<void> {
  return site.on(node, (client) => client.guests.setGuestConfig({ node, type: "lxc", vmid: id }, changes));
}

function changed(since: number): string[] {
  return site
    .requests(node)
    .slice(since)
    .filter(({ method }) => method !== "GET")
    .map(({ method, path }) => `${method} ${path.replace(/^\/nodes\/[^/]+\//u, "")}`);
}

describe("on a storage that goes back at any time", () => {
  beforeAll(async () => {
    write(web, "one");
    await snapshot(web, "first");
    write(web, "two");
    await snapshot(web, "second");
    write(web, "three");
    await site.on(node, (client) => client.guests.setGuestConfig({ node, type: "lxc", vmid: 101 }, { memory: 1_024 }));
  });

  test("a dry run names what is lost, what goes back and what is kept, and sends nothing but GET [D12, K1]", async () => {
    const before = site.requests(node).length;
    const { code, stdout } = await site.lifeboat(["restore", "snapshot", "web", "first", "--dry-run"]);
    expect([code, changed(before)]).toEqual([0, []]);
    expect(stdout).toMatch(/^Plan: roll prod\/web \(101 on pve-prod\) back to first of \d{4}-/u);
    expect(stdout).toContain("lost: everything written since then (just now)");
    expect(stdout).toContain("back: memory: 1024 becomes 512");
    expect(stdout).toMatch(/way back: snapshot before-\d{8}-\d{6} of the present state is taken first/u);
    expect(stdout).toContain("Flags that answer all questions: --stop --force");
  });

  test.each([
    [[], 13, "web is running and must be stopped"],
    [["--force"], 13, "web is running and must be stopped"],
    [["--stop"], 2, "nobody is there to confirm the plan"],
    [["--force", "--stop", "--without-save-point"], 13, "there is no way back to the present web"],
  ])("%j is not enough: %i, nothing changed [K1]", async (flags, code, message) => {
    const before = site.requests(node).length;
    const result = await site.lifeboat(["restore", "snapshot", "web", "first", ...flags]);
    expect([result.code, result.stderr]).toEqual([code, expect.stringContaining(message)]);
    expect(changed(before)).toEqual([]);
  });

  test("rolled back, started, proven; the present is one more snapshot, and the report's command goes back to it [D12, 000 VI3]", async () => {
    const result = await site.lifeboat(["restore", "snapshot", "web", "first", "--force", "--stop", "--json"]);
    expect(result.code).toBe(0);
    const report = JSON.parse(result.stdout);
    expect(report).toMatchObject({
      guest: "prod/web",
      snapshot: "first",
      proven: true,
      checks: [{ check: "it runs", passed: true }],
      removed: [],
      undo: expect.stringMatching(/^lifeboat restore snapshot prod\/web before-\d{8}-\d{6}$/u),
    });
    expect([read(web), await isRunning(101)]).toEqual(["one", true]);
    const wayBack = report.undo.split(" ").at(-1);
    expect(await names(101)).toEqual([wayBack, "first", "second"].sort());
    expect((await site.lifeboat(["snapshots", "web"])).stdout).toMatch(/before-\S+ .* way back /u);
    const back = await site.lifeboat([...report.undo.split(" ").slice(1), "--force", "--stop"]);
    expect(back.code).toBe(0);
    expect(back.stdout).toMatch(/^Rolled prod\/web back to before-\S+ in .*, and proven\n/u);
    const memory = await site.on(node, (client) => client.guests.guestConfig({ node, type: "lxc", vmid: 101 }));
    expect([read(web), memory["memory"]]).toEqual(["three", "1024"]);
  });

  test("a stopped guest is rolled back without --stop, and stays stopped", async () => {
    await stop(101);
    const result = await site.lifeboat(["restore", "snapshot", "web", "second", "--force"]);
    expect([result.code, read(web), await isRunning(101)]).toEqual([0, "two", false]);
  });

  test.each(["answer-empty", "answer-500"])(
    "a list that tells nothing (%s) after the task does not hide the snapshot: its name, not 'nothing is changed' [K4, K6]",
    async (fault) => {
      const name = `after-${fault.slice(7)}`;
      const journal = new EventEmitter();
      // The plan has read the list by its first write.
      const set = once(journal, "write").then(() => site.fault(fault, { path: "GET /nodes/[^/]+/lxc/101/snapshot$" }));
      const onWrite = () => void journal.emit("write");
      const { code, stderr } = await site.lifeboat(["backup", "snapshot", "web", "--name", name], { onWrite });
      await set;
      await site.clearFaults();
      expect([code === 0, stderr]).toEqual([
        false,
        expect.stringContaining(`whether snapshot ${name} is there is not`),
      ]);
      expect(await names(101)).toContain(name);
      expect(stderr).not.toContain("Nothing is changed");
      expect((await site.lifeboat(["backup", "snapshot", "web", "--name", name])).code).toBe(0);
    },
  );

  test("no such snapshot: 10 with those that are there", async () => {
    const result = await site.lifeboat(["restore", "snapshot", "web", "third", "--force", "--stop"]);
    // Proxmox keeps whole seconds: snapshots of one second come in no fixed order.
    const both = /web has no snapshot third \(there is: (?=[^)]*\bfirst\b)(?=[^)]*\bsecond\b)/u;
    expect([result.code, result.stderr]).toEqual([10, expect.stringMatching(both)]);
  });

  test("the node's task dies: 1, what that means, and the same command goes on", async () => {
    await stop(101);
    write(web, "four");
    const settings = { type: "vzrollback", at: "rolling-back", text: "the worker had enough", times: "1" };
    await site.fault("task-dies", settings);
    const failed = await site.lifeboat(["restore", "snapshot", "web", "first", "--force"]);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain("the worker had enough");
    expect(failed.stderr).toContain("HINT: to resume: lifeboat restore snapshot prod/web first --force");
    const other = await site.lifeboat(["restore", "snapshot", "web", "second", "--force"]);
    expect([other.code, other.stderr]).toEqual([11, expect.stringContaining("has not ended")]);
    // Neither a restore, alone or with others, nor an undo works on a guest that is half rolled back.
    const half = expect.stringMatching(
      /a rollback of prod\/web, begun at [-\d]+ [\d:]+ UTC, has not ended[\s\S]*resume it: lifeboat restore snapshot prod\/web first/u,
    );
    // Of two guests the other one has no backup: two reasons, and so the code of a refusal.
    for (const [words, code] of [
      ["restore guest web", 11],
      ["restore guest web kill", 13],
      ["undo web", 11],
    ] as const) {
      const waiting = await site.lifeboat([...words.split(" "), "--force", "--stop"]);
      expect([words, waiting.code, waiting.stderr]).toEqual([words, code, half]);
    }
    const locked = await site.lifeboat(["restore", "snapshot", "web", "first", "--force"]);
    expect([locked.code, locked.stderr]).toEqual([1, expect.stringContaining("CT is locked (rollback)")]);
    const configuration = site.configuration(node, 101).replace("lock: rollback\n", "");
    await site.control({
      command: "write",
      path: `/etc/pve/nodes/${node}/lxc/101.conf`,
      content: configuration,
    });
    const result = await site.lifeboat(["restore", "snapshot", "web", "first", "--force"]);
    expect([result.code, read(web)]).toEqual([0, "one"]);
  });
});

describe("on ZFS", () => {
  beforeAll(async () => {
    write(db, "one");
    await snapshot(db, "first");
    write(db, "two");
    await snapshot(db, "second");
    write(db, "three");
  });

  test("Proxmox itself refuses to go past a newer snapshot", async () => {
    await site.on(node, async (client) => {
      const upid = await client.guests.rollBack({ node, type: "lxc", vmid: 102 }, "first");
      expect((await client.tasks.wait(upid)).exitStatus).toBe(
        "can't rollback, 'first' is not most recent snapshot on 'tank:subvol-102-disk-0'",
      );
    });
    expect([read(db), await isRunning(102)]).toEqual(["three", true]);
  });

  test("newer snapshots go only with --accept-loss; the present is a save point, and undo brings it back [D12, D6]", async () => {
    const refused = await site.lifeboat(["restore", "snapshot", "db", "first", "--force", "--stop"]);
    expect([refused.code, refused.stderr]).toEqual([
      13,
      expect.stringContaining("the storage goes back to its newest snapshot only: second would be removed"),
    ]);
    const flags = ["--force", "--stop", "--accept-loss"];
    const result = await site.lifeboat(["restore", "snapshot", "db", "first", ...flags, "--json"]);
    expect([result.code, result.stderr]).toEqual([0, expect.any(String)]);
    expect(JSON.parse(result.stdout)).toMatchObject({
      removed: ["second"],
      undo: "lifeboat undo prod/db",
      proven: true,
    });
    expect([read(db), await names(102), await isRunning(102)]).toEqual(["one", ["first"], true]);
    const [savePoint] = await site.on(node, (client) => client.backups.archives(node, "backup", 102));
    expect(savePoint).toMatchObject({ protected: true, notes: expect.stringMatching(/^lifeboat save point 102-/u) });
    const undone = await site.lifeboat(["undo", "db", ...flags]);
    const { rootfs = "" } = await site.on(node, (client) =>
      client.guests.guestConfig({ node, type: "lxc", vmid: 102 }),
    );
    const volume = /^tank:([^,]+)/u.exec(rootfs)?.[1] ?? "";
    expect([undone.code, readFileSync(file(db).replace("subvol-102-disk-0", volume), "utf8")]).toEqual([0, "three"]);
  });
});

describe("where a backup is the way back, and holds not everything", () => {
  const command = ["restore", "snapshot", "half", "first", "--force", "--stop"];

  beforeAll(async () => {
    await configure(half, { mp0: "tank:1,mp=/srv,backup=1", mp1: "tank:1,mp=/var/cache/app" });
    await snapshot(half, "first");
  });

  test("a disk outside the backups goes back only with --accept-loss, and is named [D7, D12]", async () => {
    const before = site.requests(node).length;
    const refused = await site.lifeboat(command);
    const reason = "no backup holds what is in mp1 (/var/cache/app) now, which would be lost";
    expect([refused.code, refused.stderr]).toEqual([13, expect.stringContaining(reason)]);
    expect(changed(before)).toEqual([]);
    const { stdout } = await site.lifeboat([...command, "--dry-run", "--json"]);
    const lost = [expect.stringMatching(/^mp1 \(\/var\/cache\/app\), 1\.0 GiB: what it holds now is replaced/u)];
    expect(JSON.parse(stdout)).toMatchObject({ plan: { lost, wayBack: { kind: "save-point" } } });
  });

  test("so do one that left the backups since, one that is kept unused, and files that the node leaves out [D7, D12]", async () => {
    const { mp0 = "" } = await site.on(node, (client) =>
      client.guests.guestConfig({ node, type: "lxc", vmid: half.id }),
    );
    await configure(half, { mp0: mp0.replace("backup=1", "backup=0") });
    await stop(half.id);
    await configure(half, { delete: "mp1" });
    await site.control({ command: "write", path: "/etc/vzdump.conf", content: "exclude-path: /tmp/scratch\n" });
    const refused = await site.lifeboat(command);
    const reason =
      "no backup holds what is in mp0 (/srv), unused0 now, which would be lost; no backup of the node holds files under '/tmp/scratch', which would be lost";
    expect([refused.code, refused.stderr]).toEqual([13, expect.stringContaining(reason)]);
    expect((await site.lifeboat([...command, "--accept-loss"])).code).toBe(0);
    await site.control({ command: "write", path: "/etc/vzdump.conf", content: "" });
  });
});

describe("killed", () => {
  const command = ["restore", "snapshot", "kill", "first", "--force", "--stop"];

  const killedAt = (moment: KillMoment): Promise<RunResult> => site.lifeboat(command, { killAt: moment });

  test("changed meanwhile: what was begun is taken back, and asked anew", async () => {
    await site.on(node, async (client) => {
      for (const name of (await names(103)).filter((one) => one.startsWith("before-"))) {
        await client.tasks.wait(await client.guests.removeSnapshot({ node, type: "lxc", vmid: 103 }, name));
      }
    });
    writeFileSync(file(kill), "present");
    expect((await killedAt("before 5")).code).toBeNull();
    await site.on(node, (client) => client.guests.setGuestConfig({ node, type: "lxc", vmid: 103 }, { memory: 2_048 }));
    const result = await site.lifeboat(command.filter((word) => word !== "--force"));
    expect([result.code, result.stderr]).toEqual([
      2,
      expect.stringContaining("because the guest's configuration changed since; it is taken back"),
    ]);
    expect([read(kill), await names(103), await isRunning(103)]).toEqual(["present", ["first"], true]);
  });
});

describe("while a rollback is half done", () => {
  const command = ["restore", "snapshot", "kill", "half", "--force", "--stop"];

  beforeAll(async () => {
    await snapshot(kill, "half");
    const { code, stderr } = await site.lifeboat(command, killAt("after", 8));
    if (code !== null) throw new Error(`The rollback was not killed: ${stderr}`);
  });

  afterAll(() => site.lifeboat(command));

  test.each([
    [["backup", "kill"]],
    [["backup", "snapshot", "kill"]],
    [["backup", "snapshot", "kill", "--dry-run"]],
    [["backup", "snapshot", "kill", "--remove", "half", "--force"]],
  ])("%j: 11, what it is, and how it is ended [K4]", async (argv) => {
    const before = site.requests(node).length;
    const { code, stderr } = await site.lifeboat(argv);
    expect([code, changed(before)]).toEqual([11, []]);
    expect(stderr).toMatch(
      /: a rollback of prod\/kill, begun at [-\d]+ [\d:]+ UTC, has not ended\nHINT: resume it: lifeboat restore snapshot prod\/kill half --stop --force; or, if it cannot be ended: lifeboat abandon prod\/kill\n$/u,
    );
  });

  test("a snapshot that is due waits for it to end [D13]", async () => {
    const before = site.requests(node).length;
    const { stdout, stderr } = await site.lifeboat(["backup", "snapshots", "--due", "--json"]);
    expect([stderr, changed(before)]).toEqual([expect.any(String), []]);
    expect(JSON.parse(stdout).guests).toMatchObject([
      { guest: "prod/kill", taken: [], postponed: expect.stringMatching(/^a rollback of prod\/kill, begun at /u) },
    ]);
  });
});

test("the plan is the same for scripts", async () => {
  const { stdout } = await site.lifeboat(["restore", "snapshot", "kill", "first", "--dry-run", "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({
    message_type: "result",
    plan: { guest: "prod/kill", snapshot: "first", wayBack: { kind: "snapshot" }, flags: ["--stop", "--force"] },
  });
});
