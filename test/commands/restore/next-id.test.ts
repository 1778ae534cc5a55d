import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ArchiveFiles } from "../support/site/archive-files";
import { RestoreSite, node } from "./restore-site";

let site: RestoreSite;

beforeAll(async () => {
  site = await RestoreSite.start([
    { id: 101, name: "web" },
    { id: 103, name: "db" },
  ]);
  // 100 is declared elsewhere, 102 has an archive, 104 a job: the first that nothing knows is 105.
  site.declare("lab", { profile: "lab", node, ca: "site-ca.pem", guests: { other: ["adopt: 100"] } });
  await site.backUp(101);
  await site.backUp(103);
  new ArchiveFiles(site.nodePath(node, "/mnt/backup/dump")).put(102, 1_790_000_000, 512, "");
  const root = site.rootClient();
  await root.post(["cluster", "backup"], { id: "by-hand", schedule: "02:00", storage: "backup", vmid: "104" });
  await root.close();
});

afterAll(() => site.stop());

afterEach(() => site.clearFaults());

const next = (...names: string[]): string[] => ["restore", "guest", ...names, "--target-id", "next"];

async function exist(): Promise<number[]> {
  const guests = await site.client.cluster.guests();
  return guests.map(({ vmid }) => vmid).sort((a, b) => a - b);
}

test("an id is found that no settings, archive, job or guest has: the plan shows it, and the copy gets it [D5, D10]", async () => {
  const dry = await site.lifeboat([...next("web"), "--dry-run", "--json"]);
  expect(JSON.parse(dry.stdout).plan).toMatchObject({ mode: "beside", target: { node, vmid: 105 } });
  const shown = await site.lifeboat([...next("web"), "--dry-run"]);
  expect(shown.stdout).toContain("Plan: restore prod/web beside it, as guest 105 on pve-prod");
  const done = await site.lifeboat([...next("web"), "--force", "--json"]);
  expect([done.code, JSON.parse(done.stdout)]).toEqual([0, expect.objectContaining({ vmid: 105, mode: "beside" })]);
  expect(await exist()).toEqual([101, 103, 105]);
  expect((await site.lifeboat(["undo", "web", "--force"])).code).toBe(0);
  expect(await exist()).toEqual([101, 103]);
});

test("each copy of a batch gets an id of its own, and a number is for one guest only [D5, D10, K2]", async () => {
  const dry = await site.lifeboat([...next("web", "db"), "--dry-run", "--json"]);
  const { guests } = JSON.parse(dry.stdout).plan;
  const ids = guests.map(({ target }: { target: { vmid: number } }) => target.vmid);
  expect(ids.toSorted()).toEqual([105, 106]);
  const done = await site.lifeboat([...next("web", "db"), "--force", "--json"]);
  expect([done.code, await exist()]).toEqual([0, [101, 103, 105, 106]]);
  for (const name of ["web", "db"]) expect((await site.lifeboat(["undo", name, "--force"])).code).toBe(0);
  const one = await site.lifeboat(["restore", "guest", "web", "db", "--target-id", "900", "--force"]);
  expect([one.code, one.stderr]).toEqual([
    2,
    expect.stringContaining("HINT: give each an id of its own: --target-id next"),
  ]);
});

test("killed, it is resumed with the id that it was planned with, although a lower one is free by now, and others keep off it [D10, K4]", async () => {
  const env = site.otherMachine();
  const archives = new ArchiveFiles(site.nodePath(node, "/mnt/backup/dump"));
  archives.put(105, 1_790_000_000, 512, "");
  const killed = await site.lifeboat([...next("web"), "--force"], { env, killAt: "after 3" });
  expect(killed.code).toBeNull();
  expect(plannedIds(env)).toEqual([106]);
  archives.remove(105);
  const other = await site.lifeboat([...next("db"), "--dry-run", "--json"], { env });
  expect(JSON.parse(other.stdout).plan.target.vmid).toBe(105);
  archives.put(105, 1_790_000_000, 512, "");
  const beside = await site.lifeboat([...next("db"), "--dry-run", "--json"], { env });
  expect(JSON.parse(beside.stdout).plan.target.vmid).toBe(107);
  archives.remove(105);
  const resumed = await site.lifeboat([...next("web"), "--force"], { env });
  expect([resumed.code, await exist()]).toEqual([0, [101, 103, 106]]);
  expect((await site.lifeboat(["undo", "web", "--force"], { env })).code).toBe(0);
});

/** Ids of the targets in the journals of a machine. */
function plannedIds(env: Readonly<Record<string, string>>): number[] {
  const folder = site.stateFolder("prod", env);
  const journals = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return journals.map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")).plan.target.vmid);
}

test("an id of those that drills make and destroy copies with is none [D10, G2]", async () => {
  const lines = ["  lifeboat:drill: { bridge: vmbr9, ids: { from: 104, to: 110 } }"];
  site.declare("lab", { profile: "lab", node, ca: "site-ca.pem", lines, guests: { other: ["adopt: 100"] } });
  const dry = await site.lifeboat([...next("web"), "--dry-run", "--json"]);
  expect(JSON.parse(dry.stdout).plan.target.vmid).toBe(111);
  site.declare("lab", { profile: "lab", node, ca: "site-ca.pem", guests: { other: ["adopt: 100"] } });
});

test("what cannot be looked into is not unused: no id is taken, and the words to name one are said [D10, K6]", async () => {
  site.write("Pulumi.broken.yaml", "config:\n  lifeboat:profile: nonsense\n");
  const before = await exist();
  const refused = await site.lifeboat([...next("web"), "--force"]);
  rmSync(join(site.folder, "project/Pulumi.broken.yaml"));
  expect([refused.code, refused.stderr]).toEqual([
    14,
    expect.stringContaining("whether any id is unused is not known: the settings of broken cannot be read"),
  ]);
  expect(refused.stderr).toContain("--target-id 105 --reuse-id=105");
  expect(await exist()).toEqual(before);
  const both = await site.lifeboat([...next("web"), "--reuse-id", "105"]);
  expect([both.code, both.stderr]).toEqual([2, expect.stringContaining("--target-id next takes an unused id")]);
  const word = await site.lifeboat(["restore", "guest", "web", "--target-id", "any"]);
  expect([word.code, word.stderr]).toEqual([
    2,
    expect.stringContaining("--target-id: an id from 100 to 999999999, or next"),
  ]);
});
