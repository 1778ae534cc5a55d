import { readdirSync } from "node:fs";
import { join } from "node:path";
import { killAt } from "../support/kill-at";
import type { StateSite } from "./state-site";
import { startWithStates } from "./start-with-states";
import { stateKey, stateText } from "./states";

/** What was brought to the store, by a return or a restore, is not given up here, nor forgotten, before the store has shown it. */

let site: StateSite;

const bucket = "lifeboat-state-prod";

beforeEach(async () => {
  ({ site } = await startWithStates());
});

afterEach(() => site.stop());

const run = (...argv: string[]) => site.lifeboat(argv);

const goBack = () => run("state", "return", "prod", "--force");

/** What `pulumi up` would leave on this machine. */
async function updateHere(nanos: number, memory: number): Promise<string> {
  const text = stateText(site, "prod", { made: nanos, memory });
  const history = `.pulumi/history/shop/prod/prod-${String(nanos)}`;
  await site.local.write(`${history}.history.json`, Buffer.from('{"kind":"update","result":"succeeded"}'));
  await site.local.write(`${history}.checkpoint.json`, Buffer.from(text));
  await site.local.write(stateKey("prod"), Buffer.from(text));
  return text;
}

/** In fallback, with work on this machine; the store is back, and a return was killed. */
async function killedReturn(writes: number): Promise<string> {
  await run("backup", "state");
  await site.store.close();
  expect(await run("state", "fallback", "prod", "--force")).toMatchObject({ code: 0 });
  const mine = await updateHere(300_000, 77);
  await site.store.open();
  await site.lifeboat(["state", "return", "prod", "--force"], killAt("after", writes));
  return mine;
}

async function here(): Promise<string | undefined> {
  const [found] = await site.local.list(stateKey("prod"));
  return found && (await site.local.read(found.key)).toString();
}

/** Killed after the state was brought to the store, and before the one here was put away. */
const brought = 15;

/** Killed after the one here was put away. */
const putAway = 19;

test.each([
  ["was emptied", () => [...site.bucket("prod").keys()].forEach((key) => site.store.damage(bucket, key, "lost"))],
  ["cannot read it any more", () => site.store.damage(bucket, stateKey("prod"), "content")],
  ["was brought back from a backup", () => site.put("prod", stateKey("prod"), oldState())],
])("a store that %s does not cost the state on this machine, and there is a way on [E4, A13]", async (_, befall) => {
  const mine = await killedReturn(brought);
  befall();
  expect(await goBack()).toMatchObject({
    code: 13,
    stderr: expect.stringMatching(/does not hold the state of prod that was brought to it[^]*lifeboat abandon prod/u),
  });
  expect(await here()).toBe(mine);
  expect(await run("abandon", "prod", "--force")).toMatchObject({ code: 0 });
  const again = await run("state", "return", "prod", "--keep", "local", "--force");
  expect(again).toMatchObject({ code: 0 });
  expect(site.bucket("prod").get(stateKey("prod"))).toBe(mine);
});

function oldState(): string {
  return stateText(site, "prod", { made: 120_000, memory: 512 + 120_000 });
}

test.each([brought, putAway])(
  "a store that dies after %d writes leaves the state here, or asks before an old copy takes its place [E4, A13]",
  async (writes) => {
    const mine = await killedReturn(writes);
    await site.store.close();
    expect(await goBack()).toMatchObject({ code: 14 });
    await run("abandon", "prod", "--force");
    const { code } = await run("state", "fallback", "prod", "--force");
    expect({ code, here: await here() }).toEqual({ code: 13, here: writes === brought ? mine : undefined });
  },
);

test("a store that loses the state after it was put away here is no good end [E4]", async () => {
  await killedReturn(putAway);
  expect(await here()).toBeUndefined();
  for (const key of site.bucket("prod").keys()) site.store.damage(bucket, key, "lost");
  expect(await goBack()).toMatchObject({ code: 3, stdout: expect.stringMatching(/does not hold the state of prod/u) });
});

test("what this machine made of its state after it was brought to the store is a restore point of the store [E4, A13]", async () => {
  await killedReturn(brought);
  const later = await updateHere(360_000, 78);
  const { code, stdout } = await goBack();
  const [, id = ""] = /lifeboat restore state prod --to (\S+)/u.exec(stdout) ?? [];
  expect({ code, id }).toEqual({ code: 3, id: expect.stringMatching(/./u) });
  expect(await run("restore", "state", "prod", "--to", id, "--force")).toMatchObject({ code: 0 });
  expect(site.bucket("prod").get(stateKey("prod"))).toBe(later);
  expect(readdirSync(join(site.folder, "data/lifeboat/shop/pulumi/archive"))).toHaveLength(1);
});

test("after a restore in the store a copy from before it asks for consent [E2, E6]", async () => {
  await run("backup", "state", "prod");
  const { points } = JSON.parse((await run("restore", "state", "prod", "--list", "--json")).stdout);
  expect(await run("restore", "state", "prod", "--to", points.at(-1).id, "--force")).toMatchObject({ code: 0 });
  await site.store.close();
  expect((await run("state", "fallback", "prod", "--dry-run")).stdout).toContain("--accept-stale");
});
