import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { StateSite } from "./state-site";
import { startWithStates } from "./start-with-states";
import { putUpdate, stateText } from "./states";

/** What was there and is in no listing any more, or is half there: it was known, so that it is a loss and not an absence. */

let site: StateSite;
const bucket = "lifeboat-state-prod";

beforeEach(async () => {
  ({ site } = await startWithStates());
});

afterEach(() => site.stop());

function history(nanos: number, half: "checkpoint" | "history"): string {
  return `.pulumi/history/shop/prod/prod-${String(nanos)}.${half}.json`;
}

/** Takes every object of the stack away; `marked`: their versions stay. */
function takeAway(marked: boolean): void {
  for (const key of site.bucket("prod").keys()) {
    if (marked) site.store.remove(bucket, key);
    else site.store.damage(bucket, key, "lost");
  }
}

/** What this machine remembers of the store. */
function forget(): void {
  for (const file of readdirSync(site.folder, { recursive: true, encoding: "utf8" })) {
    if (file.endsWith("state-seen.json")) rmSync(join(site.folder, file));
  }
}

/** Exit code of a command. */
async function codeOf(...argv: string[]): Promise<number | null> {
  return (await site.lifeboat(argv)).code;
}

test.each([
  ["deleted, with its versions left", true, false],
  ["wiped, and seen from here", false, false],
  ["deleted, and never seen from here", true, true],
  ["wiped, and never seen from here, with a copy", false, true],
] as const)(
  "a state that went with its history is lost, and not new: %s [A14, B2, E6]",
  async (_how, marked, isNew) => {
    await site.lifeboat(["backup", "state"]);
    takeAway(marked);
    if (isNew) forget();
    const up = await site.lifeboat(["up", "prod", "--dry-run"]);
    const mend = marked ? "lifeboat restore state prod --list" : "lifeboat rebuild state-store";
    const said = (up.stdout + up.stderr).replace(/\s+/gu, " ");
    expect([up.code, said]).toEqual([14, expect.stringContaining(`bring it back: ${mend}`)]);
    expect(await codeOf(...mend.split(" ").slice(1), ...(marked ? [] : ["--dry-run"]))).toBe(0);
    const copied = await site.lifeboat(["backup", "state"]);
    expect([copied.code, copied.stdout]).toEqual([3, expect.stringContaining("✓ lab")]);
    expect(await codeOf("backup", "state", "prod")).toBe(3);
    expect(await codeOf("verify", "--state", "prod")).toBe(3);
    expect(await codeOf("verify", "--state")).toBe(3);
  },
);

/** Answers that the bucket has no history, as a proxy does that has lost it. */
function hideHistory(): void {
  site.store.instead = (_path, asked) => {
    if (asked.get("prefix")?.includes("/history/") !== true) return undefined;
    const list = asked.has("versions") ? "ListVersionsResult" : "ListBucketResult";
    return `<${list}><IsTruncated>false</IsTruncated></${list}>`;
  };
}

test.each(["seen from here", "copied"])(
  "a history that is listed as empty, and was %s, is not good, and is not pruned [G1, K6]",
  async (how) => {
    const isSeen = how === "seen from here";
    await site.lifeboat(isSeen ? ["restore", "state", "prod", "--list"] : ["backup", "state"]);
    hideHistory();
    const { code, stdout } = await site.lifeboat(["verify", "--state", "prod", "--json"]);
    const problems = [expect.stringMatching(/history is listed as empty, and 2 updates of it can be read/u)];
    const stacks = [expect.objectContaining({ bad: expect.arrayContaining([expect.objectContaining({ problems })]) })];
    expect([code, JSON.parse(stdout)]).toEqual([3, expect.objectContaining({ stacks })]);
    expect(await codeOf("state", "prune", "prod", "--keep", "1", "--force")).toBe(isSeen ? 14 : 0);
    site.store.instead = undefined;
    expect(site.bucket("prod").size).toBe(5);
  },
);

test("a history that somebody has removed is gone, and no list of it is wrong: the state goes on [E1, G1]", async () => {
  await site.lifeboat(["backup", "state"]);
  await site.lifeboat(["backup", "state", "--to", "offsite"]);
  await site.lifeboat(["restore", "state", "prod", "--list"]);
  for (const key of [...site.bucket("prod").keys()].filter((one) => one.includes("/history/"))) {
    site.store.remove(bucket, key);
  }
  const { code, stdout } = await site.lifeboat(["verify", "--state", "prod"]);
  expect([code, stdout]).toEqual([0, expect.stringContaining("all are good")]);
  expect(await codeOf("state", "prune", "prod", "--keep", "1", "--force")).toBe(0);
});

test("a state with another byte than was written is not read as it is [N1]", async () => {
  site.store.damage(bucket, history(60_000, "checkpoint"), "flipped");
  const { code, stdout } = await site.lifeboat(["verify", "--state", "prod"]);
  expect([code, stdout.replace(/\s+/gu, " ")]).toEqual([3, expect.stringContaining("other bytes than were written")]);
});

test("a stack that never was is new [A14]", async () => {
  takeAway(false);
  expect(await codeOf("verify", "--state", "prod")).toBe(10);
  expect(await codeOf("backup", "state", "prod")).toBe(10);
});

test("while the newest good update cannot be read nothing is pruned: 14 [E6]", async () => {
  putUpdate(site, "prod", 180_000);
  putUpdate(site, "prod", 240_000);
  site.put("prod", history(240_000, "history"), '{"kind":"update","result":"failed"}');
  site.store.damage(bucket, history(180_000, "checkpoint"), "content");
  const { code, stderr } = await site.lifeboat(["state", "prune", "prod", "--keep", "1", "--force"]);
  expect([code, stderr]).toEqual([14, expect.stringContaining(history(180_000, "checkpoint"))]);
  expect([...site.bucket("prod").keys()]).toContain(history(180_000, "checkpoint"));
});

test("a present state that is gone keeps what was saved of it from being pruned: 13 [E6]", async () => {
  const key = ".lifeboat/points/shop/prod/20241120T101010000Z-before-abcdef0123.json";
  takeAway(false);
  site.put("prod", key, stateText(site, "prod", { made: 30_000 }));
  expect(await codeOf("state", "prune", "prod", "--keep", "1", "--force")).toBe(13);
});

test.each([500, 503])("a store that answers %s is there: rebuild takes it for no loss: 14 [A14]", async (status) => {
  await site.lifeboat(["backup", "state"]);
  site.store.failWith = status;
  expect(await codeOf("rebuild", "state-store", "--dry-run")).toBe(14);
});

test.each([429, 301])("an answer of %s says that the store cannot be used now: 14 [K3]", async (status) => {
  site.store.failWith = status;
  expect(await codeOf("restore", "state", "prod", "--list")).toBe(14);
});

test("a lock that nobody can read: up says how it is cleared [B3, E3]", async () => {
  site.put("prod", ".pulumi/locks/organization/shop/prod/a.json", '{"pid":1,');
  const { code, stdout, stderr } = await site.lifeboat(["up", "prod", "--dry-run"]);
  expect([code, stdout + stderr]).toEqual([11, expect.stringContaining("pulumi cancel --yes -s prod")]);
});
