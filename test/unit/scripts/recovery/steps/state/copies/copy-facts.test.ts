import { mkdtempSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { FolderStore } from "../../../../../../../scripts/clients/object-store/folder-store";
import { copyFacts, listCopy, staleSince } from "../../../../../../../scripts/recovery/steps/state/copies/copy-facts";
import { copyState } from "../../../../../../../scripts/recovery/steps/state/copies/copy-state";
import { readPresent } from "../../../../../../../scripts/recovery/steps/state/present-state";
import { sha256Of } from "../../../../../../../scripts/recovery/steps/state/state-access";
import { addUpdate, checkpointText, stackKey, state } from "../../../../../../support/state/states";
import { exampleNames } from "../../../../../../support/example-names";

/** What a copy is, whatever the clocks say, and whether it is behind its own history. */

let folder: string;
let source: FolderStore;
let target: FolderStore;
const minute = 60_000_000_000;
const savedKey = ".lifeboat/points/shop/prod/20261120T101010000Z-before-abcdef0123.json";

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-facts-"));
  source = new FolderStore(join(folder, "store"));
  target = new FolderStore(join(folder, "copy"), { attributes: false });
  await addUpdate(source, minute, { made: 60_000 });
  await copy();
});

afterEach(() => rmSync(folder, { recursive: true }));

async function copy(): Promise<void> {
  const signal = new AbortController().signal;
  await copyState({
    ...state,
    addresses: { proxmox: "https://192.0.2.11:8006", store: undefined, names: exampleNames },
    variables: {},
    source,
    target,
    now: 0,
    dryRun: false,
    signal,
    progress: () => undefined,
  });
}

async function factsOfCopy() {
  const access = { place: state.place, store: target };
  const objects = await listCopy(access);
  const present = objects.present && (await readPresent(access, objects.present));
  if (present?.checkpoint === undefined) throw new Error("There is no copy.");
  return copyFacts(access, objects, present);
}

const sha256 = async (): Promise<string> => sha256Of(await source.read(stackKey));

test("of two forms the one is the copy of which it says so, whichever was written last [E4, E6]", async () => {
  const other = `${stackKey}.gz`;
  await target.write(other, gzipSync(checkpointText({ made: 1 })));
  utimesSync(join(folder, "copy", other), 4_070_908_800, 4_070_908_800);
  expect(await factsOfCopy()).toMatchObject({ object: stackKey, sha256: await sha256() });
  // The next run leaves one.
  await copy();
  const keys = (await target.list("")).map(({ key }) => key);
  expect(keys.filter((key) => key.endsWith(other))).toEqual([expect.stringContaining(".lifeboat/differing/")]);
});

test("a history that is newer than the state: the copy is stale, as of that update [E4, A13]", async () => {
  const old = await target.read(stackKey);
  await addUpdate(target, 5 * minute, { made: 300_000 });
  await target.write(stackKey, old);
  expect(staleSince(await factsOfCopy(), undefined)).toBe(300_000);
});

test.each([
  ["with a marker that names the update", true],
  ["with what the update ended with saved", false],
])("somebody has gone back to an earlier state in the store, %s: the copy is not stale [E2, E4]", async (_, named) => {
  const old = await source.read(stackKey);
  await addUpdate(source, 5 * minute, { made: 300_000 });
  if (!named) await source.write(savedKey, await source.read(stackKey));
  await source.write(stackKey, old);
  await target.remove(stackKey);
  await copy();
  if (!named) await target.remove("lifeboat-copy.json");
  expect(staleSince(await factsOfCopy(), undefined)).toBeUndefined();
});

test("the state that was seen is not newer than a copy of it, nor than one that was made of it since [E4]", async () => {
  const seen = { at: 0, modified: Date.now() + 60_000, object: stackKey, size: 1, sha256: await sha256() };
  expect(staleSince(await factsOfCopy(), seen)).toBeUndefined();
  await target.write(stackKey, Buffer.from(checkpointText({ made: 90_000 })));
  expect(staleSince(await factsOfCopy(), seen)).toBeUndefined();
  expect(staleSince(await factsOfCopy(), { ...seen, sha256: "another" })).toBe(seen.modified);
});
