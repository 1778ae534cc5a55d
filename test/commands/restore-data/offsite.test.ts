import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { createKeyPair } from "../../../site/state-store/keys";
import type { FilesSource } from "../../../site/settings/data";
import { node, RestoreSite } from "../restore/restore-site";
import { S3Server } from "../support/kit";
import { GuestProgram } from "../support/site/guest-program";

/**
 * Copies of dumps in a bucket elsewhere, whose answers a test decides, and the program of a guest on files. With a real server and a
 * real database it is in the rehearsal.
 */

const reader = createKeyPair("reader");
const day = 86_400_000;
let site: RestoreSite;
let far: S3Server;
let guest: GuestProgram;
let env: Record<string, string>;

beforeAll(async () => {
  site = await RestoreSite.start([{ id: 101, name: "web" }]);
  far = await S3Server.start(join(site.folder, "far"), { [reader.accessKey]: ["far-away"] });
  far.makeBucket("far-away");
  site.write("far-ca.pem", readFileSync(far.ca, "utf8"));
  guest = new GuestProgram(site, node, "web");
  const folder = guest.path("/var/backups/lifeboat");
  const paths = [guest.path("/app")];
  const data = { config: { kind: "files", paths, folder, by: "node" } };
  const offsite = { kind: "minio", endpoint: far.endpoint, bucket: "far-away", ca: "far-ca.pem", adopt: true };
  const settings = site.read("Pulumi.prod.yaml");
  site.write(
    "Pulumi.prod.yaml",
    `${settings.replace(/^( +)(network: .*)$/mu, `$1$2\n$1data: ${JSON.stringify(data)}`)}  lifeboat:offsite: ${JSON.stringify(offsite)}\n`,
  );
  declare();
  mkdirSync(guest.path("/app"));
  site.write("reader", JSON.stringify(reader));
  env = {
    PATH: `${guest.bin}:${site.env["PATH"] ?? process.env["PATH"] ?? ""}`,
    LIFEBOAT_OFFSITE_READER_FILE: join(site.project, "reader"),
  };
});

afterAll(async () => {
  await far.close();
  await site.stop();
});

beforeEach(() => {
  far.dropBucket("far-away");
  far.makeBucket("far-away");
  far.lockFor = 30 * day;
});

function declare(): void {
  const keep = { daily: 7, weekly: 4, monthly: 12 };
  const folder = guest.path("/var/backups/lifeboat");
  const common = { at: "03:00", keep, shrink: 50, minimum: 1, folder, by: "node", enabled: true } as const;
  const source: FilesSource = {
    ...common,
    kind: "files",
    name: "config",
    recipients: [],
    paths: [guest.path("/app")],
    volumes: [],
    exclude: [],
  };
  guest.declare(source);
}

/** A dump of a content, which lies elsewhere only. @returns its name */
async function copied(content: string): Promise<string> {
  write(content);
  const second = Math.floor(Date.now() / 1_000);
  while (Math.floor(Date.now() / 1_000) === second) await new Promise((next) => setImmediate(next));
  const { code, stderr } = await site.lifeboat(["backup", "data", "web", "config"], { env });
  if (code !== 0) throw new Error(stderr);
  const folder = guest.path("/var/backups/lifeboat");
  const [today = ""] = readdirSync(folder).filter((name) => /^\d{4}-/u.test(name));
  const [name = ""] = readdirSync(join(folder, today, "files"));
  const dump = `${today}/files/${name}`;
  for (const file of readdirSync(join(folder, dump))) put(dump, file, readFileSync(join(folder, dump, file)));
  rmSync(folder, { recursive: true });
  rmSync(guest.path("/var/lib/lifeboat/data/config"), { recursive: true, force: true });
  return dump;
}

const keyOf = (dump: string, file: string): string => `dumps/prod/web/${dump}/${file}`;

function put(dump: string, file: string, content: string | Buffer): void {
  far.put("far-away", keyOf(dump, file), content);
}

function write(content: string): void {
  writeFileSync(guest.path("/app/file"), content);
}

const content = (): string => readFileSync(guest.path("/app/file"), "utf8");
const left = (): string[] => readdirSync(guest.root).filter((name) => name.includes("lifeboat_"));

const restore = (words: readonly string[] = ["--force"], more: Record<string, string> = {}) =>
  site.lifeboat(["restore", "files", "web", "config", "--from", "offsite", ...words], { env: { ...env, ...more } });

const report = z.looseObject({ dump: z.string(), undo: z.string().nullable() });

const undo = async (word: string): Promise<unknown> =>
  JSON.parse((await site.lifeboat(["undo", "web", word, "--json"], { env })).stdout);

test("files come back from the newest copy elsewhere, and undo brings back what was there [I6, J3, K1]", async () => {
  const older = await copied("older");
  const newest = await copied("newest");
  write("spoilt");
  const shown = await restore(["--dry-run", "--json"]);
  expect(JSON.parse(shown.stdout)).toMatchObject({
    plan: { dump: newest, bucket: `s3://far-away at ${far.endpoint}`, from: "prod/web/config", remarks: [] },
  });
  const { code, stdout } = await restore(["--force", "--json"]);
  expect([code, report.parse(JSON.parse(stdout)).dump]).toEqual([0, newest]);
  expect([content(), left()]).toEqual(["newest", []]);
  expect(await restore(["--dump", older, "--force"])).toMatchObject({ code: 0 });
  expect(content()).toBe("older");
  expect(await undo("--dry-run")).toMatchObject({ plan: { items: [{ into: guest.path("/app") }] } });
  expect(content()).toBe("older");
  expect(await undo("--force")).toMatchObject({ guest: "prod/web", items: [{ replaced: true }] });
  expect([content(), left()]).toEqual(["newest", []]);
});

test("'lifeboat data --from offsite' lists copies from the bucket alone [J2, J3]", async () => {
  const dump = await copied("listed");
  const silent = { ...env, SSH_FAILS: "yes" };
  const { code, stdout } = await site.lifeboat(["data", "web", "--from", "offsite", "--json"], { env: silent });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    copies: [{ source: "config", unseen: null, problem: null, dumps: [{ dump, encrypted: false }], damaged: [] }],
  });
  const page = await site.lifeboat(["data", "web", "--from", "offsite"], { env: silent });
  expect(page.stdout).toMatch(new RegExp(`COPIES[^]*prod/web +config +just now[^]*${dump}[^]*path .*/app`, "u"));
});

test("no copy at all is told as that, and what nobody can look at is unknown [J2]", async () => {
  expect(await restore()).toMatchObject({
    code: 10,
    stderr: expect.stringContaining("there is no whole dump of prod/web/config in s3://far-away"),
  });
  const argv = ["data", "--from", "offsite", "--json"];
  const none = await site.lifeboat(argv, { env });
  expect([none.code, JSON.parse(none.stdout)]).toMatchObject([
    3,
    { copies: [{ unseen: null, problem: "no dump of it lies there" }] },
  ]);
  await far.close();
  const unknown = await site.lifeboat(argv, { env });
  const refused = await restore();
  await far.open();
  expect([unknown.code, JSON.parse(unknown.stdout)]).toMatchObject([
    3,
    { copies: [{ unseen: expect.stringContaining("does not answer"), dumps: [] }] },
  ]);
  expect(refused).toMatchObject({ code: 14, stderr: expect.stringContaining("does not answer") });
});

test("without the key that reads nothing is asked, and the hint says how it is given [J3]", async () => {
  const refused = await restore(["--force"], { LIFEBOAT_OFFSITE_READER_FILE: "" });
  expect(refused).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/lifeboat:offsiteKeys is not set[^]*HINT: .*LIFEBOAT_OFFSITE_READER_FILE/u),
  });
  site.write("other", "not-a-key");
  expect(await restore(["--force"], { LIFEBOAT_OFFSITE_READER_FILE: join(site.project, "other") })).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/LIFEBOAT_OFFSITE_READER_FILE is no key/u),
  });
});

const whole = (dump: string): RegExp =>
  new RegExp(
    `HINT: an older one (?:is whole|has it): lifeboat restore files prod/web config --from offsite --dump ${dump}`,
    "u",
  );

describe("a copy that is not what was copied", () => {
  let older: string;
  let newest: string;

  beforeEach(async () => {
    older = await copied("older");
    newest = await copied("newest");
    write("spoilt");
  });

  afterEach(() => {
    // oxlint-disable-next-line jest/no-standalone-expect -- after each of them what is there is as it was
    expect([content(), left()]).toEqual(["spoilt", []]);
  });

  test("another manifest under its name is refused, and the one before it is named [J1, J3, N1]", async () => {
    far.damage("far-away", keyOf(newest, "manifest.json"), "lost");
    put(newest, "manifest.json", "{}");
    const { code, stderr } = await restore();
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(
        `nothing can be restored from ${newest}: the manifest of ${newest} is not what its sums say`,
      ),
    ]);
    expect(stderr).toMatch(whole(older));
  });

  test("the manifest of another dump is refused [J1, N1]", async () => {
    for (const file of ["manifest.json", "SHA256SUMS"]) {
      far.damage("far-away", keyOf(newest, file), "lost");
      put(newest, file, far.contents("far-away").get(keyOf(older, file)) ?? "");
    }
    const { code, stderr } = await restore();
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining(`the manifest of ${newest} is none, or that of another dump`),
    ]);
  });

  test("an item that is missing, or has another size, is seen before anything is done [J3]", async () => {
    far.damage("far-away", keyOf(newest, "item-1.dump.zst"), "lost");
    expect(await restore()).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`${newest} has no item-1.dump.zst`),
    });
    put(newest, "item-1.dump.zst", "short");
    const { code, stderr } = await restore();
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/item-1\.dump\.zst of \S+ is not what its manifest says: it has 5 bytes instead of \d+/u),
    ]);
    expect(stderr).toMatch(whole(older));
  });

  test("an item with other bytes never takes the place of anything [J1, J3, N1]", async () => {
    const key = keyOf(newest, "item-1.dump.zst");
    const { length } = Buffer.from(far.contents("far-away").get(key) ?? "");
    const item = z.object({ items: z.tuple([z.object({ bytes: z.number() })]) });
    const [{ bytes }] = item.parse(
      JSON.parse(far.contents("far-away").get(keyOf(newest, "manifest.json")) ?? ""),
    ).items;
    expect(length).toBeGreaterThan(0);
    far.damage("far-away", key, "lost");
    put(newest, "item-1.dump.zst", Buffer.alloc(bytes));
    const { code, stderr } = await restore();
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/item-1\.dump\.zst of .* is not what its manifest says/u),
    ]);
    expect(stderr).toMatch(whole(older));
  });

  test("a service that breaks off in the middle is told as that, and not as damage [J3]", async () => {
    far.stopsIn = { of: (path) => path.endsWith(`${newest}/item-1.dump.zst`), how: "cut" };
    const { code, stderr } = await restore();
    far.stopsIn = undefined;
    expect([code, stderr]).toEqual([14, expect.stringContaining("the store does not answer")]);
  });

  test("written twice with one lock: nobody can say which was first [J1, N1]", async () => {
    put(newest, "manifest.json", "{}");
    far.lockFor = undefined;
    const { code, stderr } = await restore();
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining("was written 2 times, and nobody can say what was there first"),
    ]);
    const listed = await site.lifeboat(["data", "web", "--from", "offsite", "--json"], { env });
    expect([listed.code, JSON.parse(listed.stdout)]).toMatchObject([
      3,
      { copies: [{ dumps: [{ dump: older }], damaged: [{ dump: newest }] }] },
    ]);
  });
});

test("written over: the first counts, which the plan says [J1, J3, N1]", async () => {
  const dump = await copied("first");
  write("spoilt");
  // Locks are told in seconds.
  await new Promise((next) => setTimeout(next, 1_100));
  put(dump, "item-1.dump.zst", "forged");
  const shown = await restore(["--dry-run"]);
  expect(shown.stdout).toContain(
    "somebody has changed this copy since: item-1.dump.zst was written 2 times: the first counts",
  );
  expect(await restore()).toMatchObject({ code: 0 });
  expect(content()).toBe("first");
});

test.each([
  ["was never locked", undefined, /nothing locks this copy: /u],
  ["has a lock that has run out", 1, /nothing locks this copy since 20/u],
])("a copy that %s is restored, and the plan says what that means [J1]", async (_, lock, text) => {
  const dump = await copied("unlocked");
  far.lockFor = lock;
  const { code, stdout } = await restore(["--dry-run"]);
  expect([code, stdout]).toEqual([0, expect.stringMatching(text)]);
  expect(stdout).toContain(dump);
});

test("a save point does not lie elsewhere [J3]", async () => {
  expect(await restore(["--save-point", "some-1", "--force"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("exclude each other"),
  });
});
