import { isSavePoint } from "../../../site/restore/save-point";
import { requireSuccess } from "../support/kit";
import { rewriteJournal } from "../support/rewrite-journal";
import { node, RestoreSite } from "./restore-site";

/** Another guest under the number of the one that is meant: nothing is given up, started or overwritten on its account. */
let site: RestoreSite;

const ids = [101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112];

beforeAll(async () => {
  site = await RestoreSite.start(ids.map((id) => ({ id, name: `g${id}` })));
});

afterAll(() => site.stop());

const run = (...words: string[]) => site.lifeboat(words);
const elsewhere = (...words: string[]) => site.lifeboat(words, { env: site.otherMachine() });
const overwrite = (id: number) => ["restore", "guest", `g${id}`, "--force", "--stop"];
const copy = (id: number, target: number) => ["restore", "guest", `g${id}`, "--target-id", String(target), "--force"];

/** Dies when its journal has this. */
async function killed(words: readonly string[], seen: RegExp): Promise<void> {
  const { code } = await site.lifeboat(words, {
    onWrite: ({ moment, text }, running) => {
      if (moment === "after" && seen.test(text)) running.signal("SIGKILL");
    },
  });
  if (code !== null) throw new Error("it was not killed");
}

const prepared = /"recheck": \{\s+"state": "done"/u;

/** The settings without a guest. */
function without(text: string, id: number): string {
  return text.replace(new RegExp(`^ {4}"?g${id}"?:\\n(?: {5,}.*\\n)+`, "mu"), "");
}

async function savePoints(id: number): Promise<string[]> {
  return (await site.archives(id)).filter(({ notes = "" }) => isSavePoint(notes)).map(({ volid }) => volid);
}

function mark(id: number, whose: string): Promise<void> {
  return site.client.guests.setGuestConfig({ node, type: "lxc", vmid: id }, { description: `lifeboat: ${whose}` });
}

/** Makes another guest with this number, from an archive of that one. */
async function make(id: number, archive: string): Promise<void> {
  const disks = { rootfs: "local:1", mp0: "data:2,mp=/srv,backup=1" };
  const upid = await site.client.guests.restore({ node, type: "lxc", vmid: id }, { ostemplate: archive, ...disks });
  requireSuccess(await site.client.tasks.wait(upid));
}

test("a stranger that is whole is not the guest that is: its save point stays, the archive stays protected, nothing is started [D6, D15, K1]", async () => {
  const archive = await site.backUp(101);
  const other = await site.backUp(102);
  await killed(overwrite(101), prepared);
  await site.destroy(101);
  await make(101, other);
  const again = await run(...overwrite(101));
  expect(again.code).toBe(13);
  expect(again.stderr).toContain("Kept: ");
  expect([(await savePoints(101)).length, await site.running(101)]).toEqual([1, false]);
  expect((await site.archives(101)).find(({ volid }) => volid === archive)?.protected).toBe(true);
});

test("nor are save points given up while another is under the number, one without a mark neither [D6, D15, K1]", async () => {
  await site.backUp(103);
  expect((await run(...overwrite(103))).code).toBe(0);
  const before = await savePoints(103);
  for (const notes of ["lab/other", "prod/g104"]) {
    await mark(103, notes);
    const refused = await elsewhere("undo", "g103", "--forget", "--force");
    expect([refused.code, refused.stderr]).toEqual([13, expect.stringContaining("may be its only way back: ")]);
  }
  await site.client.guests.setGuestConfig({ node, type: "lxc", vmid: 103 }, { description: "by hand" });
  expect((await run("undo", "g103", "--forget", "--force")).code).toBe(13);
  expect(await savePoints(103)).toEqual(before);
  await mark(103, "prod/g103");
  expect((await run("undo", "g103", "--forget", "--force")).code).toBe(0);
});

test("undo deletes no copy that the settings have by now [D10, K4]", async () => {
  await site.backUp(104);
  expect((await run(...copy(104, 901))).code).toBe(0);
  expect((await run("adopt", "901", "--force", "--owner", "me")).code).toBe(0);
  for (const dry of [["--dry-run"], []]) {
    const undo = await run("undo", "g104", "--force", ...dry);
    expect([undo.code, undo.stderr]).toEqual([13, expect.stringContaining("901 is in the settings")]);
  }
  expect([await site.exists(901), await site.running(901)]).toEqual([true, true]);
});

test("nor one that another restore has made at its id from the same archive [D10, K4]", async () => {
  await site.backUp(105);
  expect((await run(...copy(105, 902))).code).toBe(0);
  await site.destroy(902);
  expect((await elsewhere(...copy(105, 902))).code).toBe(0);
  const undo = await run("undo", "g105", "--force");
  expect([undo.code, await site.exists(902)]).toEqual([13, true]);
  expect(undo.stderr).toContain("902 is not the copy that this restore made");
});

test("nor is it started as the copy by a restore that is resumed, or called proven [D10, K4]", async () => {
  await site.backUp(106);
  await killed(copy(106, 903), /"restore": \{\s+"state": "done"/u);
  await site.destroy(903);
  await make(903, await site.backUp(107));
  const again = await run(...copy(106, 903));
  expect([again.code, await site.running(903)]).toEqual([13, false]);
  expect(again.stdout).not.toContain("proven");
  expect((await run("abandon", "prod/g106", "--force")).code).toBe(0);
});

test("another guest is not backed up in its place, where that would prune its archives, and not rolled back [D15]", async () => {
  const good = [await site.backUp(108), await site.backUp(108)];
  await mark(108, "lab/other");
  for (const command of [
    ["backup", "g108"],
    ["backup", "--all", "prod"],
    ["restore", "snapshot", "g108", "first"],
    ["backup", "snapshot", "g108"],
    ["grow", "g108"],
  ]) {
    const refused = await run(...command);
    expect([command, refused.stderr + refused.stdout]).toEqual([
      command,
      expect.stringContaining("it is lab/other, not prod/g108"),
    ]);
    expect(refused.code).not.toBe(0);
  }
  expect((await site.archives(108)).map(({ volid }) => volid)).toEqual(good.toReversed());
});

test("undo takes the restore that is last by the node's clock, whatever this machine's says [K4]", async () => {
  await site.backUp(109);
  expect((await run(...overwrite(109))).code).toBe(0);
  rewriteJournal(site.stateFolder("prod"), (found) => ({
    ...found,
    startedAt: new Date(Date.parse(found.startedAt) + 20 * 3_600_000).toISOString(),
  }));
  await site.control({ command: "forward", seconds: 2 });
  expect((await elsewhere(...overwrite(109))).code).toBe(0);
  const [newest = ""] = await savePoints(109);
  expect((await run("undo", "g109", "--dry-run")).stdout).toContain(`from ${newest}`);
});

test("what is half done on a guest that left the settings can be given up, by its number or name, as status says [K4, K5]", async () => {
  await site.backUp(110);
  const settings = site.read("Pulumi.prod.yaml");
  for (const subject of ["g110", "110", undefined]) {
    await killed(overwrite(110), prepared);
    site.write("Pulumi.prod.yaml", settings.replace(/^ {4}"?g110"?:\n(?: {5,}.*\n)+/mu, ""));
    const { stdout } = await run("status");
    const hinted = [...stdout.replaceAll(/\s+/gu, " ").matchAll(/lifeboat abandon (prod\/\S+)/gu)].map(
      ([, name]) => name,
    );
    expect([hinted, stdout.includes("lifeboat undo prod/g110")]).toEqual([["prod/110"], false]);
    const given = await run("abandon", subject ?? hinted[0] ?? "", "--force");
    const told = given.stdout.replaceAll(/\s+/gu, " ");
    expect([given.code, told]).toEqual([0, expect.stringContaining("Abandoned a restore of prod/g110.")]);
    expect(told).toMatch(
      /- g110 \(110\) is stopped on pve-prod (?:pct start 110 )?- save point backup:\S+ stays - archive backup:\S+ stays protected until/u,
    );
    expect((await run("abandon", "g110", "--force")).code).toBe(2);
    site.write("Pulumi.prod.yaml", settings);
  }
});

test("what is half done on a guest that left the settings is found by its journal: taken back, or told what is missing [K4]", async () => {
  const settings = site.read("Pulumi.prod.yaml");
  const leave = (): void => site.write("Pulumi.prod.yaml", settings.replace(/^ {4}"?g110"?:\n(?: {5,}.*\n)+/mu, ""));
  if (!(await site.running(110))) {
    const upid = await site.client.guests.start({ node, type: "lxc", vmid: 110 });
    await site.client.tasks.wait(upid);
  }
  const before = await savePoints(110);
  await killed(overwrite(110), prepared);
  leave();
  const resumed = await run(...overwrite(110));
  expect([resumed.code, resumed.stderr.replaceAll(/\s+/gu, " ")]).toEqual([
    2,
    expect.stringMatching(
      /a restore of prod\/g110, begun at [-\d]+ [\d:]+ UTC, has not ended[^]*or take it back: lifeboat undo prod\/110/u,
    ),
  ]);
  const undone = await run("undo", "prod/g110", "--force");
  expect([undone.code, await site.running(110), await savePoints(110)]).toEqual([0, true, before]);
  site.write("Pulumi.prod.yaml", settings);
  expect((await run(...overwrite(110))).code).toBe(0);
  leave();
  const overwritten = await run("undo", "110", "--force", "--stop");
  expect([overwritten.code, overwritten.stderr.replaceAll(/\s+/gu, " ")]).toEqual([
    13,
    expect.stringContaining(
      "put it back into Pulumi.prod.yaml as g110 with the id 110, and again: lifeboat undo prod/g110",
    ),
  ]);
  expect((await run("undo", "nobody")).code).toBe(2);
  site.write("Pulumi.prod.yaml", settings);
  expect((await run("undo", "g110", "--force", "--stop")).code).toBe(0);
});

test.each([
  ["by hand", [101, 102]],
  ["lifeboat: prod/g102", [101, 102]],
])(
  "a stranger (%s) under the number of a guest that left the settings is not that guest: nothing is given up or started [D6, D15, K4]",
  async (description, left) => {
    const settings = site.read("Pulumi.prod.yaml");
    const address = { node, type: "lxc", vmid: 101 } as const;
    await site.client.guests.setGuestConfig(address, { description: "lifeboat: prod/g101", hostname: "g101" });
    if (!(await site.running(101)))
      requireSuccess(await site.client.tasks.wait(await site.client.guests.start(address)));
    const archive = await site.backUp(101);
    const other = await site.backUp(102);
    await killed(overwrite(101), prepared);
    const before = await savePoints(101);
    await site.destroy(101);
    await make(101, other);
    await site.client.guests.setGuestConfig(address, { description, hostname: "stranger" });
    site.write("Pulumi.prod.yaml", left.reduce(without, settings));
    const undone = await run("undo", "prod/g101", "--force");
    site.write("Pulumi.prod.yaml", settings);
    expect([undone.code, undone.stdout]).toEqual([0, expect.stringContaining("it is not g101")]);
    expect([await savePoints(101), await site.running(101)]).toEqual([before, false]);
    expect((await site.archives(101)).find(({ volid }) => volid === archive)?.protected).toBe(true);
  },
);

test("nor is a new guest overwritten with, or taken for, the one that had its number under another name [D6, D15, K4]", async () => {
  const settings = site.read("Pulumi.prod.yaml");
  await site.backUp(107);
  const other = await site.backUp(102);
  expect((await run(...overwrite(107))).code).toBe(0);
  await site.destroy(107);
  await make(107, other);
  await mark(107, "prod/fresh");
  const before = await site.picture(107);
  site.write("Pulumi.prod.yaml", settings.replace(/^( {4}"?)g107("?:)/mu, "$1fresh$2"));
  const undone = await run("undo", "prod/fresh", "--force", "--stop");
  site.write("Pulumi.prod.yaml", settings);
  expect([undone.code, undone.stderr.replaceAll(/\s+/gu, " ")]).toEqual([
    13,
    expect.stringMatching(/is of g107 \(107\), not of fresh/u),
  ]);
  expect(await site.picture(107)).toEqual(before);
});

test("an undo that was begun under another name is not resumed for the guest that has the number now [D6, D15, K4]", async () => {
  const settings = site.read("Pulumi.prod.yaml");
  await site.backUp(111);
  expect((await run(...overwrite(111))).code).toBe(0);
  await killed(["undo", "g111", "--force", "--stop"], prepared);
  const before = await site.picture(111);
  site.write("Pulumi.prod.yaml", settings.replace(/^( {4}"?)g111("?:)/mu, "$1fresh$2"));
  const undone = await run("undo", "prod/fresh", "--force", "--stop");
  site.write("Pulumi.prod.yaml", settings);
  expect([undone.code, undone.stderr.replaceAll(/\s+/gu, " ")]).toEqual([
    13,
    expect.stringMatching(/is of g111 \(111\), not of fresh.*lifeboat undo prod\/g111/u),
  ]);
  expect(await site.picture(111)).toEqual(before);
  expect((await run("undo", "g111", "--force", "--stop")).code).toBe(0);
});

test("a clock that is ahead, or a save point of the future, makes none of today old [D6, K1]", async () => {
  await site.control({ command: "clock", offset: 0 });
  requireSuccess(await site.client.tasks.wait(await site.client.backups.vzdump(node, 112, { storage: "backup" })));
  expect((await run(...overwrite(112))).code).toBe(0);
  const before = await savePoints(112);
  expect(before).toHaveLength(1);
  const old = () => run("undo", "g112", "--forget", "--older-than", "30", "--force");
  expect([(await old()).code, await savePoints(112)]).toEqual([0, before]);
  await site.control({ command: "clock", offset: 40 * 86_400 });
  const ahead = await old();
  expect([ahead.code, ahead.stderr]).toEqual([13, expect.stringContaining("the node's clock says")]);
  expect((await run(...overwrite(112))).code).toBe(0);
  await site.control({ command: "clock", offset: 0 });
  const future = await old();
  expect([future.code, future.stderr]).toEqual([13, expect.stringContaining("which is in the future")]);
  expect(await savePoints(112)).toEqual(expect.arrayContaining(before));
});
