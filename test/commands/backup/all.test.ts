import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import { AdoptedSite } from "../support/adopted-site";
import { asksFor, inSavePoint } from "../support/held-tasks";
import type { RunResult } from "../support/run-bundle";
import { formatInstant } from "../../../scripts/terminal/durations";

/** `lifeboat backup --all` on two standalone nodes. */
let site: AdoptedSite;

const prod = [
  { id: 101, name: "web" },
  { id: 102, name: "db" },
  { id: 103, name: "mail" },
  { id: 104, name: "scratch", settings: ["backup: { exclude: rebuilt, owner: web team, until: 2099-06-30 }"] },
];
const lab = [
  { id: 201, name: "gitea" },
  { id: 202, name: "runner" },
];

beforeAll(async () => {
  const job = { compress: "gzip", "notes-template": "{{guestname}} nightly", "prune-backups": "keep-last=2" };
  site = await AdoptedSite.start([
    { name: "prod", node: "pve-prod", profile: "prod", guests: prod, job },
    { name: "lab", node: "pve-lab", profile: "lab", guests: lab },
  ]);
});

afterAll(() => site.stop());
afterEach(() => site.clearFaults());

const resultSchema = z.looseObject({
  guests: z.array(
    z.looseObject({
      guest: z.string(),
      id: z.number(),
      result: z.string(),
      archive: z.string().optional(),
      bytes: z.number().optional(),
      reason: z.string().optional(),
    }),
  ),
});

function guestsOf({ stdout }: RunResult) {
  return resultSchema.parse(JSON.parse(stdout)).guests;
}

/** Runs that the nodes were asked for while something was done. */
async function runsWhile(work: () => Promise<unknown>): Promise<Record<string, unknown>[]> {
  const before = [site.requests("pve-prod").length, site.requests("pve-lab").length];
  await work();
  return ["pve-prod", "pve-lab"].flatMap((node, index) =>
    site
      .requests(node)
      .slice(before[index])
      .filter(({ method }) => method !== "GET")
      .map(({ path, parameters }) => ({ path, ...parameters })),
  );
}

function archives(node: string, vmid: number) {
  return site.on(node, (client) => client.backups.archives(node, "backup", vmid));
}

test("a dry run sends nothing but GET, and names who is left out and why [K1]", async () => {
  let result: RunResult | undefined;
  const changes = await runsWhile(async () => (result = await site.lifeboat(["backup", "--all", "prod", "--dry-run"])));
  expect([result?.code, changes]).toEqual([0, []]);
  expect(result?.stdout).toContain(
    "back up 3 guests of pve-prod to backup, one after the other: web (101), db (102), mail (103)",
  );
  expect(result?.stdout).toContain("older backups are pruned as the job does it: keep-last=2");
  expect(result?.stdout).toContain("without scratch (104): left out until 2099-06-30: rebuilt");
});

test("an environment: one run as its job would do it, and what became of each guest [A3]", async () => {
  let result: RunResult | undefined;
  const changes = await runsWhile(async () => (result = await site.lifeboat(["backup", "--all", "prod", "--json"])));
  expect(changes).toEqual([
    {
      path: "/nodes/pve-prod/vzdump",
      vmid: "101,102,103",
      storage: "backup",
      compress: "gzip",
      "notes-template": "{{guestname}} nightly",
      "prune-backups": "keep-last=2",
    },
  ]);
  expect(result?.code).toBe(0);
  const guests = guestsOf(result ?? { code: null, stdout: "", stderr: "" });
  expect(guests.map(({ guest, result: word }) => [guest, word])).toEqual([
    ["prod/web", "backed up"],
    ["prod/db", "backed up"],
    ["prod/mail", "backed up"],
    ["prod/scratch", "left out"],
  ]);
  for (const { id, archive, bytes } of guests.slice(0, 3)) {
    expect((await archives("pve-prod", id)).map(({ volid, size, notes }) => [volid, size, notes])).toEqual([
      [archive, bytes, `${prod.find((guest) => guest.id === id)?.name ?? ""} nightly`],
    ]);
  }
  expect(await archives("pve-prod", 104)).toEqual([]);
});

test("all environments want a yes, or --force; then each node has one run", async () => {
  const refused = await site.lifeboat(["backup", "--all"]);
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("HINT: add --force to confirm it")]);
  let result: RunResult | undefined;
  const changes = await runsWhile(async () => (result = await site.lifeboat(["backup", "--all", "--force"])));
  expect(changes.map(({ path, vmid }) => [path, vmid])).toEqual([
    ["/nodes/pve-prod/vzdump", "101,102,103"],
    ["/nodes/pve-lab/vzdump", "201,202"],
  ]);
  expect(result?.code).toBe(0);
  expect(result?.stdout).toMatch(/^Backed up 5 of 5 guests, in /u);
  expect(result?.stdout).toMatch(/✓ lab\/gitea +201 +backed up +[\d.]+ KiB +/u);
  expect(result?.stdout).toMatch(/- prod\/scratch +104 +left out\n +left out until 2099-06-30: rebuilt/u);
});

test("one guest fails: 3, with Proxmox's own words for it, and the others are backed up", async () => {
  await site.fault("storage-full", { storage: "backup", times: "1" });
  const result = await site.lifeboat(["backup", "--all", "prod", "--json"]);
  expect(result.code).toBe(3);
  expect(guestsOf(result).slice(0, 3)).toEqual([
    expect.objectContaining({ guest: "prod/web", result: "failed", reason: expect.stringMatching(/space|full/iu) }),
    expect.objectContaining({ guest: "prod/db", result: "backed up" }),
    expect.objectContaining({ guest: "prod/mail", result: "backed up" }),
  ]);
});

test("the whole run fails: 1, with its error for every guest", async () => {
  const settings = { node: "pve-prod", type: "vzdump", at: "guest", text: "the worker had enough" };
  await site.fault("task-dies", settings);
  const result = await site.lifeboat(["backup", "--all", "prod"]);
  expect(result.code).toBe(1);
  expect(result.stdout).toMatch(/^Backed up 0 of 3 guests/u);
  expect(result.stdout.match(/the run ended before it: .*the worker had enough/gu)).toHaveLength(3);
});

test("a node that is down: the others are backed up, 3; alone it is 14 [K3]", async () => {
  await site.fault("node-unreachable", { node: "pve-lab" });
  const all = await site.lifeboat(["backup", "--all", "--force", "--json"]);
  expect(all.code).toBe(3);
  expect(guestsOf(all).filter(({ result }) => result === "backed up")).toHaveLength(3);
  expect(JSON.parse(all.stdout).unknown).toEqual([
    { environment: "lab", message: expect.stringContaining(site.endpoint("pve-lab")), hint: expect.any(String) },
  ]);
  const alone = await site.lifeboat(["backup", "--all", "lab"]);
  expect([alone.code, alone.stderr]).toEqual([14, expect.stringContaining(site.endpoint("pve-lab"))]);
});

test("Ctrl-C: 130; the node goes on, and the same command tells the results", async () => {
  const settings = { node: "pve-lab", ...inSavePoint };
  await site.fault("task-waits", settings);
  let pid = 0;
  const before = site.requests("pve-lab").length;
  const run = site.lifeboat(["backup", "--all", "lab"], { onSpawn: (spawned) => (pid = spawned) });
  // It asks how the task is getting on, so that it has its id.
  const asks = (): boolean => site.requests("pve-lab").slice(before).some(asksFor("vzdump"));
  while (!asks()) await pause(20);
  process.kill(pid, "SIGINT");
  const { code, stderr } = await run;
  expect([code, stderr]).toEqual([
    130,
    expect.stringMatching(/lab on pve-lab: stopped in step 'run'\n  The task goes on on node pve-lab: UPID:/u),
  ]);
  await site.clearFaults();
  const result = await site.lifeboat(["backup", "--all", "lab"]);
  expect([result.code, result.stdout]).toEqual([0, expect.stringMatching(/^Backed up 2 of 2 guests/u)]);
});

/** `backup --all lab` as the version before left it (231cd13): killed when its bundle and its one journal were there. */
function oldRun(site: string, hours = 1) {
  const command = "lifeboat backup --all lab";
  const startedAt = new Date(Date.now() - hours * 3_600_000).toISOString();
  const times = { startedAt, updatedAt: startedAt };
  const journal = {
    version: 1,
    id: "1-20261121T173932793",
    state: "open",
    ...times,
    steps: {},
    kind: "backup-run",
    command,
    guest: { environment: "lab", name: "pve-lab", id: 1, node: "pve-lab" },
    request: {},
    inputs: {},
    plan: {
      environment: "lab",
      node: "pve-lab",
      storage: "backup",
      guests: lab,
      request: { storage: "backup", compress: "zstd", remove: false },
      remarks: [],
    },
  };
  const bundle = {
    version: 1,
    id: "several-20261121T173932793",
    state: "open",
    ...times,
    command,
    request: { backup: "all", environments: "lab" },
    parts: [{ site, journal }],
  };
  return { journal, bundle };
}

function putOldRun(hours?: number) {
  const folder = site.stateFolder("lab");
  const bundles = join(folder, "../several");
  for (const path of [folder, bundles]) mkdirSync(path, { recursive: true, mode: 0o700 });
  const { journal, bundle } = oldRun(basename(folder), hours);
  writeFileSync(join(folder, `${journal.id}.json`), JSON.stringify(journal));
  writeFileSync(join(bundles, `${bundle.id}.json`), JSON.stringify(bundle));
  return { bundle };
}

test("a backup of all that is half done since days is planned anew: its plan is of then [K4]", async () => {
  const { bundle } = putOldRun(50);
  const dry = await site.lifeboat(["backup", "--all", "lab", "--dry-run"]);
  expect([dry.code, dry.stdout]).toEqual([0, expect.stringContaining("back up 2 guests of pve-lab to backup")]);
  const changes = await runsWhile(async () => {
    const result = await site.lifeboat(["backup", "--all", "lab"]);
    expect([result.code, result.stderr]).toEqual([
      0,
      expect.stringContaining(`What was begun at ${formatInstant(bundle.startedAt)} is not resumed: it is older than`),
    ]);
    expect(result.stderr).not.toContain("Still to do");
  });
  expect(changes.map(({ path, vmid }) => [path, vmid])).toEqual([["/nodes/pve-lab/vzdump", "201,202"]]);
});

test("a backup of all that the version before left half done is resumed by its command; others leave its guests out [K4]", async () => {
  const { bundle } = putOldRun();
  const dry = await site.lifeboat(["backup", "--all", "lab", "--dry-run", "--json"]);
  expect(JSON.parse(dry.stdout).resume).toEqual({
    operation: bundle.id,
    startedAt: bundle.startedAt,
    remaining: [{ subject: "lab on pve-lab", id: "run", does: "back gitea, runner up to backup" }],
  });
  const all = await site.lifeboat(["backup", "--all", "--force", "--json"]);
  expect([all.code, guestsOf(all).filter(({ guest }) => guest.startsWith("lab/"))]).toEqual([
    3,
    lab.map(({ id, name }) => ({
      guest: `lab/${name}`,
      id,
      result: "skipped",
      reason: `a backup of lab on pve-lab, begun at ${formatInstant(bundle.startedAt)}, has not ended`,
      hint: "resume it: lifeboat backup --all lab; or, if it cannot be ended: lifeboat abandon lab/gitea",
    })),
  ]);
  const changes = await runsWhile(async () => {
    const result = await site.lifeboat(["backup", "--all", "lab"]);
    expect([result.code, result.stderr]).toEqual([0, expect.stringContaining("Still to do: lab on pve-lab")]);
  });
  expect(changes.map(({ path, vmid }) => [path, vmid])).toEqual([["/nodes/pve-lab/vzdump", "201,202"]]);
});

test("killed when all runs had ended: what they made is told with their time, and as nothing of now [K2, K4]", async () => {
  const command = ["backup", "--all", "lab"];
  const { code } = await site.lifeboat(command, {
    onWrite: ({ moment, text }, running) => {
      if (moment === "after" && /^ {2}"state": "done"/mu.test(text)) running.signal("SIGKILL");
    },
  });
  const told = await site.lifeboat([...command, "--json"]);
  expect([code, told.code, guestsOf(told).map(({ result }) => result)]).toEqual([
    null,
    0,
    ["ended before", "ended before"],
  ]);
  expect(JSON.parse(told.stdout).findings).toEqual([
    {
      severity: "note",
      text: expect.stringMatching(/^lab on pve-lab ended at \S+ already and is not backed up again$/u),
    },
  ]);
});

test("half done, it holds back what else is to be done on its guests, but no restore; it can be given up [K4, K5]", async () => {
  const { code } = await site.lifeboat(["backup", "--all", "lab"], {
    onWrite: ({ moment, text }, running) => {
      if (moment === "after" && text.includes('"upid"')) running.signal("SIGKILL");
    },
  });
  expect(code).toBeNull();
  await site.on("pve-lab", async (client) => {
    const active = await client.tasks.list("pve-lab", { source: "active" });
    for (const { upid, endtime } of active) if (endtime === undefined) await client.tasks.wait(upid);
  });
  const hint = "resume it: lifeboat backup --all lab; or, if it cannot be ended: lifeboat abandon lab/gitea";
  for (const argv of [
    ["backup", "runner"],
    ["backup", "snapshot", "runner", "--name", "before"],
    ["restore", "snapshot", "runner", "before"],
    ["grow", "runner"],
  ]) {
    const held = await site.lifeboat([...argv, "--json"]);
    expect([argv, held.code, JSON.parse(held.stdout)]).toEqual([
      argv,
      11,
      expect.objectContaining({
        message: expect.stringMatching(/a backup of lab on pve-lab, begun at [-\d]+ [\d:]+ UTC, has not ended$/u),
        hint,
      }),
    ]);
  }
  const restore = await site.lifeboat(["restore", "guest", "runner", "--dry-run"]);
  expect(restore.stderr).not.toContain("has not ended");
  expect((await site.lifeboat(["backup", "web"])).code).toBe(0);
  const shown = await site.lifeboat(["abandon", "lab/gitea", "--dry-run", "--json"]);
  const { leaves } = JSON.parse(shown.stdout).plan.operations[0];
  expect(leaves).toEqual([
    ...lab.map(({ id, name }) => ({
      about: expect.stringMatching(new RegExp(`^archive backup:backup/vzdump-lxc-${id}-`, "u")),
      is: "stays",
      known: true,
      next: `lifeboat backups lab/${name}`,
    })),
    { about: expect.stringMatching(/^task UPID:pve-lab:.*:vzdump:/u), is: "ended with 'OK'", known: true },
  ]);
  const given = await site.lifeboat(["abandon", "lab/gitea", "--force"]);
  expect([given.code, given.stdout]).toEqual([0, expect.stringContaining("Abandoned a backup of lab on pve-lab.")]);
  expect((await site.lifeboat(["backup", "runner"])).code).toBe(0);
});

test("a guest whose journal cannot be read is left out and named, with what to do; the others are backed up: 3 [K4]", async () => {
  const folder = site.stateFolder("prod");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, "102-20261121T173932793.json");
  writeFileSync(path, "{");
  const result = await site.lifeboat(["backup", "--all", "--force", "--json"]);
  rmSync(path);
  expect(result.code).toBe(3);
  expect(
    guestsOf(result)
      .map(({ guest, result: word }) => `${guest} ${word}`)
      .sort(),
  ).toEqual([
    "lab/gitea backed up",
    "lab/runner backed up",
    "prod/db skipped",
    "prod/mail backed up",
    "prod/scratch left out",
    "prod/web backed up",
  ]);
  expect(guestsOf(result).find(({ guest }) => guest === "prod/db")).toMatchObject({
    reason: expect.stringContaining(`Unable to read journal ${path}`),
    hint: expect.stringContaining(`mv ${path} ${path}.unreadable`),
  });
});

test("a run over several guests that cannot be read holds back its environment: it may be over any of them [K4]", async () => {
  const path = join(site.stateFolder("prod"), "1-20261121T173932793.json");
  writeFileSync(path, "{");
  const result = await site.lifeboat(["backup", "--all", "--force", "--json"]);
  const one = await site.lifeboat(["backup", "web"]);
  rmSync(path);
  expect([result.code, guestsOf(result).filter((guest) => guest.result === "backed up").length]).toEqual([3, 2]);
  expect(JSON.parse(result.stdout).unknown).toEqual([
    { environment: "prod", message: expect.stringContaining(path), hint: expect.stringContaining("mv ") },
  ]);
  expect([one.code, one.stderr]).toEqual([1, expect.stringContaining(`Unable to read journal ${path}`)]);
});

test("a guest that something has half done, and one that is gone, are skipped and said: 3", async () => {
  await site.lifeboat(["backup", "db"], { killAt: "before 4" });
  await site.on("pve-prod", async (client) => {
    const guest = { node: "pve-prod", type: "lxc", vmid: 103 } as const;
    await client.tasks.wait(await client.guests.stop(guest));
    await client.tasks.wait(await client.guests.destroy(guest));
  });
  const result = await site.lifeboat(["backup", "--all", "prod", "--json"]);
  expect(result.code).toBe(3);
  expect(guestsOf(result)).toEqual([
    expect.objectContaining({ guest: "prod/web", result: "backed up" }),
    expect.objectContaining({ guest: "prod/scratch", result: "left out" }),
    expect.objectContaining({
      guest: "prod/db",
      result: "skipped",
      reason: expect.stringMatching(/^a backup of prod\/db, begun at [-\d]+ [\d:]+ UTC, has not ended$/u),
      hint: "resume it: lifeboat backup prod/db; or, if it cannot be ended: lifeboat abandon prod/db",
    }),
    expect.objectContaining({ guest: "prod/mail", result: "skipped", reason: "there is no guest 103 on pve-prod" }),
  ]);
});

test.each([
  [["backup", "--env", "prod"], "--env goes with --all"],
  [["backup", "--all", "prod/web"], "'prod/web' is a guest, and --all is for environments"],
  [["backup", "--all", "prod", "--env", "lab"], "two environments are named: prod and lab"],
  [["backup", "--all", "live"], "live"],
])("%j is a mistake: 2", async (argv, message) => {
  const { code, stdout, stderr } = await site.lifeboat(argv);
  expect([code, stdout, stderr]).toEqual([2, "", expect.stringContaining(message)]);
});
