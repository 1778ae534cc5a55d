import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { StateBuilder } from "../../support/state/build-state";
import { AdoptedSite } from "../support/adopted-site";
import type { RunResult } from "../support/run-bundle";
import { FolderBackend } from "../support/site/backend";

/** A site on which everything is fine; each test makes one thing wrong, and mends it. */
let site: AdoptedSite;

const hour = 3_600;
const day = 24 * hour;
const now = Math.floor(Date.now() / 1_000);

/** Bytes of the storage of the monitoring environment, and of its one archive. */
const capacity = 10_000;
const archive = 7_999;

beforeAll(async () => {
  site = await AdoptedSite.start([
    {
      name: "prod",
      node: "pve-prod",
      profile: "prod",
      guests: [
        { id: 101, name: "web" },
        { id: 102, name: "db" },
      ],
    },
    { name: "lab", node: "pve-lab", profile: "lab", guests: [{ id: 201, name: "lab" }] },
    {
      name: "monitoring",
      node: "pve-mon",
      profile: "monitoring",
      guests: [{ id: 301, name: "mon" }],
      storage: { capacity: String(capacity) },
    },
  ]);
});

afterAll(() => site.stop());

beforeEach(() => {
  onlyArchive("pve-prod", 101, now - 60);
  onlyArchive("pve-prod", 102, now - 60);
  onlyArchive("pve-lab", 201, now - 60);
  onlyArchive("pve-mon", 301, now - 60, archive);
});

afterEach(() => site.clearFaults());

/** The guest has this archive, begun at this time, and no other. */
function onlyArchive(node: string, vmid: number, time: number, size = 1_000): void {
  site.removeArchives(node, vmid);
  site.putArchive(node, vmid, time, size);
}

const statusSchema = z.looseObject({
  ok: z.boolean(),
  summary: z.looseObject({
    needYou: z.array(z.string()),
    besides: z.array(z.object({ environment: z.string(), problems: z.number() })),
    unknown: z.array(z.string()),
  }),
  environments: z.array(
    z.looseObject({
      name: z.string(),
      guests: z.array(z.looseObject({ name: z.string(), problems: z.array(z.string()) })),
      problems: z.array(z.string()),
    }),
  ),
});

/** Everything that is wrong: with an environment under its name, with a guest under its own. */
function problemsIn({ stdout }: RunResult): Record<string, string[]> {
  const { environments } = statusSchema.parse(JSON.parse(stdout));
  const guests = environments.flatMap((environment) => environment.guests);
  const named = [...environments, ...guests].filter(({ problems }) => problems.length > 0);
  return Object.fromEntries(named.map(({ name, problems }) => [name, problems]));
}

/** What `status` says while something is so: to scripts, and to people. */
async function statusOf(): Promise<[code: number | null, problems: Record<string, string[]>, page: string]> {
  const json = await site.lifeboat(["status", "--json"]);
  const page = await site.lifeboat(["status"]);
  expect([page.code, statusSchema.parse(JSON.parse(json.stdout)).ok]).toEqual([json.code, json.code === 0]);
  return [json.code, problemsIn(json), page.stdout.replaceAll(/\n {4,}/gu, " ")];
}

/** Runs with the job of an environment changed. */
async function withJob<Result>(change: Record<string, string | number>, work: () => Promise<Result>): Promise<Result> {
  const path = ["cluster", "backup", "lifeboat-prod"];
  const put = (values: typeof change) => site.on("pve-prod", (client) => client.put(path, values));
  await put(change);
  try {
    return await work();
  } finally {
    await put({ enabled: 1, schedule: "01:00" });
  }
}

/** As the job would, over several guests. */
async function runOver(vmid: string): Promise<void> {
  await site.on("pve-prod", async (client: ProxmoxClient) => {
    const upid = await client.post(["nodes", "pve-prod", "vzdump"], { vmid, storage: "backup" });
    await client.tasks.wait(String(upid));
  });
}

test("nothing is wrong: 0 [A10]", async () => {
  expect(await statusOf()).toEqual([0, {}, expect.stringContaining("✓ 4 guests: 4 fine\n")]);
});

test("what verify has found of a newest backup cannot be read: 3, for it may be known to be damaged [A10, K6]", async () => {
  await site.fault("answer-595", { path: "GET /nodes/[^/]+/storage/backup/content/backup:backup/vzdump-lxc-102-" });
  const [code, problems] = await statusOf();
  const text = expect.stringMatching(/^what 'lifeboat verify' has found of .*-102-.* could not be read/u);
  expect([code, problems]).toEqual([3, { db: [text] }]);
});

test("a job that is switched off: 3, and no next run is promised [A10]", async () => {
  const [code, problems, page] = await withJob({ enabled: 0 }, statusOf);
  expect([code, problems]).toEqual([3, { prod: ["the backup job lifeboat-prod is switched off"] }]);
  expect(page).toContain("✗ the backup job lifeboat-prod is switched off\n");
  expect(page).toContain("next run   none (job lifeboat-prod, schedule 01:00)");
  expect(page).toContain("✗ 4 guests: 4 fine; 1 problem of prod itself\n");
});

test("a job that runs at another time than the settings say: 3, with both [A10]", async () => {
  const problem = "the backup job lifeboat-prod runs at '04:30', the settings say '01:00'";
  const found = await withJob({ schedule: "04:30" }, statusOf);
  expect(found).toEqual([3, { prod: [problem] }, expect.stringContaining(`✗ ${problem}\n`)]);
});

test("a job that is gone: 3, with what makes it again, and every guest without it [A10]", async () => {
  const path = ["cluster", "backup"];
  await site.on("pve-prod", (client) => client.delete([...path, "lifeboat-prod"]));
  const [code, problems] = await statusOf();
  const again = { id: "lifeboat-prod", schedule: "01:00", storage: "backup", vmid: "101,102" };
  await site.on("pve-prod", (client) => client.post(path, again));
  const without = ["it is not in the backup job lifeboat-prod"];
  expect([code, problems]).toEqual([
    3,
    {
      prod: [
        "there is no backup job lifeboat-prod: pulumi up makes it, unless it was deleted by hand and Pulumi still knows it; lifeboat preview prod tells",
      ],
      web: without,
      db: without,
    },
  ]);
});

test("a newest backup that is older than its RPO allows: 3, with both times [A8, A10]", async () => {
  onlyArchive("pve-lab", 201, now - 30 * day);
  const [code, problems, page] = await statusOf();
  expect([code, problems]).toEqual([
    3,
    {
      lab: [
        expect.stringMatching(/^the backup of .* is missing$/u),
        expect.stringMatching(/^the newest backup is 30 d.* old, its RPO allows 7 d 2 h$/u),
      ],
    },
  ]);
  expect(page).toMatch(/its RPO allows 7 d 2 h\n/u);
  expect(page).toContain("1 needs you; lab/lab");
});

test("an archive dated later than the node's clock counts as no backup, and is named: 3 [A10, D17]", async () => {
  onlyArchive("pve-prod", 101, now - 40 * day);
  site.putArchive("pve-prod", 101, now + 30 * day, 1_000);
  const [code, problems] = await statusOf();
  expect([code, problems]).toEqual([
    3,
    {
      web: [
        expect.stringMatching(/^the backup of .* is missing$/u),
        expect.stringMatching(/^backup:\S+ counts as no backup: it is dated \S+ \S+, later than the node's clock /u),
        expect.stringMatching(/^the newest backup is 40 d/u),
      ],
    },
  ]);
  const backups = await site.lifeboat(["backups", "prod/web", "--json"]);
  expect(JSON.parse(backups.stdout).backups).toMatchObject([
    { doubt: expect.stringContaining("later than the node's clock") },
    { doubt: null },
  ]);
});

test("the newest archive of an adopted guest is another's: it counts as no backup, and is named: 3 [D15]", async () => {
  const as = (values: Record<string, string>) =>
    site.on("pve-prod", (client) => client.put(["nodes", "pve-prod", "lxc", 101, "config"], values));
  const backUp = () =>
    site.on("pve-prod", async (client) => {
      const upid = await client.post(["nodes", "pve-prod", "vzdump"], { vmid: "101", storage: "backup" });
      await client.tasks.wait(String(upid));
    });
  await as({ description: "lifeboat: lab/other", hostname: "other" });
  await backUp();
  await as({ description: "by hand", hostname: "web" });
  const [code, problems] = await statusOf();
  site.removeArchives("pve-prod", 101);
  await backUp();
  expect([code, problems]).toEqual([
    3,
    { web: [expect.stringMatching(/^backup:\S+ is not of prod\/web: it is of lab\/other; it counts as no backup$/u)] },
  ]);
  expect((await statusOf())[0]).toBe(0);
});

test("a run that failed as a whole: 3, until every guest has a newer backup [A10]", async () => {
  const settings = { type: "vzdump", at: "guest", times: "1" };
  await site.fault("worker-killed", settings);
  await runOver("101,102");
  const [code, problems, page] = await statusOf();
  const newer = Math.floor(Date.now() / 1_000);
  onlyArchive("pve-prod", 101, newer);
  const half = await statusOf();
  onlyArchive("pve-prod", 102, newer);
  const whole = await statusOf();
  await runOver("101,102");
  const failed = /^the backup run of \d{4}-.* on pve-prod failed: unexpected status$/u;
  expect([code, problems]).toEqual([3, { prod: [expect.stringMatching(failed)] }]);
  expect(page).toMatch(/✗ the backup run of .* on pve-prod failed: unexpected status\n/u);
  expect([half[0], whole[0], whole[1]]).toEqual([3, 0, {}]);
});

test("a run that failed for a guest of nobody's settings: 3, with its number and the node's words [A10]", async () => {
  await runOver("101,999");
  onlyArchive("pve-prod", 101, now - 60);
  const [code, problems] = await statusOf();
  await runOver("101,102");
  const failed = /^the backup run of .* on pve-prod failed for guest 999: unable to find VM '999'$/u;
  expect([code, problems]).toEqual([3, { prod: [expect.stringMatching(failed)] }]);
});

test("a storage of which four fifths are used: 3, with what is left; a byte less is no problem [A10]", async () => {
  expect((await statusOf()).slice(0, 2)).toEqual([0, {}]);
  onlyArchive("pve-mon", 301, now - 60, archive + 1);
  const [code, problems, page] = await statusOf();
  const problem =
    "storage backup on pve-mon is 80 % full (2.0 KiB of 9.8 KiB left): docs/runbooks/backup-storage-full.md";
  expect([code, problems]).toEqual([3, { monitoring: [problem] }]);
  expect(page).toContain(`✗ ${problem}\n`);
});

test("a state that is cut off, where the site has no state store: 3, with the way back [A10, E6]", async () => {
  const project = /^name: (\S+)/u.exec(site.read("Pulumi.yaml"))?.[1] ?? "";
  const backend = new FolderBackend(join(site.folder, "data", "lifeboat", project, "pulumi"));
  const key = `.pulumi/stacks/${project}/lab.json`;
  const whole = new StateBuilder(project, "lab", "rhubarb crumble").checkpoint({ resources: [] });
  backend.put(key, whole);
  expect(await statusOf()).toEqual([0, {}, expect.not.stringContaining(backend.folder)]);
  backend.put(key, whole.slice(0, 200));
  const [code, problems, page] = await statusOf();
  backend.remove(key);
  const problem = `its state in ${backend.folder} cannot be used: it is not JSON, or cut off; to go back to an earlier one: lifeboat restore state lab --list`;
  expect([code, problems]).toEqual([3, { lab: [problem] }]);
  expect(page).toContain("✗ 4 guests: 4 fine; 1 problem of lab itself\n");
});

test("an environment that does not answer: 3 although all that can be seen is fine; alone, 14 [A10, K3]", async () => {
  await site.fault("node-unreachable", { node: "pve-lab" });
  const [code, problems, page] = await statusOf();
  expect([code, problems]).toEqual([3, {}]);
  expect(page).toMatch(/✗ 3 guests: 3 fine; lab could not be looked at\n/u);
  const alone = await site.lifeboat(["status", "lab", "--json"]);
  expect(alone.code).toBe(14);
  expect(statusSchema.parse(JSON.parse(alone.stdout)).summary.unknown).toEqual(["lab"]);
});

test("an environment whose settings cannot be used: 3, and the others are shown [A10]", async () => {
  writeFileSync(join(site.project, "Pulumi.broken.yaml"), "config:\n  lifeboat:profile: nonsense\n");
  const result = await site.lifeboat(["status"]);
  rmSync(join(site.project, "Pulumi.broken.yaml"));
  expect([result.code, result.stdout]).toEqual([3, expect.stringContaining("broken could not be looked at")]);
  expect(result.stdout).toContain("4 guests: 4 fine");
});
