import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import { RestoreSite, node } from "../restore/restore-site";
import { killAt } from "../support/kill-at";
import { inRestore } from "../support/held-tasks";

/** What `status` knows besides backups: operations that have not ended, and guests that are not as the settings say. */
let site: RestoreSite;
const other = "pve-prod2";
const web = { id: 101, name: "web" };
const db = { id: 102, name: "db" };
const away = { id: 103, name: "away", node: other };
const off = { id: 104, name: "off", stopped: true };

beforeAll(async () => {
  site = await RestoreSite.start([web, db, away, off], { further: [other] });
  for (const { id } of [web, db, off]) await site.backUp(id);
  await site.backUp(away.id, {}, other);
});

afterAll(() => site.stop());

afterEach(async () => {
  await site.clearFaults();
  for (const folder of [site.stateFolder(), join(site.stateFolder(), "../several")])
    rmSync(folder, { recursive: true, force: true });
});

const unfinishedSchema = z.array(
  z.looseObject({ operation: z.string(), text: z.string(), guests: z.array(z.number()), hint: z.string() }),
);
const unreadableSchema = z.array(z.looseObject({ path: z.string(), guest: z.number().nullable() }));
const journals = { unfinished: unfinishedSchema, unreadable: unreadableSchema };

const statusSchema = z.looseObject({
  summary: z.looseObject({ needYou: z.array(z.string()), unreadable: z.number() }),
  environments: z.array(
    z.looseObject({
      ...journals,
      problems: z.array(z.string()),
      guests: z.array(z.looseObject({ name: z.string(), problems: z.array(z.string()) })),
    }),
  ),
  unknown: z.array(z.looseObject({ name: z.string(), message: z.string(), ...journals })),
  unreadable: unreadableSchema,
});

/** What `status` says to scripts and to people, with one exit code. */
async function status() {
  const json = await site.lifeboat(["status", "--json"]);
  const page = await site.lifeboat(["status"]);
  expect(page.code).toBe(json.code);
  const value = statusSchema.parse(JSON.parse(json.stdout));
  const [environment] = value.environments;
  const guests = environment?.guests ?? [];
  const problemsOf = (name: string): string[] => guests.find((guest) => guest.name === name)?.problems ?? [];
  return { code: json.code, value, environment, problemsOf, page: page.stdout };
}

/** What is said of a guest's power and place. */
function powerOf({ problemsOf }: Awaited<ReturnType<typeof status>>, name: string): string[] {
  return problemsOf(name).filter((text) => /running|stopped|settings say/u.test(text));
}

/** A journal as it is written, of something that has not ended. */
function writeJournal(id: string, contents: Readonly<Record<string, unknown>>): string {
  const times = { startedAt: "2026-11-20T03:00:00.000Z", updatedAt: "2026-11-20T03:00:00.000Z" };
  const journal = {
    version: 1,
    id,
    state: "open",
    ...times,
    request: {},
    inputs: {},
    plan: {},
    steps: {},
    ...contents,
  };
  return writeState(`${id}.json`, JSON.stringify(journal));
}

function writeState(name: string, text: string): string {
  mkdirSync(site.stateFolder(), { recursive: true, mode: 0o700 });
  writeFileSync(join(site.stateFolder(), name), text);
  return join(site.stateFolder(), name);
}

describe("operations that have not ended", () => {
  const restore = ["restore", "guest", "web", "--force", "--stop"];

  /** Killed while its guest is stopped. */
  async function halfRestore(): Promise<void> {
    const { code, stderr } = await site.lifeboat(restore, killAt("after", 8));
    if (code !== null) throw new Error(`The restore was not killed: ${stderr}`);
  }

  async function finish(): Promise<void> {
    const { code, stderr } = await site.lifeboat(restore);
    if (code !== 0 && code !== 3) throw new Error(stderr);
  }

  test("a half-done restore: its guest needs somebody, and who began what when, where it stopped and every way on are said [A10, K4, K5]", async () => {
    await halfRestore();
    const { code, environment, problemsOf, page } = await status();
    const [operation] = environment?.unfinished ?? [];
    expect(operation).toMatchObject({
      kind: "restore-guest",
      text: "a restore of prod/web",
      guests: [web.id],
      by: expect.stringMatching(new RegExp(`^.+@${hostname()}$`, "u")),
      step: expect.any(String),
      process: null,
      command: expect.stringContaining("lifeboat restore guest prod/web"),
      hint: expect.stringContaining("or take it back: lifeboat undo prod/web"),
    });
    expect(code).toBe(3);
    expect(problemsOf("web")).toContainEqual(
      expect.stringMatching(
        /^a restore of prod\/web, begun at 2[-\d]+ [\d:]+ UTC \(just now\) by \S+@\S+, has not ended; it stopped in step '.+': resume it: lifeboat restore guest/u,
      ),
    );
    expect(page.replaceAll(/\s+/gu, " ")).toContain("lifeboat abandon prod/web");
    await finish();
    expect((await status()).environment?.unfinished).toEqual([]);
  });

  test("a half-done restore leaves its guest stopped: nobody is told to start it, neither here nor on another machine [A10, K4]", async () => {
    await halfRestore();
    const here = await status();
    expect(here.problemsOf("web").filter((text) => /pct start/u.test(text))).toEqual([]);
    await finish();
    const { code } = await site.lifeboat(restore, killAt("after", 14));
    expect([code, await site.running(web.id)]).toEqual([null, false]);
    const elsewhere = await site.lifeboat(["status"], { env: site.otherMachine() });
    const text = elsewhere.stdout.replaceAll(/\s+/gu, " ");
    expect(text).toMatch(/a restore of it that made save point \S+ may be half done, perhaps on another machine/u);
    expect(text).toContain("take it back: lifeboat undo prod/web");
    await finish();
  });

  test("the node does not answer: what is half done there is said all the same [A10, K3, K4]", async () => {
    await halfRestore();
    for (const one of [node, other]) await site.fault("node-unreachable", { node: one });
    const { code, value, page } = await status();
    expect(code).toBe(14);
    expect(value.unknown).toMatchObject([{ name: "prod", unfinished: [{ text: "a restore of prod/web" }] }]);
    expect(page).toContain("a restore of prod/web, begun at");
    await site.clearFaults();
    await finish();
  });

  test("a process is at work on it: that is said, and is no problem; neither is its guest, which is stopped meanwhile [A10, K4]", async () => {
    await site.fault("task-waits", { node, ...inRestore });
    const before = site.requests(node).length;
    const run = site.lifeboat(restore);
    const isSent = (): boolean =>
      site
        .requests(node)
        .slice(before)
        .some(({ method, path }) => method === "POST" && path === `/nodes/${node}/lxc`);
    while (!isSent()) await pause(20);
    const { problemsOf, environment, page } = await status();
    expect(environment?.unfinished).toMatchObject([
      { text: "a restore of prod/web", process: expect.any(Number), step: "restore" },
    ]);
    expect(problemsOf("web").filter((text) => !/backup/u.test(text))).toEqual([]);
    expect(page).toMatch(/at work {4}a restore of prod\/web, begun at [-\d]+ [\d:]+ UTC by \S+ \(process \d+\)/u);
    await site.clearFaults();
    await run;
    expect((await status()).environment?.unfinished).toEqual([]);
  });

  test.each([
    [
      "the stack",
      "stack-20261120T030000000",
      { kind: "restore-state", command: "lifeboat restore state prod" },
      "resume it: ",
    ],
    [
      "several guests of a node",
      "1-20261120T030000000",
      {
        kind: "backup-run",
        command: "lifeboat backup --all prod",
        guest: { environment: "prod", name: node, id: 1, node },
        plan: { guests: [web, db] },
      },
      "resume it: ",
    ],
    [
      "a guest that the settings do not have any more",
      "199-20261120T030000000",
      {
        kind: "grow-disks",
        command: "lifeboat grow prod/gone",
        guest: { environment: "prod", name: "gone", id: 199, node },
      },
      "the settings do not have it under this name and number any more: put it back there, and then ",
    ],
    [
      "a kind of a later version",
      "stack-20261120T030000001",
      { kind: "teleport", command: "lifeboat teleport prod" },
      "resume it: ",
    ],
  ])("of %s: a problem of the environment, with its command [A10, K4, K5]", async (_of, id, contents, way) => {
    writeJournal(id, contents);
    const { code, environment } = await status();
    expect(code).toBe(3);
    expect(environment?.unfinished).toMatchObject([{ operation: id, by: null, step: null, command: contents.command }]);
    expect(environment?.problems).toContainEqual(
      expect.stringMatching(
        new RegExp(`, begun at 2026-11-20 03:00 UTC \\(.*\\), has not ended: ${way}${contents.command}`, "u"),
      ),
    );
  });

  test("what was asked for at once and not come to yet [A10, K4]", async () => {
    const { code } = await site.lifeboat(["restore", "guest", "web", "db", "--force", "--stop"], killAt("after", 1));
    expect([code, readdirSync(join(site.stateFolder(), "../several"))]).toEqual([null, [expect.any(String)]]);
    const { problemsOf, environment } = await status();
    expect(environment?.unfinished.map(({ text }) => text).sort()).toEqual([
      "a restore of prod/db",
      "a restore of prod/web",
    ]);
    expect(problemsOf("db")).toContainEqual(expect.stringContaining("a restore of prod/db, begun at"));
  });
});

describe("journals that cannot be read", () => {
  test("a guest's is named at the guest, with what to do, and the others are judged as ever [A10, K4]", async () => {
    const path = writeState("101-20261120T030000000.json", "{");
    const { code, value, environment, problemsOf } = await status();
    expect([code, value.summary.needYou]).toEqual([3, expect.arrayContaining(["prod/web"])]);
    expect(environment?.unreadable).toMatchObject([{ path, guest: web.id }]);
    expect(problemsOf("web")).toContainEqual(
      expect.stringMatching(/^Unable to read journal .*; something may be half done: .*mv /u),
    );
    expect(problemsOf("db").filter((text) => text.includes("journal"))).toEqual([]);
  });

  test.each(["stack", "1", "199"])("%s: the environment's own [A10, K4]", async (of) => {
    const path = writeState(`${of}-20261120T030000000.json`, "");
    const { code, environment } = await status();
    expect([code, environment?.unreadable]).toEqual([3, [expect.objectContaining({ path })]]);
    expect(environment?.problems).toContainEqual(expect.stringContaining(`Unable to read journal ${path}`));
  });

  test("one of what was asked for at once: 3, and it is named [A10, K4]", async () => {
    const folder = join(site.stateFolder(), "../several");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, "batch-20261120T030000000.json");
    writeFileSync(path, "[]");
    const { code, value, page } = await status();
    expect([code, value.unreadable, value.summary.unreadable]).toEqual([3, [expect.objectContaining({ path })], 1]);
    expect(page).toContain(`✗ Unable to read journal ${path}`);
  });
});

describe("guests that are not as the settings say", () => {
  test("one that is stopped and should run, one on another node: named, with the way; those that are as declared are not [A10]", async () => {
    const found = await status();
    expect(found.code).toBe(3);
    expect(powerOf(found, "off")).toEqual([
      "it is stopped, and the settings want it running: on pve-prod: pct start 104",
    ]);
    expect(powerOf(found, "away")).toEqual(["it is on pve-prod2, the settings say pve-prod"]);
    expect([powerOf(found, "web"), powerOf(found, "db")]).toEqual([[], []]);
    expect(found.value.summary.needYou).toEqual(expect.arrayContaining(["prod/off", "prod/away"]));
  });

  test.each([
    ["lifeboat: lab/web", "guest 101 on pve-prod is lab/web, not prod/web"],
    [
      "by hand",
      "guest 101 on pve-prod is named 'web' and does not bear Lifeboat's mark: nothing says that it is prod/web",
    ],
  ])(
    "another's under the number of a declared one, noted '%s': 3, as restore refuses it [A10, D15]",
    async (notes, text) => {
      const guest = { node, type: "lxc", vmid: web.id } as const;
      await site.client.guests.setGuestConfig(guest, { description: notes });
      const found = await status();
      await site.client.guests.setGuestConfig(guest, { description: "lifeboat: prod/web" });
      const mend =
        "give it another number; or, if it is web, write that in place of its notes: pct set 101 --description 'lifeboat: prod/web'";
      expect([found.code, found.problemsOf("web")]).toEqual([3, expect.arrayContaining([`${text}: ${mend}`])]);
      expect((await status()).problemsOf("web")).not.toContain(`${text}: ${mend}`);
    },
  );

  test("a storage that does not answer (596): whether they were backed up is not known, and nobody says never [A10, D3]", async () => {
    await site.fault("answer-596", { path: "^GET .*/storage/backup/content" });
    const { code, problemsOf, page } = await status();
    expect([code, problemsOf("db")]).toEqual([
      3,
      expect.arrayContaining([
        expect.stringMatching(/^whether it was ever backed up is not known: storage backup on \S+ cannot be read/u),
      ]),
    ]);
    expect(problemsOf("db")).not.toContain("it was never backed up");
    expect(page).toMatch(/✗ db +102 +\w+ +unknown +unknown /u);
  });

  test("a folder that shows no backup at all: its disk may not be mounted, and nobody says never [A10, K6]", async () => {
    await site.fault("disk-unmounted", { storage: "backup" });
    const { code, problemsOf, page } = await status();
    expect([code, problemsOf("db")]).toEqual([3, expect.arrayContaining(["no backup of it can be seen"])]);
    expect(problemsOf("db")).not.toContain("it was never backed up");
    // Once, and not for each guest.
    expect(
      page.replaceAll(/\s+/gu, " ").match(/shows no backup at all: none was made yet, or its disk is not mounted/gu),
    ).toHaveLength(1);
    expect(page).toMatch(/✗ db +102 +\w+ +unknown +unknown /u);
  });

  test("a folder of which Proxmox knows what is mounted there shows what there is: never is said, and nothing of mounts [A10]", async () => {
    await site.client.put(["storage", "backup"], { is_mountpoint: "no" });
    await site.fault("disk-unmounted", { storage: "backup" });
    const { code, problemsOf, page } = await status();
    await site.client.put(["storage", "backup"], { delete: "is_mountpoint" });
    expect([code, problemsOf("db")]).toEqual([3, expect.arrayContaining(["it was never backed up"])]);
    expect(page).not.toContain("mounted");
  });

  test("one that the settings want stopped: stopped it is fine, running it is not [A10]", async () => {
    const settings = site.read("Pulumi.prod.yaml");
    site.write("Pulumi.prod.yaml", settings.replaceAll("checks:", "started: false\n      checks:"));
    const found = await status();
    site.write("Pulumi.prod.yaml", settings);
    expect([powerOf(found, "off"), powerOf(found, "web")]).toEqual([
      [],
      ["it runs, and the settings want it stopped: on pve-prod: pct shutdown 101"],
    ]);
  });
});
