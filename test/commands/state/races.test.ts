import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { StateSite, type StateEnvironment } from "./state-site";
import { putUpdate, stateKey, stateText } from "./states";

/** Somebody else writes into the store in the moment before a command does: theirs stays. */
let site: StateSite;

const name: StateEnvironment = "prod";
const minute = 60_000;
const key = stateKey(name);

beforeEach(async () => {
  site = await StateSite.start();
  putUpdate(site, name, minute);
});

afterEach(() => site.stop());

/** The state lives on this machine, and was changed there; the store works again. */
async function fallBack(): Promise<string> {
  await site.lifeboat(["backup", "state", name]);
  await site.store.close();
  expect(await site.lifeboat(["state", "fallback", name, "--force"])).toMatchObject({ code: 0 });
  const text = stateText(site, name, { made: 5 * minute, memory: 2_048 });
  await site.local.write(key, Buffer.from(text));
  await site.store.open();
  return text;
}

/** What somebody writes in that moment. */
function othersWrite(): string {
  const theirs = stateText(site, name, { made: 9 * minute, memory: 4_096 });
  site.store.beforeWrite = { of: (written) => written === key, work: () => site.put(name, key, theirs) };
  return theirs;
}

async function here(): Promise<string> {
  return (await site.local.read(key)).toString();
}

test("a return: 13, theirs is in the store and the one from here lives on [E3, E4]", async () => {
  const text = await fallBack();
  const theirs = othersWrite();
  const result = await site.lifeboat(["state", "return", name, "--force"]);
  expect([result.code, result.stderr]).toEqual([
    13,
    expect.stringContaining("the state in the store changed since the plan was made"),
  ]);
  expect([site.bucket(name).get(key), await here()]).toEqual([theirs, text]);
});

test("a return to a store that came back empty: 13, likewise [E3, E4]", async () => {
  const text = await fallBack();
  site.store.dropBucket(`lifeboat-state-${name}`);
  site.store.makeBucket(`lifeboat-state-${name}`);
  const theirs = othersWrite();
  const result = await site.lifeboat(["state", "return", name, "--force"]);
  expect([result.code, result.stderr]).toEqual([
    13,
    expect.stringContaining("the state in the store changed since the plan was made"),
  ]);
  expect([site.bucket(name).get(key), await here()]).toEqual([theirs, text]);
});

test("an update on this machine after the plan of a return: 13, nothing is written to the store [E3, E4]", async () => {
  await fallBack();
  const before = site.bucket(name).get(key);
  const later = stateText(site, name, { made: 8 * minute, memory: 8_192 });
  const work = () => writeFileSync(join(site.folder, "data", "lifeboat", "shop", "pulumi", key), later);
  site.store.beforeWrite = { of: (written) => written.startsWith(".pulumi/locks/"), work };
  const result = await site.lifeboat(["state", "return", name, "--force"]);
  expect([result.code, result.stderr]).toEqual([
    13,
    expect.stringContaining("the state on this machine changed since the plan was made"),
  ]);
  expect([site.bucket(name).get(key), await here()]).toEqual([before, later]);
});
