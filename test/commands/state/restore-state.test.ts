import * as z from "zod";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";

import { digestOf, FolderBackend, type Update } from "../support/site/backend";
import { toldForged, withForgedCommand } from "../../support/state/forged";
import { HistorySite } from "./history-site";

/** Restoring a state, on a backend in a folder. */

let site: HistorySite;
let updates: { first: Update; second: Update; third: Update };
const presentKey = ".pulumi/stacks/shop/prod.json";
const lockKey = ".pulumi/locks/organization/shop/prod/0b1e7f0c-0000-4000-8000-000000000000.json";
const changeHook = ["--require", require.resolve("../../support/change-at-step.cjs")];

const web = { name: "web", id: "9101", inputs: { size: "8GiB" }, secret: "swordfish swordfish" };
const db = { name: "db", id: "9102", dependsOn: ["web"] };

beforeEach(() => {
  site = HistorySite.inFolder();
  updates = {
    first: site.update({ resources: [web] }, { message: "only web" }),
    second: site.update({ resources: [web, db] }, { message: "web and db" }),
    third: site.update({ resources: [{ ...web, inputs: { size: "10GiB" } }, db] }, { message: "larger web" }),
  };
});

afterEach(() => site.stop());

const to = (point: string, ...flags: string[]) => site.lifeboat(["restore", "state", "prod", "--to", point, ...flags]);
const locks = (): string[] => [...site.backend.picture().keys()].filter((key) => key.includes("/locks/"));
const present = (): string | undefined => site.backend.picture().get(presentKey);

/** Another process's lock. */
function lock(owner: { pid: number; hostname: string }): void {
  const text = { pid: owner.pid, username: "anna", hostname: owner.hostname, timestamp: "2026-11-20T10:00:00Z" };
  site.backend.put(lockKey, JSON.stringify(text));
}

test("a state with what the program never makes is refused and named, unless it is consented to [N2]", async () => {
  const { key, checkpoint } = updates.first;
  site.backend.put(key, withForgedCommand(checkpoint.toString()));
  const point = await site.idOf(updates.first);
  for (const flag of ["--force", "--dry-run"]) {
    expect(await to(point, flag)).toMatchObject({ code: 13, stderr: toldForged() });
  }
  expect(present()).toBe(digestOf(updates.third.checkpoint));
  expect((await to(point, "--force")).stderr).toContain("HINT: somebody else may have written them; choose another:");
  const { stdout: told } = await to(point, "--force", "--json");
  expect(JSON.parse(told)).toMatchObject({ exitCode: 13, parts: [{ urn: expect.stringMatching(/::evil$/u) }] });
  const listed = async (env = {}) => {
    const { stdout } = await site.lifeboat(["restore", "state", "prod", "--list", "--json"], { env });
    return z
      .object({ points: z.array(z.object({ id: z.string(), foreign: z.string().nullable() })) })
      .parse(JSON.parse(stdout))
      .points.flatMap(({ id, foreign }) => (foreign === null ? [] : [[id, foreign]]));
  };
  const forged = [[point, expect.stringMatching(/^it holds a part that the program never makes: urn:\S+::evil: /u)]];
  expect(await listed()).toEqual(forged);
  const consent = { LIFEBOAT_ALLOW_STATE_PARTS: "urn:pulumi:prod::shop::command:local:Command::evil" };
  expect([await listed(consent), await listed()]).toEqual([[], forged]);
  const page = await site.lifeboat(["restore", "state", "prod", "--list"]);
  expect(page.stdout).toMatch(/ foreign parts [^]*↳ it is not restored: it holds a part that the program never makes/u);
  expect(await site.lifeboat(["restore", "state", "prod", "--to", point, "--force"], { env: consent })).toMatchObject({
    code: 0,
  });
});

test("the first state comes back byte by byte, what differs is told, and the way back leads back [E2, E3, K1]", async () => {
  const result = await to(await site.idOf(updates.first), "--force", "--json");
  expect(result.code).toBe(0);
  expect(present()).toBe(digestOf(updates.first.checkpoint));
  const report = JSON.parse(result.stdout);
  expect(report.findings).toMatchObject([
    {
      severity: "todo",
      text: expect.stringContaining(
        "Pulumi knows db (proxmoxve:index/containerLegacy:ContainerLegacy) no more; it goes on to exist as 9102",
      ),
    },
    {
      severity: "todo",
      text: expect.stringContaining("the pulumi CLI is not installed here"),
      mend: expect.stringContaining("pulumi preview"),
    },
  ]);
  expect(site.backend.picture().get(report.kept.key)).toBe(digestOf(updates.third.checkpoint));
  expect(digestOf(readFileSync(report.kept.file))).toBe(digestOf(updates.third.checkpoint));
  expect(statSync(report.kept.file).mode & 0o777).toBe(0o600);
  expect(locks()).toEqual([]);
  expect(JSON.parse(site.journals()[0] ?? "{}").state).toBe("done");
  const back = await site.lifeboat([...report.undo.split(" ").slice(1), "--force"]);
  expect(back.code).toBe(0);
  expect(present()).toBe(digestOf(updates.third.checkpoint));
});

test("the plan says in words what differs; secrets are not shown; a dry run changes nothing [E2, K1]", async () => {
  const before = site.backend.picture();
  const result = await to(await site.idOf(updates.first), "--dry-run");
  expect(result.code).toBe(0);
  expect(result.stdout).toContain(
    "- db (proxmoxve:index/containerLegacy:ContainerLegacy 9102): Pulumi knows it no more",
  );
  expect(result.stdout).toContain(
    '~ web (proxmoxve:index/containerLegacy:ContainerLegacy 9101): size "10GiB" becomes "8GiB"',
  );
  expect(result.stdout).toContain("Flags that answer all questions: --force");
  expect(result.stdout + result.stderr).not.toContain("swordfish");
  expect(site.backend.picture()).toEqual(before);
  expect(readdirSync(site.stateFolder()).filter((name) => !name.startsWith("points-"))).toEqual([]);
});

test("without --force nobody is there to confirm [K1]", async () => {
  const before = site.backend.picture();
  const result = await to(await site.idOf(updates.first));
  expect([result.code, result.stderr]).toEqual([2, expect.stringContaining("add --force")]);
  expect(site.backend.picture()).toEqual(before);
});

test("a point can be named by a time, and the present state needs no restore [E1]", async () => {
  const [, , first] = await site.points();
  expect(first?.update?.message).toBe("only web");
  const third = await site.idOf(updates.third);
  const same = await to(third, "--force");
  expect([same.code, same.stdout]).toEqual([0, `${third} is the state of prod already.\n`]);
  expect((await to("2026-11-01 10:55", "--force")).code).toBe(0);
  expect(present()).toBe(digestOf(updates.first.checkpoint));
});

describe("a lock [E3]", () => {
  test("of another machine is named with who and since when, and nothing is written", async () => {
    lock({ pid: 4711, hostname: "elsewhere" });
    const before = site.backend.picture();
    const result = await to(await site.idOf(updates.first), "--force");
    expect(result.code).toBe(11);
    expect(result.stderr).toContain("by anna@elsewhere (process 4711) since 2026-11-20T10:00:00Z");
    expect(result.stderr).toContain("HINT: wait until it has ended");
    expect(site.backend.picture()).toEqual(before);
  });

  test("of a dead process of this machine is told to be that, with the command that clears it", async () => {
    const { pid } = spawnSync(process.execPath, ["-e", "0"]);
    lock({ pid, hostname: hostname() });
    const result = await to(await site.idOf(updates.first), "--force");
    expect(result.code).toBe(11);
    expect(result.stderr).toContain("on this machine that process has ended");
    expect(result.stderr).toContain("pulumi cancel --yes -s prod");
  });

  test("that nobody can read locks nevertheless", async () => {
    site.backend.put(lockKey, "");
    expect((await to(await site.idOf(updates.first), "--force")).code).toBe(11);
  });

  test("that appears after the plan stops it, and what was begun is taken back", async () => {
    const id = await site.idOf(updates.first);
    const other = join(site.folder, "other.json");
    writeFileSync(other, JSON.stringify({ pid: 1, username: "anna", hostname: "elsewhere", timestamp: "now" }));
    const result = await changing("recheck", other, lockKey, id);
    expect([result.code, result.stderr]).toEqual([11, expect.stringContaining("taken back")]);
    expect(present()).toBe(digestOf(updates.third.checkpoint));
    expect(locks()).toEqual([lockKey]);
  });
});

/** Restores, and when a step is done another process puts a file in the place of an object. */
function changing(step: string, from: string, key: string, id: string) {
  if (!(site.backend instanceof FolderBackend)) throw new Error("The backend is no folder.");
  const env = { LIFEBOAT_TEST_STEP: step, LIFEBOAT_TEST_COPY: `${from} ${join(site.backend.folder, key)}` };
  return site.lifeboat(["restore", "state", "prod", "--to", id, "--force"], { env, nodeOptions: changeHook });
}

test.each(["lock", "keep", "recheck"])(
  "a state that changes after step '%s' is not overwritten, and what was begun is taken back [E3, K4]",
  async (step) => {
    const id = await site.idOf(updates.first);
    const other = join(site.folder, "other.json");
    writeFileSync(other, site.builder.checkpoint({ resources: [web] }));
    const result = await changing(step, other, presentKey, id);
    expect([result.code, result.stderr]).toEqual([13, expect.stringContaining("the present state changed")]);
    expect(result.stderr).toContain("Nothing is changed");
    expect(present()).toBe(digestOf(readFileSync(other)));
    const keys = [...site.backend.picture().keys()];
    expect(keys.filter((key) => key.includes("/locks/") || key.startsWith(".lifeboat"))).toEqual([]);
    expect(JSON.parse(site.journals()[0] ?? "{}").state).toBe("taken-back");
  },
);

describe("the passphrase [E3]", () => {
  test.each([
    ["is wrong", { PULUMI_CONFIG_PASSPHRASE: "apple pie" }, "the passphrase does not open the state"],
    ["is missing", { PULUMI_CONFIG_PASSPHRASE_FILE: undefined }, "no passphrase is set"],
    ["is in a file that is not there", { PULUMI_CONFIG_PASSPHRASE_FILE: "/nowhere" }, "cannot be read"],
  ])("%s: 12, and nothing is written", async (_, env, why) => {
    const id = await site.idOf(updates.first);
    const before = site.backend.picture();
    const result = await site.lifeboat(["restore", "state", "prod", "--to", id, "--force"], { env });
    expect([result.code, result.stderr]).toEqual([12, expect.stringContaining(why)]);
    expect(site.backend.picture()).toEqual(before);
    expect(result.stderr).not.toContain("apple pie");
  });

  test("a list needs none", async () => {
    const env = { PULUMI_CONFIG_PASSPHRASE_FILE: undefined };
    expect((await site.lifeboat(["restore", "state", "prod", "--list"], { env })).code).toBe(0);
  });
});

test("a half-written point needs a flag of its own, and what to look at is named [E1, K1]", async () => {
  const half = site.update({ resources: [web], pending: [{ name: "cache", type: "creating" }] }, { result: "failed" });
  site.update({ resources: [web] });
  const id = await site.idOf(half);
  const refused = await to(id, "--force");
  expect([refused.code, refused.stderr]).toEqual([13, expect.stringContaining("--accept-pending")]);
  expect(refused.stderr).toContain("it was creating cache (proxmoxve:index/containerLegacy:ContainerLegacy)");
  expect((await to(id, "--accept-pending")).code).toBe(2);
  const done = await to(id, "--accept-pending", "--force");
  expect(done.code).toBe(0);
  expect(present()).toBe(digestOf(half.checkpoint));
});

test("what was under way in the state that is left is named [E2]", async () => {
  const text = site.builder.checkpoint({ resources: [web], pending: [{ name: "cache", type: "creating" }] });
  site.backend.put(presentKey, text, site.builder.next());
  const result = await to(await site.idOf(updates.first), "--force");
  expect(result.code).toBe(0);
  expect(result.stdout).toContain(
    "an update was broken off while it was creating cache (proxmoxve:index/containerLegacy:ContainerLegacy)",
  );
});

describe("packed states", () => {
  test("one that is packed with gzip takes the place of one that is not, and is the only one left [E2]", async () => {
    const packed = site.update({ resources: [web] }, { packed: true });
    site.backend.remove(`${presentKey}.gz`);
    site.backend.put(presentKey, updates.third.checkpoint, site.builder.next());
    expect((await to(await site.idOf(packed), "--force")).code).toBe(0);
    expect(site.backend.picture().get(`${presentKey}.gz`)).toBe(digestOf(packed.checkpoint));
    expect(present()).toBeUndefined();
    // And back: the form of the kept one is its own.
    const saved = (await site.points()).find(({ source }) => source === "saved");
    expect((await to(saved?.id ?? "", "--force")).code).toBe(0);
    expect(present()).toBe(digestOf(updates.third.checkpoint));
    expect(site.backend.picture().has(`${presentKey}.gz`)).toBe(false);
  });

  test("zstd too [E2]", async () => {
    const text = site.builder.checkpoint({ resources: [web] });
    const packed = spawnSync("zstd", ["-q", "-c"], { input: text }).stdout;
    const stem = `.pulumi/history/shop/prod/prod-${String(site.builder.next().getTime())}000000`;
    site.backend.put(`${stem}.checkpoint.json.zst`, packed);
    site.backend.put(
      `${stem}.history.json.zst`,
      spawnSync("zstd", ["-q", "-c"], { input: site.builder.entry("packed") }).stdout,
    );
    const [newest] = await site.points();
    expect(newest).toMatchObject({ status: "complete", resources: 3, update: { message: "packed" } });
    expect((await to(newest?.id ?? "", "--force")).code).toBe(0);
    expect(site.backend.picture().get(`${presentKey}.zst`)).toBe(digestOf(packed));
  });

  test("zstd where the program is missing: what to install is named", async () => {
    const packed = spawnSync("zstd", ["-q", "-c"], { input: site.builder.checkpoint({ resources: [] }) }).stdout;
    site.backend.put(`${presentKey}.zst`, packed, site.builder.next());
    const result = await site.lifeboat(["restore", "state", "prod", "--list"], { env: { PATH: "/nowhere" } });
    expect([result.code, result.stderr]).toEqual([1, expect.stringContaining("apt install zstd")]);
  });
});

describe("refused", () => {
  test("a damaged point: 13 [E1]", async () => {
    site.backend.put(updates.first.key, updates.first.checkpoint.subarray(0, 200));
    const point = (await site.points()).find(({ key }) => key === updates.first.key);
    expect(point).toMatchObject({ status: "damaged", why: expect.stringContaining("cut off") });
    const result = await to(point?.id ?? "", "--force");
    expect([result.code, result.stderr]).toEqual([13, expect.stringContaining("cut off")]);
    expect(present()).toBe(digestOf(updates.third.checkpoint));
  });

  test("the state of another stack: 13", async () => {
    const other = site.update({ resources: [], stack: "organization/shop/lab" });
    site.backend.put(presentKey, updates.third.checkpoint, site.builder.next());
    const result = await to(await site.idOf(other), "--force");
    expect([result.code, result.stderr]).toEqual([13, expect.stringContaining("the state of organization/shop/lab")]);
  });

  test("a point of which only the entry is left: 13", async () => {
    site.backend.remove(updates.first.key);
    const point = (await site.points()).at(-1);
    expect(point?.status).toBe("damaged");
    expect((await to(point?.id ?? "", "--force")).code).toBe(13);
  });

  test.each([
    [["--to", "ffffffffff"], 2, "neither the id of a restore point nor a time"],
    [["--to", "2020-01-01"], 2, "no update had ended by"],
    [[], 2, "give either --list, which shows the restore points, or --to"],
    [["--list", "--to", "x"], 2, "give either --list, which shows the restore points, or --to"],
    [["--to", "x", "--all"], 2, "--all goes with --list"],
  ])("%j: %d", async (flags, code, why) => {
    const result = await site.lifeboat(["restore", "state", "prod", ...flags]);
    expect([result.code, result.stderr]).toEqual([code, expect.stringContaining(why)]);
  });

  test("a backend without a state: 10; one that Lifeboat cannot read: 2; an environment that is not there: 2", async () => {
    const empty = { PULUMI_BACKEND_URL: `file://${site.folder}/nothing` };
    for (const flags of [["--list"], ["--to", "2026-11-20"]]) {
      const result = await site.lifeboat(["restore", "state", "prod", ...flags], { env: empty });
      expect([result.code, result.stderr]).toEqual([10, expect.stringContaining("there is no restore point of prod")]);
    }
    expect(existsSync(`${site.folder}/nothing`)).toBe(false);
    const service = { PULUMI_BACKEND_URL: "gs://bucket" };
    expect((await site.lifeboat(["restore", "state", "prod", "--list"], { env: service })).code).toBe(2);
    expect((await site.lifeboat(["restore", "state", "lab", "--list"])).code).toBe(2);
  });
});

describe("the list", () => {
  test("tells the newest 20 with what they are; --all tells every one, from memory the second time [E1]", async () => {
    const many = Array.from({ length: 30 }, (_, index) =>
      site.update(
        { resources: [web] },
        { message: `update ${String(index)}`, result: index === 29 ? "failed" : "succeeded" },
      ),
    );
    const newest = await site.points();
    expect(newest).toHaveLength(20);
    expect(newest[0]).toMatchObject({
      source: "history",
      status: "failed",
      present: true,
      update: { message: "update 29" },
    });
    const text = await site.lifeboat(["restore", "state", "prod", "--list"]);
    expect(text.stdout).toContain("update: update 28");
    expect(text.stderr).toContain("--all lists every one");
    const all = await site.points("--all");
    expect(all).toHaveLength(33);
    // What is there under the same name and time is not read again.
    const [some] = many;
    if (!(site.backend instanceof FolderBackend) || some === undefined) throw new Error("There is nothing to spoil.");
    const file = join(site.backend.folder, some.key);
    const { size, mtime } = statSync(file);
    site.backend.put(some.key, "x".repeat(size), mtime);
    expect(await site.points("--all")).toEqual(all);
    site.backend.put(some.key, "x".repeat(size));
    expect((await site.points("--all")).find(({ key }) => key === some.key)?.status).toBe("damaged");
  });

  test("marks half-written states and names who holds the lock [E1]", async () => {
    site.backend.put(
      presentKey,
      site.builder.checkpoint({ resources: [web], pending: [{ name: "db", type: "deleting" }] }),
      site.builder.next(),
    );
    lock({ pid: 4711, hostname: "elsewhere" });
    const [first] = await site.points();
    expect(first).toMatchObject({ id: "present", source: "present", status: "half-written" });
    const { stdout, stderr } = await site.lifeboat(["restore", "state", "prod", "--list"]);
    expect(stdout).toContain(
      "1 operation was under way: deleting db (proxmoxve:index/containerLegacy:ContainerLegacy)",
    );
    expect(stderr).toContain("prod is locked by anna@elsewhere (process 4711)");
  });

  test("a stack that was removed is told by the copies that are left, and comes back from one [E1]", async () => {
    const { backend } = site;
    for (const key of backend.picture().keys()) if (!key.includes("/backups/")) backend.remove(key);
    const points = await site.points();
    expect(points.map(({ source }) => source)).toEqual(["backup", "backup", "backup"]);
    const result = await to(points[0]?.id ?? "", "--force", "--json");
    expect(result.code).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({ kept: null, undo: null });
    expect(present()).toBe(digestOf(updates.third.checkpoint));
  });

  test("a packed present state is one with its update [E1]", async () => {
    site.update({ resources: [web] }, { packed: true, message: "packed" });
    const [first, second] = await site.points();
    expect([first?.present, first?.source, second?.source]).toEqual([true, "history", "history"]);
  });
});
