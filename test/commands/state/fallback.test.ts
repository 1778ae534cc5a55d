import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { toldForged, withForgedCommand } from "../../support/state/forged";
import { StateSite, type StateEnvironment } from "./state-site";
import { stateKey, stateText, putUpdate } from "./states";

/** `lifeboat state fallback` and `lifeboat state return`, without `pulumi`: an update on this machine is a file that changes. */

let site: StateSite;

beforeEach(async () => {
  site = await StateSite.start();
});

afterEach(() => site.stop());

const name: StateEnvironment = "prod";
const minute = 60_000;

/** The site's state is copied, and its store stops. */
async function lose(): Promise<void> {
  putUpdate(site, name, minute);
  expect(await site.lifeboat(["backup", "state", name])).toMatchObject({ code: 0 });
  await site.store.close();
}

function fallBack(...flags: string[]) {
  return site.lifeboat(["state", "fallback", name, ...flags]);
}

function goBack(...flags: string[]) {
  return site.lifeboat(["state", "return", name, ...flags]);
}

/** What `pulumi up` would leave on this machine. */
async function updateHere(memory: number): Promise<string> {
  const text = stateText(site, name, { made: 5 * minute, memory });
  const entry = { kind: "update", result: "succeeded", startTime: 3, endTime: 4, message: "here", environment: {} };
  const history = ".pulumi/history/shop/prod/prod-300000000000";
  await site.local.write(`${history}.history.json`, Buffer.from(JSON.stringify(entry)));
  await site.local.write(`${history}.checkpoint.json`, Buffer.from(text));
  await site.local.write(stateKey(name), Buffer.from(text));
  return text;
}

async function here(): Promise<string | undefined> {
  const [found] = await site.local.list(stateKey(name));
  return found && (await site.local.read(found.key)).toString();
}

function saved(): string[] {
  return [...site.bucket(name)].filter(([key]) => key.startsWith(".lifeboat/points/")).map(([, text]) => text);
}

function locks(): string[] {
  return [...site.bucket(name).keys()].filter((key) => key.startsWith(".pulumi/locks/"));
}

const archives = (): string[] => {
  const folder = join(site.folder, "data", "lifeboat", "shop", "pulumi", "archive");
  return existsSync(folder) ? readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8")) : [];
};

test("a dry run shows the copy and writes nothing [E4, K1]", async () => {
  await lose();
  const { code, stdout } = await fallBack("--dry-run");
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/after update \(succeeded\)/u) });
  expect(await here()).toBeUndefined();
});

test("the copy becomes the live state here, with its history, and plain pulumi is pointed to it [E4]", async () => {
  await lose();
  // What plain pulumi would say only after long, and in words of its libraries.
  const down = await site.lifeboat(["env", name]);
  expect(down).toMatchObject({ code: 0, stdout: expect.stringContaining("s3://") });
  expect(down.stderr).toMatch(/does not answer: ECONNREFUSED; pulumi fails.*: lifeboat state fallback prod, then/u);
  const preview = await site.lifeboat(["preview", name]);
  expect(preview.stderr).toContain("✗ preview prod");
  expect(preview).toMatchObject({
    code: 3,
    stdout: expect.stringMatching(/ECONNREFUSED[^]*lifeboat state fallback prod/u),
  });
  const { code, stdout, stderr } = await fallBack("--force");
  expect({ code, stdout, stderr }).toMatchObject({ code: 0, stdout: expect.stringMatching(/is on this machine now/u) });
  expect(await here()).toBe(site.bucket(name).get(stateKey(name)));
  expect((await site.local.list(".pulumi/history/shop/prod/")).length).toBe(2);
  const env = await site.lifeboat(["env", name]);
  expect(env.stdout).toContain("file://");
  expect(env.stderr).not.toContain("does not answer");
  // A second one has nothing to do, and says what to do instead.
  expect(await fallBack("--force")).toMatchObject({ code: 13, stderr: expect.stringContaining("state return prod") });
});

test("a copy with what the program never makes becomes no state, and one that is here goes to no store [N2]", async () => {
  await lose();
  const [good = "", copies] = [site.bucket(name).get(stateKey(name)), site.copies(name)];
  await copies.write(stateKey(name), Buffer.from(withForgedCommand(good)));
  expect(await fallBack("--force")).toMatchObject({ code: 13, stderr: toldForged() });
  expect(await here()).toBeUndefined();
  await copies.write(stateKey(name), Buffer.from(good));
  expect(await fallBack("--force")).toMatchObject({ code: 0 });
  await site.store.open();
  await site.local.write(stateKey(name), Buffer.from(withForgedCommand(good)));
  expect(await goBack("--force")).toMatchObject({ code: 13, stderr: toldForged() });
  expect(site.bucket(name).get(stateKey(name))).toBe(good);
});

test("refused while the store answers, without a copy, and without a question's answer [E4, K1]", async () => {
  putUpdate(site, name, minute);
  expect(await fallBack("--force")).toMatchObject({ code: 10, stderr: expect.stringContaining("--from") });
  await site.lifeboat(["backup", "state", name]);
  expect(await fallBack("--force")).toMatchObject({
    code: 13,
    stderr: expect.stringMatching(/answers; nothing was changed\nHINT: add --although-store-answers/u),
  });
  await site.store.close();
  expect(await fallBack()).toMatchObject({ code: 2, stderr: expect.stringContaining("add --force") });
  expect(await here()).toBeUndefined();
});

test("a store that fails once is not taken for one that is lost: its state would go on in two places [E4, K4]", async () => {
  putUpdate(site, name, minute);
  await site.lifeboat(["backup", "state", name]);
  site.store.failsOnce = 500;
  expect(await fallBack("--force")).toMatchObject({ code: 13, stderr: expect.stringContaining("answers") });
  expect(site.store.failsOnce).toBeUndefined();
  expect(await here()).toBeUndefined();
});

test("a copy that is older than what the store was last seen with needs its own flag [E4, E6]", async () => {
  putUpdate(site, name, minute);
  await site.lifeboat(["backup", "state", name]);
  putUpdate(site, name, 2 * minute);
  // Another place for this copy: the folder of the settings stays behind, and the store was seen.
  await site.lifeboat(["backup", "state", name, "--to", join(site.folder, "elsewhere")]);
  await site.store.close();
  expect(await fallBack("--force")).toMatchObject({
    code: 13,
    stderr: expect.stringMatching(/last seen with a newer state.*\nHINT: add --accept-stale/u),
  });
  expect(await fallBack("--force", "--from", join(site.folder, "elsewhere"))).toMatchObject({ code: 0 });
});

test("a wrong passphrase: 12, nothing written [E4]", async () => {
  await lose();
  const wrong = { env: { PULUMI_CONFIG_PASSPHRASE: "another" } };
  expect(await site.lifeboat(["state", "fallback", name, "--force"], wrong)).toMatchObject({ code: 12 });
  expect(await here()).toBeUndefined();
});

test("from the second S3 service, with a site whose folder is lost [E4, E6]", async () => {
  putUpdate(site, name, minute);
  await site.lifeboat(["backup", "state", name, "--to", "offsite"]);
  await site.store.close();
  expect(await fallBack("--force", "--from", "offsite")).toMatchObject({ code: 0 });
  expect(await here()).toBe(site.bucket(name).get(stateKey(name)));
});

test("return while the store does not answer: 14, and the state stays here [E4]", async () => {
  await lose();
  await fallBack("--force");
  expect(await goBack("--force")).toMatchObject({ code: 14, stderr: expect.stringContaining("rebuild state-store") });
  expect(await here()).toBeDefined();
});

test("what was done here meanwhile is in the store after the return; its old state is a restore point [E4]", async () => {
  await lose();
  const old = site.bucket(name).get(stateKey(name));
  await fallBack("--force");
  const text = await updateHere(2_048);
  await site.store.open();
  const { code, stdout, stderr } = await goBack("--force");
  expect({ code, stdout, stderr }).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/lives in the store again/u),
  });
  expect(stderr).toMatch(/web-container .*memory/u);
  expect(site.bucket(name).get(stateKey(name))).toBe(text);
  expect([...site.bucket(name).keys()].filter((key) => key.includes("/history/"))).toHaveLength(4);
  expect(saved()).toEqual([old]);
  expect({ here: await here(), archives: archives(), locks: locks() }).toEqual({
    here: undefined,
    archives: [text],
    locks: [],
  });
  // The folder of copies is what the store holds now, and the backend is the store's again.
  expect((await site.copies(name).read(stateKey(name))).toString()).toBe(text);
  expect((await site.lifeboat(["env", name])).stdout).toContain("s3://lifeboat-state-prod");
});

test.each<[string, boolean]>([
  ["neither has moved", false],
  ["only the store has moved", true],
])("return when %s: the state here is put away [E4]", async (_, moves) => {
  await lose();
  await fallBack("--force");
  await site.store.open();
  if (moves) putUpdate(site, name, 3 * minute);
  const [before, local] = [site.bucket(name), (await here()) ?? ""];
  expect(await goBack("--force")).toMatchObject({ code: 0 });
  const after = [...site.bucket(name)].filter(([key]) => !key.startsWith(".lifeboat/points/"));
  expect(new Map(after)).toEqual(before);
  expect(saved()).toEqual(moves ? [local] : []);
  expect({ here: await here(), kept: archives().length }).toEqual({ here: undefined, kept: 1 });
});

describe("both have moved", () => {
  let text: string;
  let stored: string;

  beforeEach(async () => {
    await lose();
    await fallBack("--force");
    text = await updateHere(2_048);
    await site.store.open();
    stored = putUpdate(site, name, 3 * minute, { memory: 4_096 });
  });

  test("13 with the difference in words and a way out; nothing is changed [E4]", async () => {
    const before = site.bucket(name);
    const { code, stderr } = await goBack("--force");
    expect(code).toBe(13);
    expect(stderr).toMatch(/web-container .*memory .*4096.* in the store and .*2048.* here/u);
    expect(stderr).toMatch(/HINT: .*--keep local.*--keep store/u);
    expect(site.bucket(name)).toEqual(before);
    expect(await here()).toBe(text);
  });

  test("--keep local: the store's is a restore point [E4]", async () => {
    expect(await goBack("--force", "--keep", "local")).toMatchObject({ code: 0 });
    expect(site.bucket(name).get(stateKey(name))).toBe(text);
    expect(saved()).toEqual([stored]);
  });

  test("--keep store: the one from here is a restore point [E4]", async () => {
    expect(await goBack("--force", "--keep", "store")).toMatchObject({ code: 0 });
    expect(site.bucket(name).get(stateKey(name))).toBe(stored);
    expect(saved()).toEqual([text]);
    expect(await here()).toBeUndefined();
  });
});

/** A return that is refused: what is in the store and here stays so. */
async function refusedReturn(): Promise<string> {
  const before = [site.bucket(name), await here()];
  const { code, stderr } = await goBack("--force");
  expect([code, site.bucket(name), await here()]).toEqual([13, ...before]);
  return stderr;
}

describe("one has moved, and is the older", () => {
  let old: string;

  beforeEach(() => {
    old = putUpdate(site, name, minute);
  });

  /** The state of two updates is here; the store holds what it held after the first of them. */
  async function bringBackOldStore(): Promise<string> {
    const text = putUpdate(site, name, 2 * minute);
    await site.lifeboat(["backup", "state", name]);
    await site.store.close();
    await fallBack("--force");
    await site.store.open();
    site.put(name, stateKey(name), old);
    for (const half of ["history", "checkpoint"]) {
      site.store.remove(`lifeboat-state-${name}`, `.pulumi/history/shop/prod/prod-${String(2 * minute)}.${half}.json`);
    }
    return text;
  }

  test("a store that was brought back from an old backup does not win: 13 with what both say of themselves [E4]", async () => {
    await bringBackOldStore();
    const stderr = await refusedReturn();
    expect(stderr).toMatch(/the state in the store would take the place .*its history does not have the last update/u);
    expect(stderr).toMatch(
      /on this machine: made at 1970-01-01T00:02:00.000Z .*2 updates[\s\S]*in the store: made at/u,
    );
    expect(stderr).toMatch(/HINT: .*--keep local, or .*--keep store/u);
  });

  test.each(["local", "store"] as const)(
    "--keep %s: the other is a restore point, with its history [E4]",
    async (keep) => {
      const text = await bringBackOldStore();
      expect(await goBack("--force", "--keep", keep)).toMatchObject({ code: 0 });
      const [lives, kept] = keep === "local" ? [text, old] : [old, text];
      expect([site.bucket(name).get(stateKey(name)), saved(), await here()]).toEqual([lives, [kept], undefined]);
      expect([...site.bucket(name).keys()].filter((key) => key.includes("/history/"))).toHaveLength(4);
    },
  );

  test("clocks do not decide where the history does: the older state says that it was made later [E4]", async () => {
    await bringBackOldStore();
    site.put(name, stateKey(name), stateText(site, name, { made: 9 * minute, memory: 77 }));
    await refusedReturn();
  });

  test("an empty state that somebody has made in the store does not win [E4]", async () => {
    await bringBackOldStore();
    site.put(name, stateKey(name), JSON.stringify({ version: 0, checkpoint: { stack: `organization/shop/${name}` } }));
    await refusedReturn();
  });

  test("an old state that was put here does not win over the store's [E4]", async () => {
    putUpdate(site, name, 2 * minute);
    await site.lifeboat(["backup", "state", name]);
    await site.store.close();
    await fallBack("--force");
    await site.store.open();
    await site.local.write(stateKey(name), Buffer.from(old));
    const history = await site.local.list(".pulumi/history/shop/prod/prod-120000");
    await Promise.all(history.map(({ key }) => site.local.remove(key)));
    expect(await refusedReturn()).toMatch(/the state on this machine would take the place of the other/u);
  });

  test("one that somebody went back to here on purpose does: what it replaced is among its restore points [E4]", async () => {
    const text = putUpdate(site, name, 2 * minute);
    await site.lifeboat(["backup", "state", name]);
    await site.store.close();
    await fallBack("--force");
    await site.store.open();
    await site.local.write(".lifeboat/points/shop/prod/00000000120000-aaaaaaaaaa.json", Buffer.from(text));
    await site.local.write(stateKey(name), Buffer.from(old));
    expect(await goBack("--force")).toMatchObject({ code: 0 });
    expect(site.bucket(name).get(stateKey(name))).toBe(old);
  });
});

test("a store that came back empty gets the state from here [E4]", async () => {
  await lose();
  await fallBack("--force");
  const text = await here();
  await site.store.open();
  site.store.dropBucket(`lifeboat-state-${name}`);
  site.store.makeBucket(`lifeboat-state-${name}`);
  expect(await goBack("--force")).toMatchObject({ code: 0 });
  expect(site.bucket(name).get(stateKey(name))).toBe(text);
});

test("while an update holds the lock of either side: 11, who and since when [E4]", async () => {
  await lose();
  await fallBack("--force");
  await updateHere(2_048);
  await site.store.open();
  const lock = JSON.stringify({ pid: 1, username: "ops", hostname: "elsewhere", timestamp: "2026-11-20T12:00:00Z" });
  const key = ".pulumi/locks/organization/shop/prod/one.json";
  await site.local.write(key, Buffer.from(lock));
  expect(await goBack("--force")).toMatchObject({
    code: 11,
    stderr: expect.stringMatching(/ops@elsewhere.*2026-11-20T12/u),
  });
  await site.local.remove(key);
  site.put(name, key, lock);
  expect(await goBack("--force")).toMatchObject({ code: 11 });
});
