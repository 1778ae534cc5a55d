import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { FolderStore } from "../../../../../../../scripts/clients/object-store/folder-store";
import { NoSuchObject } from "../../../../../../../scripts/clients/object-store/object-store";
import { copyState } from "../../../../../../../scripts/recovery/steps/state/copies/copy-state";
import { parseMarker } from "../../../../../../../site/state-copies/copy-marker";
import { addUpdate, checkpointText, stackKey, state } from "../../../../../../support/state/states";
import { exampleNames } from "../../../../../../support/example-names";

let folder: string;
let source: FolderStore;
let target: FolderStore;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-copies-"));
  source = new FolderStore(join(folder, "store"));
  target = new FolderStore(join(folder, "copies", "prod"), { attributes: false });
});

afterEach(() => rmSync(folder, { recursive: true }));

const noon = Date.parse("2026-11-20T12:00:00Z");

function copy(now = noon, dryRun = false) {
  const signal = new AbortController().signal;
  return copyState({
    place: state.place,
    addresses: { proxmox: "https://192.0.2.11:8006", store: undefined, names: exampleNames },
    variables: {},
    source,
    target,
    now,
    dryRun,
    signal,
    progress: () => undefined,
  });
}

async function marker() {
  return parseMarker((await target.read("lifeboat-copy.json")).toString());
}

async function textOf(store: FolderStore, key = stackKey): Promise<string> {
  return (await store.read(key)).toString();
}

test("a stack without a state leaves nothing behind [E6]", async () => {
  expect(await copy()).toEqual({ kind: "empty" });
  expect(await target.list("")).toEqual([]);
});

test("everything of the stack is copied, readable by its owner only, and the copy says what it is [E6]", async () => {
  await addUpdate(source, 1, { message: "first" });
  await addUpdate(source, 2, { message: "second", made: noon - 5_000 });
  await source.write(".lifeboat/points/shop/prod/saved.json", Buffer.from("saved"));
  await source.write(".pulumi/stacks/shop/production.json", Buffer.from("another stack"));
  await source.write(`${stackKey}.bak`, Buffer.from("not needed"));
  expect(await copy()).toMatchObject({ kind: "copied", objects: 5 });
  const keys = (await target.list("")).map(({ key }) => key);
  expect(keys.filter((key) => key.includes("/history/"))).toHaveLength(4);
  expect(keys.filter((key) => !key.includes("/history/"))).toEqual([
    ".lifeboat/points/shop/prod/saved.json",
    stackKey,
    "lifeboat-copy.json",
  ]);
  const modes = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.parentPath.includes("copies"))
    .map((entry) => statSync(join(entry.parentPath, entry.name)).mode & 0o777);
  expect(new Set(modes)).toEqual(new Set([0o600]));
  expect(await marker()).toMatchObject({
    time: noon,
    checkpoint: { object: stackKey, made: noon - 5_000, pulumi: "v3.258.0" },
    update: { kind: "update", result: "succeeded", message: "second" },
    duringUpdate: false,
  });
});

test("a second copy sends only what is new [E6]", async () => {
  await addUpdate(source, 1);
  await copy();
  expect(await copy()).toMatchObject({ kind: "copied", objects: 0 });
  await addUpdate(source, 2);
  expect(await copy(noon + 1)).toMatchObject({ kind: "copied", objects: 2, marker: { time: noon + 1 } });
  expect(await textOf(target)).toBe(await textOf(source));
});

const entry = ".pulumi/history/shop/prod/prod-1.checkpoint.json";
const point = ".lifeboat/points/shop/prod/saved.json";

/** As something outside of Lifeboat damages it. */
type Damage = readonly [words: string, change: (content: Buffer) => Buffer];

const damages: readonly Damage[] = [
  ["cut off", (content) => content.subarray(0, 10)],
  ["empty", () => Buffer.alloc(0)],
  ["of the same length", (content) => Buffer.from(content.map((byte, index) => (index === 3 ? byte ^ 1 : byte)))],
];

describe.each(damages)("history that is %s", (_, change) => {
  test.each([
    ["the store", entry, () => source],
    ["the store", point, () => source],
    ["the copy", entry, () => target],
    ["the copy", point, () => target],
  ])("in %s never replaces the other's: both are kept, and it is told (%s) [E6]", async (__, key, where) => {
    await addUpdate(source, 1);
    await source.write(point, Buffer.from("a state that was saved"));
    await copy();
    const good = await source.read(key);
    const bad = change(good);
    await where().write(key, bad);
    const before = [await source.read(key), await target.read(key)];
    expect(await copy(noon, true)).toMatchObject({ kind: "planned", objects: 0, differing: [key] });
    for (let run = 0; run < 2; run += 1) {
      expect(await copy()).toMatchObject({ kind: "copied", objects: 0, differing: [key] });
    }
    expect([await source.read(key), await target.read(key)]).toEqual(before);
    const beside = (await target.list(".lifeboat/differing/")).map((object) => object.key);
    expect(beside).toEqual([expect.stringMatching(`/${key}$`)]);
    expect(await target.read(beside[0] ?? "")).toEqual(before[0]);
  });
});

test("an entry that another copier writes meanwhile is not overwritten [E6]", async () => {
  await addUpdate(source, 1);
  const { write } = target;
  target.write = async (key, body, condition) => {
    if (key === entry) await write.call(target, key, Buffer.from("another's"));
    return write.call(target, key, body, condition);
  };
  expect(await copy()).toMatchObject({ kind: "copied", objects: 1, differing: [entry] });
  expect(await textOf(target, entry)).toBe("another's");
});

test("a dry run says what would be copied and writes nothing [K1]", async () => {
  await addUpdate(source, 1);
  expect(await copy(noon, true)).toEqual({ kind: "planned", objects: 2, state: true, differing: [] });
  expect(await target.list("")).toEqual([]);
  await copy();
  expect(await copy(noon, true)).toEqual({ kind: "planned", objects: 0, state: false, differing: [] });
});

test.each(["", '{"version":3,"checkpoint":', '{"version":9}', checkpointText({ stack: "organization/shop/lab" })])(
  "a state that cannot be read does not replace its copy: %j [E6]",
  async (bad) => {
    await addUpdate(source, 1);
    await copy();
    const before = [await textOf(target), await marker()];
    await source.write(stackKey, Buffer.from(bad));
    expect(await copy()).toMatchObject({ kind: "kept", why: expect.stringContaining("cannot be read") });
    expect([await textOf(target), await marker()]).toEqual(before);
  },
);

test("a store that was brought back from an old backup does not replace the newer copy [E6]", async () => {
  await addUpdate(source, 1, { made: noon });
  const old = await source.read(stackKey);
  await addUpdate(source, 2, { made: noon + 1_000 });
  await copy();
  const copied = await textOf(target);
  for (const { key } of await source.list(".pulumi/history/shop/prod/prod-2")) await source.remove(key);
  await source.write(stackKey, old);
  expect(await copy()).toMatchObject({
    kind: "kept",
    why: expect.stringContaining("its history does not have the last update of the other"),
  });
  expect(await textOf(target)).toBe(copied);
});

test("an old store in which somebody works with a later clock does not replace the copy: the history decides [E6]", async () => {
  await addUpdate(source, 1, { made: noon });
  const old = await source.read(stackKey);
  await addUpdate(source, 2, { made: noon + 1_000 });
  await copy();
  const copied = await textOf(target);
  // An old store in which somebody has made an update since: the copy's last one was never part of it.
  for (const { key } of await source.list(".pulumi/history/shop/prod/prod-2")) await source.remove(key);
  await source.write(stackKey, old);
  await addUpdate(source, 3, { made: noon + 9_000 });
  expect(await copy()).toMatchObject({
    kind: "kept",
    why: expect.stringContaining("its history does not have the last update of the other"),
  });
  expect(await textOf(target)).toBe(copied);
});

test("an update that a clock behind the others has dated earlier is copied: it has come from the copy [E6]", async () => {
  await addUpdate(source, 1, { made: noon });
  await copy();
  await addUpdate(source, 2, { made: noon - 86_400_000 });
  expect(await copy()).toMatchObject({ kind: "copied" });
  expect(await textOf(target)).toBe(await textOf(source));
});

test("an older state that somebody went back to is copied: it was saved when they did [E6]", async () => {
  await addUpdate(source, 1, { made: noon });
  const old = await source.read(stackKey);
  await addUpdate(source, 2, { made: noon + 1_000 });
  const newer = await source.read(stackKey);
  await copy();
  await source.write(stackKey, old);
  expect(await copy()).toMatchObject({ kind: "kept", why: expect.stringContaining("Pulumi made it earlier") });
  await source.write(".lifeboat/points/shop/prod/saved.json", newer);
  expect(await copy()).toMatchObject({ kind: "copied" });
  expect(await textOf(target)).toBe(old.toString());
});

test("a copy that is damaged is replaced by a good state, also by an older one [E6]", async () => {
  await addUpdate(source, 1);
  await copy();
  await target.write(stackKey, Buffer.from("{"));
  expect(await copy()).toMatchObject({ kind: "copied" });
  expect(await textOf(target)).toBe(await textOf(source));
});

test.each<[string, (store: FolderStore) => Promise<void>]>([
  ["a lock is held", (store) => store.write(".pulumi/locks/organization/shop/prod/one.json", Buffer.from("{}"))],
  ["an operation is pending", (store) => store.write(stackKey, Buffer.from(checkpointText({ pending: ["creating"] })))],
])("a state from the middle of an update is labelled: %s [E6]", async (_, begin) => {
  await addUpdate(source, 1);
  await begin(source);
  expect(await copy()).toMatchObject({ kind: "copied", marker: { duringUpdate: true } });
});

test("an update that ends while its state is copied is labelled too [E6]", async () => {
  await addUpdate(source, 1);
  const lock = ".pulumi/locks/organization/shop/prod/one.json";
  await source.write(lock, Buffer.from("{}"));
  const { write } = target;
  target.write = async (key, body, condition) => {
    await source.remove(lock);
    return write.call(target, key, body, condition);
  };
  expect(await copy()).toMatchObject({ kind: "copied", marker: { duringUpdate: true } });
});

test("the form that Pulumi reads is copied when there are several [E6]", async () => {
  await addUpdate(source, 1);
  const packed = gzipSync(checkpointText({ made: noon + 9_000 }));
  await source.write(`${stackKey}.gz`, packed);
  await copy();
  expect(await marker()).toMatchObject({ checkpoint: { object: `${stackKey}.gz`, made: noon + 9_000 } });
  expect(await target.read(`${stackKey}.gz`)).toEqual(packed);
});

test.each([
  ["an entry of the history", ".pulumi/history/shop/prod/prod-1.history.json"],
  ["a checkpoint of the history", ".pulumi/history/shop/prod/prod-1.checkpoint.json"],
  ["a saved state", ".lifeboat/points/shop/prod/saved.json"],
  ["the state", stackKey],
])(
  "%s that does not read back as it was written is an error, and the copy does not say that it is one [E6]",
  async (_, lost) => {
    await addUpdate(source, 1);
    await source.write(".lifeboat/points/shop/prod/saved.json", Buffer.from("saved"));
    const { write } = target;
    target.write = (key, body, condition) => write.call(target, key, key === lost ? body.subarray(1) : body, condition);
    await expect(copy()).rejects.toThrow(`${lost} does not read back as it was written`);
    expect((await target.list("")).map(({ key }) => key)).not.toContain("lifeboat-copy.json");
  },
);

test.each([
  ["is listed for all that is told", false],
  ["was removed meanwhile is missed by nobody", true],
])("an entry of the history that is not there when it is read, and %s [E6, K3]", async (_, isRemoved) => {
  await addUpdate(source, 1);
  const lost = ".pulumi/history/shop/prod/prod-1.history.json";
  const { read } = source;
  source.read = async (key) => {
    if (key !== lost) return read.call(source, key);
    if (isRemoved) await source.remove(lost);
    throw new NoSuchObject(source.place, lost);
  };
  expect(await copy()).toMatchObject({ kind: "copied", unreadable: isRemoved ? [] : [lost] });
});

test("what the copy says of itself is read back too [E6]", async () => {
  await addUpdate(source, 1);
  const { write } = target;
  target.write = (key, body, condition) =>
    write.call(target, key, key === "lifeboat-copy.json" ? body.subarray(1) : body, condition);
  await expect(copy()).rejects.toThrow("lifeboat-copy.json does not read back as it was written");
});
