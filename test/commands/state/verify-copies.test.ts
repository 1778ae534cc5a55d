import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { StateSite } from "./state-site";
import { putUpdate, stateKey, stateText } from "./states";

/** `verify --state` looks into the copies, too: each of these ends with 3, is named, and keeps nothing else from being checked. */

let site: StateSite;
const entry = (nanos: number, half: string) => `.pulumi/history/shop/prod/prod-${String(nanos)}.${half}.json`;
const marker = "lifeboat-copy.json";

beforeAll(async () => {
  site = await StateSite.start();
  for (const nanos of [60_000, 120_000]) putUpdate(site, "prod", nanos);
  for (const to of [[], ["--to", "offsite"]]) {
    const { code } = await site.lifeboat(["backup", "state", ...to]);
    if (code !== 0) throw new Error("Nothing was copied.");
  }
  cpSync(folder(), kept(), { recursive: true });
});

afterAll(() => site.stop());

afterEach(() => {
  rmSync(folder(), { recursive: true, force: true });
  cpSync(kept(), folder(), { recursive: true });
});

const folder = () => site.dataPath("state-copies");
const kept = () => join(site.folder, "kept");
const put = (key: string, content: string | Buffer) => site.copies("prod").write(key, Buffer.from(content));

async function edit(key: string, from: RegExp, to: string): Promise<void> {
  await put(key, (await site.copies("prod").read(key)).toString().replace(from, to));
}

/** What a run has left that was stopped before it copied the state. */
async function putLaterUpdate(): Promise<void> {
  await put(entry(180_000, "history"), '{"kind":"update","result":"succeeded"}');
  await put(entry(180_000, "checkpoint"), stateText(site, "prod", { made: 180_000, memory: 7 }));
}

const cases: readonly (readonly [string, () => Promise<unknown>, string])[] = [
  ["a state cut off", () => put(stateKey("prod"), "{"), "it is not JSON, or cut off"],
  ["half an entry", () => site.copies("prod").remove(entry(60_000, "checkpoint")), "is not there"],
  ["a run stopped after the history", putLaterUpdate, "its history has an update of 1970-01-01 00:00 UTC"],
  [
    "a run stopped after the state",
    () => put(stateKey("prod"), stateText(site, "prod", { made: 180_000 })),
    "its state is not the one that its last whole run has copied",
  ],
  ["a first run stopped in the history", () => removeAll(marker, stateKey("prod")), "a history without a state"],
  ["a first run stopped before its end", () => removeAll(marker), "it does not say what it is"],
  [
    "two forms of the state",
    () => put(`${stateKey("prod")}.gz`, gzipSync(stateText(site, "prod", { made: 60_000 }))),
    "it is there in another form, too",
  ],
  [
    "two forms of one entry",
    async () =>
      put(`${entry(60_000, "checkpoint")}.gz`, gzipSync(await site.copies("prod").read(entry(60_000, "checkpoint")))),
    "it is there in another form, too",
  ],
  ["a time that is still to come", () => edit(marker, /"time": "\d+/u, '"time": "2099'), "it is dated 2099"],
];

async function removeAll(...keys: string[]): Promise<void> {
  for (const key of keys) await site.copies("prod").remove(key);
}

test("copies that are whole are good, and every object of them was read [E6, G1]", async () => {
  const { code, stdout } = await site.lifeboat(["verify", "--state", "prod", "--json"]);
  const { stacks } = JSON.parse(stdout);
  expect([code, stacks[0]]).toMatchObject([
    0,
    {
      environment: "prod",
      copyPlaces: [folder(), expect.stringContaining("s3://copies")].map((where) => ({
        where,
        checked: 3,
        copies: 2,
        bad: [],
        problems: [],
      })),
    },
  ]);
});

test.each(cases)("%s: 3, and it is named [E6, G1, A8]", async (_, befall, why) => {
  await befall();
  const { code, stdout } = await site.lifeboat(["verify", "--state", "prod"]);
  expect([code, stdout.replace(/\s+/gu, " ")]).toEqual([3, expect.stringContaining(why)]);
  expect(stdout).toMatch(/✓ prod: .*all are good\n {2}✗ copy in/u);
});

/** Of each: what is left of the copies, and what is said. None of them can be told from a copy that was never made. */
const unseen: readonly (readonly [string, () => void, string])[] = [
  ["the folder of copies is gone", () => rmSync(folder(), { recursive: true }), "there is no copy of prod"],
  [
    "its disk is not mounted",
    () => {
      rmSync(folder(), { recursive: true });
      mkdirSync(folder());
    },
    "there is no copy of prod",
  ],
  [
    "a file lies in its place",
    () => {
      rmSync(folder(), { recursive: true });
      writeFileSync(folder(), "");
    },
    "not a directory",
  ],
];

describe("settings that name the folder", () => {
  const settings = "Pulumi.monitoring.yaml";
  let without = "";

  beforeAll(() => {
    without = site.read(settings);
    site.write(settings, without.replace("    copies:\n", `    copies:\n      folder: ${folder()}\n`));
  });

  afterAll(() => site.write(settings, without));

  test.each(unseen)("%s: 3, and it is named [E6, G1, A8]", async (_, befall, why) => {
    befall();
    const { code, stdout } = await site.lifeboat(["verify", "--state", "prod"]);
    expect([code, stdout.replace(/\s+/gu, " ")]).toEqual([3, expect.stringContaining(why)]);
  });
});

test("no copy anywhere: 3, with the command that makes one; without a state none is missed [E6, G1, A8]", async () => {
  rmSync(folder(), { recursive: true });
  const copied = new Map(site.offsite.contents("copies"));
  site.offsite.dropBucket("copies");
  site.offsite.makeBucket("copies");
  try {
    const { code, stdout } = await site.lifeboat(["verify", "--state"]);
    expect([code, stdout.replace(/\s+/gu, " ")]).toEqual([
      3,
      expect.stringMatching(
        /there is no copy of prod.*lifeboat backup state prod .*lifeboat backup state prod --to offsite/u,
      ),
    ]);
    expect(stdout).not.toContain("no copy of monitoring");
  } finally {
    for (const [key, content] of copied) site.offsite.put("copies", key, content);
  }
});
