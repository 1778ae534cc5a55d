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

/** The state lives on this machine, and was changed there unless it is said otherwise; the store works again. */
async function fallBack(changes = true): Promise<string> {
  await site.lifeboat(["backup", "state", name]);
  await site.store.close();
  expect(await site.lifeboat(["state", "fallback", name, "--force"])).toMatchObject({ code: 0 });
  const text = stateText(site, name, { made: 5 * minute, memory: 2_048 });
  if (changes) await site.local.write(key, Buffer.from(text));
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

/** An update on this machine, by somebody who has cleared Pulumi's lock, just before such an object is written to the store. */
function updateHere(of: (written: string) => boolean): string {
  const later = stateText(site, name, { made: 8 * minute, memory: 8_192 });
  const work = () => writeFileSync(join(site.folder, "data", "lifeboat", "shop", "pulumi", key), later);
  site.store.beforeWrite = { of, work };
  return later;
}

const isLock = (written: string) => written.startsWith(".pulumi/locks/");

test("an update on this machine after the plan of a return: 13, nothing is written to the store [E3, E4]", async () => {
  await fallBack();
  const before = site.bucket(name).get(key);
  const later = updateHere(isLock);
  const result = await site.lifeboat(["state", "return", name, "--force"]);
  expect([result.code, result.stderr]).toEqual([
    13,
    expect.stringContaining("the state on this machine changed since the plan was made"),
  ]);
  expect([site.bucket(name).get(key), await here()]).toEqual([before, later]);
});

test("an update on this machine while nothing of it was to leave for the store: 13, and it is not put away [E3, E4]", async () => {
  await fallBack(false);
  const before = site.bucket(name).get(key);
  const later = updateHere(isLock);
  const result = await site.lifeboat(["state", "return", name, "--force"]);
  expect([result.code, result.stderr]).toEqual([
    13,
    expect.stringContaining("the state on this machine changed since the plan was made"),
  ]);
  expect([site.bucket(name).get(key), await here()]).toEqual([before, later]);
  expect([...site.bucket(name).keys()].filter(isLock)).toEqual([]);
});

test("an update on this machine while its state leaves for the store: 3, with where it is kept [E3, E4]", async () => {
  const text = await fallBack();
  const later = updateHere((written) => written === key);
  const result = await site.lifeboat(["state", "return", name, "--force", "--json"]);
  expect([result.code, site.bucket(name).get(key)]).toEqual([3, text]);
  const { findings }: { findings: { severity: string; text: string }[] } = JSON.parse(result.stdout);
  const [problem] = findings.filter(({ severity }) => severity === "problem");
  expect(problem?.text).toContain("changed after it was brought to the store; what it became is restore point ");
  const saved = [...site.bucket(name)].filter(([place]) => place.startsWith(".lifeboat/points/"));
  expect(saved.map(([, content]) => content)).toContain(later);
});
