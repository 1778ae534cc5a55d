import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { converse } from "../support/converse";
import type { RunOptions } from "../support/run-bundle";
import { isSavePoint } from "../../../site/restore/save-point";
import { node, RestoreSite } from "./restore-site";

/** What changes while a plan stands on the screen, or its first steps run: nothing is killed. */
let site: RestoreSite;
let settings: string;
let next = 101;

const guests = Array.from({ length: 8 }, (_, index) => ({ id: 101 + index, name: `guest-${101 + index}` }));

beforeAll(async () => {
  site = await RestoreSite.start(guests);
  settings = site.read("Pulumi.prod.yaml");
});

afterAll(() => site.stop());

afterEach(() => site.write("Pulumi.prod.yaml", settings));

/** Done once, when the plan is made and its journal begins. */
function meanwhile(change: () => void): RunOptions {
  let isDone = false;
  return {
    onWrite: ({ moment }) => {
      if (moment !== "before" || isDone) return;
      isDone = true;
      change();
    },
  };
}

/** A guest of its own with an archive, and a configuration that the archive does not hold. */
async function changedGuest(): Promise<number> {
  const id = next++;
  await site.backUp(id);
  await site.client.guests.setGuestConfig({ node, type: "lxc", vmid: id }, { memory: 640 });
  return id;
}

const restore = (id: number, options: RunOptions) =>
  site.lifeboat(["restore", "guest", `guest-${String(id)}`, "--force", "--stop"], options);

/** Overwritten by nobody, running, and without a save point. */
async function expectAsBefore(id: number): Promise<void> {
  const { memory } = await site.client.guests.guestConfig({ node, type: "lxc", vmid: id });
  const savePoints = (await site.archives(id)).filter(({ notes = "" }) => isSavePoint(notes));
  expect([memory, await site.running(id), savePoints]).toEqual(["640", true, []]);
}

test.each([
  ["give it another number", (id: number) => settings.replace(`id: ${String(id)}\n`, "id: 999\n")],
  [
    "check it otherwise",
    (id: number) => settings.replace(new RegExp(`(id: ${String(id)}\\n[^]*?checks: )\\[running\\]`, "u"), "$1[ping]"),
  ],
  ["have it no more", (id: number) => settings.replaceAll(`guest-${String(id)}:`, "another:")],
])("settings that %s: nothing is overwritten, and what was prepared is taken back [D6, K1]", async (_, changed) => {
  const id = await changedGuest();
  const text = changed(id);
  const { code, stderr } = await restore(
    id,
    meanwhile(() => site.write("Pulumi.prod.yaml", text)),
  );
  expect(text).not.toBe(settings);
  expect([code, stderr]).toEqual([13, expect.stringContaining("the guest's settings changed since the plan was made")]);
  await expectAsBefore(id);
});

test("settings that are wrong by now: nothing is overwritten [D6, K1]", async () => {
  const id = await changedGuest();
  const { code, stderr } = await restore(
    id,
    meanwhile(() => site.write("Pulumi.prod.yaml", `${settings}  lifeboat:nonsense: 1\n`)),
  );
  expect([code, stderr]).toEqual([2, expect.stringContaining("nonsense")]);
  await expectAsBefore(id);
});

test("an archive that is removed meanwhile: nothing is overwritten [D6, K1]", async () => {
  const id = await changedGuest();
  const [archive] = await site.archives(id);
  const file = site.nodePath(node, join("mnt/backup/dump", archive?.volid.split("/")[1] ?? ""));
  expect(readFileSync(file).length).toBeGreaterThan(0);
  const { code } = await restore(
    id,
    meanwhile(() => rmSync(file)),
  );
  expect(code).not.toBe(0);
  await expectAsBefore(id);
});

/** Holds the site's clock in one second until the node was asked for its time so often, or has begun a backup. */
async function holdClock(second: number, asked: number, isOver: () => boolean): Promise<void> {
  const from = site.requests().length;
  const since = () => site.requests().slice(from);
  const isReached = () =>
    since().filter(({ path }) => path.endsWith(`/nodes/${node}/time`)).length > asked ||
    since().some(({ method, path }) => method === "POST" && path.endsWith("/vzdump"));
  while (!isReached() && !isOver()) {
    await site.control({ command: "clock", offset: second - Math.floor(Date.now() / 1_000) });
    await setTimeout(20);
  }
}

test("an archive that is removed in the second in which it was made: the save point is not taken for it [D6, K1]", async () => {
  const id = next++;
  await site.backUp(id);
  const [archive] = await site.archives(id);
  if (archive === undefined) throw new Error("There is no archive.");
  const file = site.nodePath(node, join("mnt/backup/dump", archive.volid.split("/")[1] ?? ""));
  let isOver = false;
  const held = holdClock(archive.ctime, 6, () => isOver);
  const { code, stderr } = await restore(
    id,
    meanwhile(() => rmSync(file)),
  );
  isOver = true;
  await held;
  expect([code, stderr]).toEqual([13, expect.stringContaining("the archive changed since the plan was made")]);
  expect([await site.running(id), await site.archives(id)]).toEqual([true, []]);
});

test.each([
  ["one guest", (id: number) => [`guest-${String(id)}`]],
  ["one of a batch", (id: number) => [`guest-${String(id)}`, "guest-101"]],
])(
  "a backup that is made while the question about %s stands open: the plan is made and asked anew [D2, D6, K1]",
  async (_, names) => {
    const id = await changedGuest();
    const before = await site.archives(id);
    const question = "Stop";
    let newer = "";
    const nightly = async (): Promise<string> => {
      newer = await site.backUp(id);
      return "y";
    };
    const { shown, unasked } = await converse(
      ["restore", "guest", ...names(id), "--force"],
      [
        [question, nightly],
        ["Not begun, as this is not what was shown any more", ""],
        [question, "n"],
      ],
      { cwd: site.project, env: site.env },
      200,
    );
    expect([unasked, shown]).toEqual([[], expect.stringContaining(`${newer} is newer`)]);
    expect(shown).toContain("you answered no; nothing was changed");
    expect((await site.archives(id)).map(({ volid }) => volid)).toEqual([newer, ...before.map(({ volid }) => volid)]);
    const { memory } = await site.client.guests.guestConfig({ node, type: "lxc", vmid: id });
    expect([memory, await site.running(id)]).toEqual(["640", true]);
  },
);
