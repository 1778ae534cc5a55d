import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { StateSite } from "./state-site";
import { putUpdate, stateKey, stateText } from "./states";

/** `kill -9` at every step of a fallback and of a return: the same command, run again, leaves what an undisturbed run leaves. */

const hook = ["--require", require.resolve("../../support/kill-at-journal-write.cjs")];
const name = "prod";
const minute = 60_000;

/** Two, so that both processors are used. */
let sites: StateSite[];

beforeAll(async () => {
  sites = await Promise.all([StateSite.start(), StateSite.start()]);
});

afterAll(() => Promise.all(sites.map((site) => site.stop())));

/** What is there of the state in both places. */
async function look(site: StateSite) {
  const [found] = await site.local.list(stateKey(name));
  const bucket = [...site.bucket(name)];
  return {
    here: found && (await site.local.read(found.key)).toString(),
    stored: site.bucket(name).get(stateKey(name)),
    saved: bucket.filter(([key]) => key.startsWith(".lifeboat/")).map(([, text]) => text),
    history: bucket.filter(([key]) => key.includes("/history/")).length,
    locks: bucket.filter(([key]) => key.includes("/locks/")).length + (await site.local.list(".pulumi/locks/")).length,
  };
}

interface KilledCommand {
  readonly argv: readonly string[];
  /** Brings the site to what it is before the command. */
  readonly prepare: (site: StateSite) => Promise<void>;
}

async function run(site: StateSite, { argv, prepare }: KilledCommand, env: Record<string, string>) {
  await prepare(site);
  const first = await site.lifeboat(argv, { nodeOptions: hook, env });
  const last = first.code === null ? await site.lifeboat(argv) : first;
  return { killed: first.code === null, code: last.code, said: last.stderr, seen: await look(site) };
}

/** After each write of the journal but the last, which says that it is done. */
async function momentsOf(site: StateSite, command: KilledCommand) {
  const log = join(mkdtempSync(join(site.folder, "log-")), "log");
  const { code, seen, said } = await run(site, command, { LIFEBOAT_TEST_KILL_LOG: log });
  expect({ code, said }).toMatchObject({ code: 0 });
  const versions = readFileSync(log, "utf8").trim().split("\n");
  const done = versions.findIndex((line) => JSON.parse(line).state === "done");
  return { seen, moments: versions.slice(0, done).map((_line, index) => `after ${String(index + 1)}`) };
}

/** Two empty places, then a state in the store and its copy. */
async function afresh(site: StateSite): Promise<void> {
  await site.store.open();
  rmSync(join(site.folder, "data"), { recursive: true, force: true });
  site.store.dropBucket(`lifeboat-state-${name}`);
  site.store.makeBucket(`lifeboat-state-${name}`);
  putUpdate(site, name, minute);
  for (const [key, text] of site.bucket(name)) await site.copies(name).write(key, Buffer.from(text));
}

const fallback: KilledCommand = {
  argv: ["state", "fallback", name, "--force"],
  prepare: async (site) => {
    await afresh(site);
    await site.store.close();
  },
};

const goingBack: KilledCommand = {
  argv: ["state", "return", name, "--force"],
  prepare: async (site) => {
    const kept = join(site.folder, "in-fallback");
    await afresh(site);
    rmSync(join(site.folder, "data"), { recursive: true });
    cpSync(kept, join(site.folder, "data"), { recursive: true });
  },
};

/** A state that changed on this machine while it was in fallback. */
async function keepFallback(site: StateSite): Promise<void> {
  await fallback.prepare(site);
  expect(await site.lifeboat(fallback.argv)).toMatchObject({ code: 0 });
  await site.local.write(stateKey(name), Buffer.from(stateText(site, name, { made: 9 * minute, memory: 2_048 })));
  cpSync(join(site.folder, "data"), join(site.folder, "in-fallback"), { recursive: true });
}

async function expectSame(command: KilledCommand, least: number) {
  const [first] = sites;
  if (first === undefined) throw new Error("There is no site.");
  const { seen, moments } = await momentsOf(first, command);
  expect(moments.length).toBeGreaterThan(least);
  const lanes = sites.map(async (site, lane) => {
    const wrong: unknown[] = [];
    for (const kill of moments.filter((_moment, index) => index % sites.length === lane)) {
      const result = await run(site, command, { LIFEBOAT_TEST_KILL: kill });
      const isSame = shapeOf(result.seen) === shapeOf(seen);
      if (!result.killed || result.code !== 0 || !isSame) wrong.push({ kill, ...result });
    }
    return wrong;
  });
  expect((await Promise.all(lanes)).flat()).toEqual([]);
  return seen;
}

/** Two sites have secrets of their own. */
function shapeOf(seen: Awaited<ReturnType<typeof look>>): string {
  return JSON.stringify(seen).replaceAll(/v1:[^"\\]+/gu, "v1");
}

test("kill -9 at every step of a fallback: the same command ends it [K4, E4]", async () => {
  const seen = await expectSame(fallback, 8);
  expect(seen.here).toContain('"dedicated":60512');
  expect(seen.locks).toBe(0);
});

test("kill -9 at every step of a return: the same command ends it [K4, E4]", async () => {
  await Promise.all(sites.map(keepFallback));
  const seen = await expectSame(goingBack, 16);
  expect(seen).toMatchObject({
    here: undefined,
    stored: expect.stringContaining('"dedicated":2048'),
    locks: 0,
    history: 2,
  });
  expect(seen.saved).toEqual([expect.stringContaining('"dedicated":60512')]);
});
