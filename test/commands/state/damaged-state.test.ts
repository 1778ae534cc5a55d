import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Damage } from "../../support/s3-server";
import type { StateSite } from "./state-site";
import { startWithStates } from "./start-with-states";
import { stateKey } from "./states";

/** The object of a live state cannot be read, or is gone: what says so, and the ways out. */

let site: StateSite;
let last: string;

beforeEach(async () => {
  ({ site, present: last } = await startWithStates());
  await site.lifeboat(["backup", "state"]);
  await site.lifeboat(["backup", "state", "--to", "offsite"]);
});

afterEach(() => site.stop());

const bucket = "lifeboat-state-prod";
const said = {
  metadata: "the store answers 500 InternalError",
  content: "the store answers 503 SlowDownRead",
  lost: "the present state is gone, though its history is there",
};
const kinds: readonly (keyof typeof said)[] = ["metadata", "content", "lost"];

function damage(what: Damage | "lost"): void {
  site.store.damage(bucket, stateKey("prod"), what);
}

async function newest(): Promise<string> {
  const { stdout } = await site.lifeboat(["restore", "state", "prod", "--list", "--json"]);
  const { points }: { points: { id: string; source: string }[] } = JSON.parse(stdout);
  return points.find(({ source }) => source === "history")?.id ?? "";
}

test.each(kinds)("%s: every look at it is red, and the others are verified and copied [B3, E6, G1]", async (what) => {
  damage(what);
  const verified = await site.lifeboat(["verify", "--state"]);
  expect([verified.code, verified.stdout]).toEqual([3, expect.stringContaining(said[what])]);
  // After the damaged one, too.
  expect(verified.stdout.match(/(?:lab|monitoring): 2 states read/gu)).toHaveLength(2);
  const copied = await site.lifeboat(["backup", "state", "prod"]);
  expect([copied.code, copied.stdout]).toEqual([3, expect.stringMatching(/✗ prod: (?:the state|the history) in/u)]);
  expect(copied.stdout).toContain("lifeboat restore state prod --list");
  const all = await site.lifeboat(["backup", "state"]);
  expect([all.code, all.stdout]).toEqual([3, expect.stringContaining("✓ lab")]);
  expect((await site.copies("prod").read(stateKey("prod"))).toString()).toBe(last);
  const planned = await site.lifeboat(["up", "prod", "--dry-run"]);
  expect([planned.code, planned.stdout + planned.stderr]).toEqual([
    14,
    expect.stringMatching(/the state of prod in .* cannot be used.*lifeboat restore state prod --list/su),
  ]);
  const pruned = await site.lifeboat(["state", "prune", "prod", "--keep", "1", "--force"]);
  expect([pruned.code, pruned.stderr]).toEqual([13, expect.stringContaining("its history is needed")]);
});

test.each(["content", "lost"] as const)("%s: an update of the history takes its place [E2, E3]", async (what) => {
  damage(what);
  const restored = await site.lifeboat(["restore", "state", "prod", "--to", await newest(), "--force"]);
  expect([restored.code, restored.stderr]).toEqual([0, expect.not.stringContaining("Unable")]);
  expect(site.bucket("prod").get(stateKey("prod"))).toBe(last);
  expect(await site.lifeboat(["verify", "--state", "prod"])).toMatchObject({ code: 0 });
});

test("what nobody but the store's own administrator can remove is named; a fallback leads out, and the restore is given up [E2, E4]", async () => {
  damage("metadata");
  const argv = ["restore", "state", "prod", "--to", await newest(), "--force"];
  for (const run of [1, 2]) {
    const { code, stderr } = await site.lifeboat(argv);
    expect([run, code, stderr]).toEqual([
      run,
      14,
      expect.stringMatching(
        /can be neither read nor removed.*whoever runs the store has to remove it.*\nHINT: .*or go on without the store: lifeboat state fallback prod --although-store-answers/u,
      ),
    ]);
  }
  const fallback = await site.lifeboat(["state", "fallback", "prod", "--although-store-answers", "--force"]);
  expect([fallback.code, fallback.stderr]).toEqual([
    0,
    expect.stringContaining("What was half done is given up: a restore of the state of prod"),
  ]);
  expect((await site.local.read(stateKey("prod"))).toString()).toBe(last);
  // Somebody has removed it.
  site.store.damage(bucket, stateKey("prod"), "lost");
  expect(await site.lifeboat(["restore", "state", "prod", "--list"])).toMatchObject({ code: 0 });
});

test("an entry of the history that cannot be read keeps no other from being verified, copied and restored [E1, E6, G1]", async () => {
  const key = ".pulumi/history/shop/prod/prod-60000.checkpoint.json";
  site.store.damage(bucket, key, "content");
  const verified = await site.lifeboat(["verify", "--state", "prod"]);
  expect([verified.code, verified.stdout]).toEqual([3, expect.stringContaining(`${key} version`)]);
  const elsewhere = join(site.folder, "elsewhere");
  const copied = await site.lifeboat(["backup", "state", "prod", "--to", elsewhere]);
  expect([copied.code, copied.stdout]).toEqual([3, expect.stringContaining(`1 cannot be read: ${key}`)]);
  expect(await site.lifeboat(["restore", "state", "prod", "--list"])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("the store answers 503"),
  });
  // What was away for a while is not remembered as damaged.
  site.put("prod", key, last);
  expect((await site.lifeboat(["restore", "state", "prod", "--list"])).stdout).not.toContain("503");
});

const entry = (half: string) => `.pulumi/history/shop/prod/prod-60000.${half}.json`;

test.each([
  ["its copy", ["backup", "state", "prod"]],
  ["an earlier listing", ["restore", "state", "prod", "--list"]],
])("an entry of the history that no listing shows is known by %s, and named [B2, E6, G1]", async (_, argv) => {
  await site.lifeboat(argv);
  if (argv[0] === "restore") rmSync(site.dataPath("state-copies"), { recursive: true });
  for (const half of ["history", "checkpoint"]) site.store.damage(bucket, entry(half), "metadata");
  const { code, stdout } = await site.lifeboat(["verify", "--state", "prod"]);
  expect([code, stdout]).toEqual([3, expect.stringContaining("2 are bad")]);
  for (const half of ["history", "checkpoint"]) {
    expect(stdout).toMatch(new RegExp(`${entry(half)} of 1970-01-01 .*: the store answers 500`, "u"));
  }
});

test.each(["checkpoint", "history"])("half an entry, without its %s, is named [B2, G1]", async (half) => {
  rmSync(site.dataPath("state-copies"), { recursive: true });
  // Its versions stay.
  site.store.remove(bucket, entry(half));
  const gone = await site.lifeboat(["verify", "--state", "prod"]);
  expect([gone.code, gone.stdout]).toEqual([3, expect.stringMatching(/prod-60000\..* ended.* is not there/u)]);
  site.put("prod", entry(half), last);
  site.store.damage(bucket, entry(half), "metadata");
  const hidden = await site.lifeboat(["verify", "--state", "prod"]);
  expect([hidden.code, hidden.stdout]).toEqual([3, expect.stringContaining(`${entry(half)} of 1970`)]);
});

test("a saved point whose checksum is that of a good state is read nevertheless [B2, G1]", async () => {
  const key = ".lifeboat/points/shop/prod/20241120T101010000Z-before-abcdef0123.json";
  site.put("prod", key, last);
  site.store.damage(bucket, key, "content");
  const { code, stdout } = await site.lifeboat(["verify", "--state", "prod"]);
  expect([code, stdout]).toEqual([3, expect.stringContaining(`${key} version`)]);
});

test("doctor names a bucket that was made without object lock, and one that it cannot ask [B2, N1]", async () => {
  const history = async (): Promise<unknown> => {
    const { examinations } = JSON.parse((await site.lifeboat(["doctor", "prod", "--json"])).stdout);
    return examinations[0].findings.find(({ subject }: { subject: string }) => subject === "history");
  };
  expect(await history()).toMatchObject({ verdict: "ok", text: expect.stringContaining("has object lock") });
  site.store.unlocked.add(bucket);
  expect(await history()).toMatchObject({
    verdict: "warning",
    text: expect.stringMatching(/without object lock: .* can force away every version/u),
    hint: expect.stringContaining("An older bucket"),
  });
  site.store.failWith = 403;
  expect(await history()).toMatchObject({
    verdict: "warning",
    text: expect.stringContaining("is not known: the store"),
  });
});

test("after a fallback the state returns, and what the store cannot read makes room [E4]", async () => {
  damage("content");
  expect(await site.lifeboat(["state", "fallback", "prod", "--although-store-answers", "--force"])).toMatchObject({
    code: 0,
  });
  const planned = await site.lifeboat(["state", "return", "prod", "--dry-run"]);
  expect([planned.code, planned.stdout]).toEqual([0, expect.stringContaining("cannot be used, and makes room")]);
  expect(await site.lifeboat(["state", "return", "prod", "--force"])).toMatchObject({ code: 0 });
  expect(site.bucket("prod").get(stateKey("prod"))).toBe(last);
  expect(await site.lifeboat(["verify", "--state", "prod"])).toMatchObject({ code: 0 });
});

test("a state that may not be read now is not taken for a damaged one: nothing is written or removed in its place [E3, E4, K3]", async () => {
  const point = await newest();
  const before = site.bucket("prod");
  const refused = async (...argv: string[]) => {
    damage("refused");
    const { code, stderr } = await site.lifeboat(argv);
    expect([argv, code, stderr]).toEqual([
      argv,
      14,
      expect.stringMatching(/the store refuses the key pair[^]*HINT: /u),
    ]);
    expect(site.bucket("prod")).toEqual(before);
    site.put("prod", stateKey("prod"), last);
  };
  await refused("restore", "state", "prod", "--to", point, "--force");
  const fallback = ["state", "fallback", "prod", "--although-store-answers", "--force"];
  expect(await site.lifeboat(fallback)).toMatchObject({ code: 0 });
  await refused("state", "return", "prod", "--force");
});
