import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { RestoreSite } from "../restore/restore-site";

/** Looks at a site where somebody has changed a guest's number in the settings: its archives bear the one that it had. */
let site: RestoreSite;

beforeEach(async () => {
  site = await RestoreSite.start([
    { id: 101, name: "web" },
    { id: 102, name: "db" },
  ]);
});

afterEach(() => site.stop());

function renumber(from: number, to: number): void {
  site.write("Pulumi.prod.yaml", site.read("Pulumi.prod.yaml").replace(`id: ${String(from)}\n`, `id: ${String(to)}\n`));
}

async function reads(words: readonly string[]): Promise<number> {
  const before = site.requests().length;
  await site.lifeboat(words);
  return site
    .requests()
    .slice(before)
    .filter(({ path }) => path.endsWith("/vzdump/extractconfig")).length;
}

const way = "write `id: 101` in the settings of web again, then: lifeboat restore guest prod/web";
const found = /its backups lie under number 101, which it had before: 2, the newest of \d{4}-\d\d-\d\d \d\d:\d\d/u;

const checked = z.looseObject({
  subjects: z.array(
    z.looseObject({
      subject: z.string(),
      found: z.string(),
      problems: z.array(z.object({ text: z.string(), next: z.string().nullable() })),
    }),
  ),
});

const listed = z.looseObject({ name: z.string(), otherNumber: z.looseObject({ id: z.number() }).nullable() });
const looked = z.looseObject({ environments: z.array(z.looseObject({ guests: z.array(listed) })) });

async function numbersIn(words: readonly string[]): Promise<unknown[]> {
  const { stdout } = await site.lifeboat(words);
  const { environments } = looked.parse(JSON.parse(stdout));
  return environments.flatMap(({ guests }) => guests.map(({ name, otherNumber }) => [name, otherNumber]));
}

test("a lost guest whose number was changed has its backups under the old one: every look says so, with what brings it back [A3, A10, D15, H2, H6]", async () => {
  const [first, second] = [await site.backUp(101), await site.backUp(101)];
  await site.destroy(101);
  renumber(101, 105);

  const { stdout } = await site.lifeboat(["status"]);
  expect(stdout).toMatch(found);
  expect(stdout.replaceAll(/\s+/gu, " ")).toContain(way);
  expect(stdout.match(/it was never backed up/gu)).toHaveLength(1);
  expect(stdout).not.toContain("101: 2 backups");

  const { stdout: table } = await site.lifeboat(["check", "--json"]);
  const web = checked.parse(JSON.parse(table)).subjects.find(({ subject }) => subject === "web");
  expect(web?.found).toContain("2 backups under 101");
  expect(web?.problems).toContainEqual({ text: expect.stringMatching(found), next: null });
  // What would be refused is no way on.
  expect(web?.problems.filter(({ next }) => next?.startsWith("lifeboat restore guest"))).toEqual([
    expect.objectContaining({ text: expect.stringContaining("check 'running' failed") }),
  ]);

  const seen = { id: 101, backups: 2, newest: expect.any(Number) };
  const both = [
    ["db", null],
    ["web", seen],
  ];
  expect(await numbersIn(["status", "--json"])).toEqual(both);
  expect(await numbersIn(["inventory", "--json"])).toEqual(both);
  expect((await site.lifeboat(["inventory"])).stdout).toMatch(/web +105 .* 2 under 101/u);

  const backups = await site.lifeboat(["backups", "web"]);
  expect(backups).toMatchObject({
    code: 10,
    stderr: expect.stringMatching(
      /there are none under 105, its number in the settings, and 2 archives of it bear 101, which it had before: the newest is of .*\n *HINT: to see them: lifeboat backups prod\/101; to bring it back, write `id: 101` in the settings of web again, then: lifeboat restore guest prod\/web/u,
    ),
  });
  const verified = await site.lifeboat(["verify", "prod", "--archives"]);
  expect((verified.stdout + verified.stderr).replaceAll(/\s+/gu, " ")).toContain(
    "no archive of web is there under its number 105, and 2 of it bear 101, which it had before",
  );
  const shown = await site.lifeboat(["backups", "prod/101"]);
  expect([shown.code, shown.stdout]).toEqual([0, expect.stringContaining(second)]);
  expect(shown.stdout).toContain(first);
});

test("one that is there under the number that it had is not to be restored: the look says under which [A3, A9, D15]", async () => {
  await site.backUp(101);
  renumber(101, 105);
  const { stdout } = await site.lifeboat(["status"]);
  const text = stdout.replaceAll(/\s+/gu, " ");
  expect(text).toContain("guest 105 is not on pve-prod, and it is there as 101 on pve-prod");
  expect(text).toContain("write `id: 101` in the settings of web again, then: lifeboat status prod");
  expect(text).not.toContain("lifeboat adopt 101");
  expect(text).not.toContain("lifeboat restore guest prod/web");
});

test("one that stands under its new number is backed up there, and is told where its older backups lie [A3, D15]", async () => {
  await site.backUp(101);
  await site.lifeboat(["restore", "guest", "web", "--target-id", "105", "--force"]);
  await site.destroy(101);
  const keys = await site.client.guests.guestConfig({ node: "pve-prod", type: "lxc", vmid: 105 });
  await site.setKeys(105, {
    ...z.record(z.string(), z.coerce.string()).parse(keys),
    description: "lifeboat: prod/web",
  });
  renumber(101, 105);
  const { stdout } = await site.lifeboat(["check", "--json"]);
  const web = checked.parse(JSON.parse(stdout)).subjects.find(({ subject }) => subject === "web");
  expect(web?.problems).toContainEqual({
    text: expect.stringMatching(/^its backups lie under number 101, which it had before: 1 of /u),
    next: "lifeboat backup prod/web",
  });
});

test("another guest of the settings that has the old number now is named [A3, D15]", async () => {
  await site.backUp(101, { "notes-template": "{{guestname}} ({{vmid}}) on {{node}}" });
  for (const id of [101, 102]) await site.destroy(id);
  renumber(101, 105);
  renumber(102, 101);
  const { stdout } = await site.lifeboat(["check", "--json"]);
  const web = checked.parse(JSON.parse(stdout)).subjects.find(({ subject }) => subject === "web");
  expect(web?.problems).toContainEqual({
    text: expect.stringMatching(
      /^its backups lie under number 101, .*; give db another number than 101, write `id: 101` in the settings of web again, then: lifeboat restore guest prod\/web$/u,
    ),
    next: null,
  });
});

test("an archive under a number of nobody's that cannot be read may be its: never is not said [A3, K6]", async () => {
  await site.backUp(101);
  await site.destroy(101);
  renumber(101, 105);
  for (const { volid } of await site.archives(101)) {
    writeFileSync(site.nodePath("pve-prod", join("mnt/backup/dump", volid.split("/")[1] ?? "")), "damaged");
  }
  const { stdout } = await site.lifeboat(["check", "--json"]);
  const web = checked.parse(JSON.parse(stdout)).subjects.find(({ subject }) => subject === "web");
  expect(web?.problems).toContainEqual({
    text: expect.stringMatching(
      /^whether it was ever backed up is not known: backup:backup\/vzdump-lxc-101-.* may be its: it cannot be read: /u,
    ),
    next: "lifeboat restore guest prod/web --dry-run",
  });
});

test("no archive is read for it where every guest has a backup, and few where one has none [A3]", async () => {
  await site.backUp(101);
  await site.backUp(102);
  // Its newest archive is read to learn whose it is.
  expect(await reads(["status"])).toBe(2);
  for (let archives = 0; archives < 4; archives += 1) await site.backUp(101);
  renumber(101, 105);
  expect(await reads(["status"])).toBe(3);
});
