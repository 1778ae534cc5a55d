import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { killAt } from "../support/kill-at";
import type { S3Server } from "../../support/s3-server";
import { startStore, UpSite } from "./up-site";

/** A state that moves into the store is gone from this machine when the store's has been read back, and not before. */
let folder: string;
let store: S3Server;
let site: UpSite;
const key = ".pulumi/stacks/site/monitoring.json";

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-move-"));
  store = await startStore(folder);
  site = UpSite.create(store, "1");
});

afterEach(async () => {
  await site.stop();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

test("a resource that did not arrive: 13 with its name, and the state lives on here [B3, E4]", async () => {
  const { code, stderr } = await site.lifeboat(["up", "--force"], { env: { TEST_PULUMI_LOSES: "metrics" } });
  expect([code, stderr]).toEqual([
    13,
    expect.stringMatching(
      /the state in the store is another one than on this machine: metrics[^]*HINT: decide which one is right: lifeboat\s+state return monitoring/u,
    ),
  ]);
  expect(site.picture()).toMatchObject({ live: ["monitoring.json", "monitoring.json.attrs"], archived: [] });
});

test("again, while it is so: the others are brought up, 3, and the one that lives here stays [B3, E4]", async () => {
  await site.lifeboat(["up", "--force"], { env: { TEST_PULUMI_LOSES: "metrics" } });
  const again = await site.lifeboat(["up", "--force"]);
  expect([again.code, again.stderr]).toEqual([3, expect.stringContaining("Unable to bring up monitoring")]);
  expect(site.picture()).toMatchObject({ live: ["monitoring.json", "monitoring.json.attrs"], archived: [] });
});

/** Killed after the stack was made on this machine, and before it is in the store. */
const madeHere = 16;

test.each([
  ["the store loses the state", () => store.damage(site.bucket("monitoring"), key, "lost"), "it has none"],
  ["the state here changes", () => appendFileSync(join(site.localFolder(), key), " "), "the one here changed since"],
])(
  "%s while the history is on its way: 13, and it lives on here until somebody decides [B3, A13]",
  async (_, work, why) => {
    await site.lifeboat(["up", "monitoring", "--force"], killAt("after", madeHere));
    const history = join(site.localFolder(), ".pulumi/history/site/monitoring");
    mkdirSync(history, { recursive: true });
    writeFileSync(join(history, "monitoring-1.checkpoint.json"), "{}");
    store.beforeWrite = { of: (written) => written.includes(".checkpoint."), work };
    const { code, stderr } = await site.lifeboat(["up", "monitoring", "--force"]);
    expect([code, stderr]).toEqual([13, expect.stringContaining(why)]);
    expect(site.picture()).toMatchObject({ live: ["monitoring.json", "monitoring.json.attrs"], archived: [] });
    expect(await site.lifeboat(["abandon", "monitoring", "--force"])).toMatchObject({ code: 0 });
    const decided = await site.lifeboat(["state", "return", "monitoring", "--keep", "local", "--force"]);
    expect([decided.code, decided.stderr]).toEqual([0, expect.not.stringContaining("Unable")]);
    expect(site.picture()).toMatchObject({ live: [], archived: ["monitoring-TIME.json"] });
  },
);
