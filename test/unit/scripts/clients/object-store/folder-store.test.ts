import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { escapeKey, pathOfKey, unescapeKey } from "../../../../../scripts/clients/object-store/folder-names";
import { FolderStore } from "../../../../../scripts/clients/object-store/folder-store";
import { ConditionFailed, NoSuchObject, StoreError } from "../../../../../scripts/clients/object-store/object-store";

let folder: string;
let store: FolderStore;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-store-"));
  store = new FolderStore(folder);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const bytes = (text: string): Buffer => Buffer.from(text);

describe("file names are those of go-cloud", () => {
  test.each([
    [".pulumi/stacks/shop/prod.json", ".pulumi/stacks/shop/prod.json"],
    ["a//b", "a/__0x2f__b"],
    ["a/../b", "a/..__0x2f__b"],
    ["../b", "..__0x2f__b"],
    ["a/", "a__0x2f__"],
    ["a\nb", "a__0xa__b"],
    ["é ü", "é ü"],
  ])("%j is %j", (key, name) => {
    expect(escapeKey(key)).toBe(name);
    expect(unescapeKey(name)).toBe(key);
  });

  test("every key comes back, and no file is outside of the folder [E1]", () => {
    const keys = fc.string({ unit: fc.constantFrom("a", "/", ".", "\u0001", "_", "0", "x", "é") });
    fc.assert(
      fc.property(keys, (key) => {
        const isItsOwn = !key.includes("__0x");
        if (isItsOwn) expect(unescapeKey(escapeKey(key))).toBe(key);
        const path = pathOfKey("/store", key);
        if (path !== undefined) expect(path.startsWith("/store/")).toBe(true);
      }),
    );
  });
});

test("what is written is listed and read, and the side files are not objects", async () => {
  await store.write("a/two.json", bytes("22"));
  await store.write("a/one.json", bytes("1"));
  await store.write("b.json", bytes("3"));
  expect((await store.list("a/")).map(({ key, size }) => [key, size])).toEqual([
    ["a/one.json", 1],
    ["a/two.json", 2],
  ]);
  expect((await store.list("a/o")).map(({ key }) => key)).toEqual(["a/one.json"]);
  expect((await store.list("")).map(({ key }) => key)).toEqual(["a/one.json", "a/two.json", "b.json"]);
  expect(await store.list("nothing/")).toEqual([]);
  expect((await store.read("a/two.json")).toString()).toBe("22");
  const { md5 } = JSON.parse(readFileSync(join(folder, "a/two.json.attrs"), "utf8"));
  expect(md5).toBe(createHash("md5").update("22").digest("base64"));
});

test("side files are left out where the backend has none", async () => {
  await new FolderStore(folder, { attributes: false }).write("a.json", bytes("1"));
  expect(existsSync(join(folder, "a.json.attrs"))).toBe(false);
});

test("what is noted of a content never outlives it [G1]", async () => {
  await store.write("a.json", bytes("1"));
  await expect(store.notedMd5("a.json")).resolves.toBe(createHash("md5").update("1").digest("base64"));
  await new FolderStore(folder, { attributes: false }).write("a.json", bytes("2"));
  await expect(store.notedMd5("a.json")).resolves.toBeUndefined();
  writeFileSync(join(folder, "a.json.attrs"), "{");
  await expect(store.notedMd5("a.json")).resolves.toBeUndefined();
});

test("a content that is put back, with the time of before, is another write of it [N2]", async () => {
  await store.write("a.json", bytes("1"));
  const { atime, mtime } = statSync(join(folder, "a.json"));
  const first = await store.mark("a.json");
  expect(await store.mark("a.json")).toBe(first);
  await store.write("a.json", bytes("1"));
  utimesSync(join(folder, "a.json"), atime, mtime);
  expect(await store.mark("a.json")).not.toBe(first);
  await expect(store.mark("b.json")).rejects.toThrow(NoSuchObject);
});

test("what is not there is said to be not there", async () => {
  mkdirSync(join(folder, "a"));
  await expect(store.read("nothing.json")).rejects.toThrow(NoSuchObject);
  await expect(store.read("a")).rejects.toThrow(NoSuchObject);
  await expect(store.read("../outside")).rejects.toThrow(NoSuchObject);
});

test("a condition keeps what somebody else wrote [E3]", async () => {
  await store.write("a.json", bytes("1"), { ifNoneMatch: true });
  await expect(store.write("a.json", bytes("2"), { ifNoneMatch: true })).rejects.toThrow(ConditionFailed);
  const [before] = await store.list("a.json");
  await store.write("a.json", bytes("3"), { ifMatch: before?.etag ?? "" });
  await expect(store.write("a.json", bytes("4"), { ifMatch: before?.etag ?? "" })).rejects.toThrow(ConditionFailed);
  await expect(store.write("b.json", bytes("4"), { ifMatch: before?.etag ?? "" })).rejects.toThrow(ConditionFailed);
  expect((await store.read("a.json")).toString()).toBe("3");
  expect((await store.list("")).map(({ key }) => key)).toEqual(["a.json"]);
});

test("an object is removed with its side file, twice without an error", async () => {
  await store.write("a.json", bytes("1"));
  await store.remove("a.json");
  await store.remove("a.json");
  expect(existsSync(join(folder, "a.json.attrs"))).toBe(false);
  expect(await store.list("")).toEqual([]);
});

test("folders that come and go meanwhile hide nothing that is there [E1]", async () => {
  await store.write("stacks/prod.json", bytes("state"));
  const end = new AbortController();
  const others = (async () => {
    for (let turn = 0; !end.signal.aborted; turn += 1) {
      const locks = join(folder, "locks", String(turn % 40));
      mkdirSync(locks, { recursive: true });
      if (turn % 40 === 39) rmSync(join(folder, "locks"), { recursive: true });
      await new Promise(setImmediate);
    }
  })();
  try {
    for (let turn = 0; turn < 100; turn += 1) {
      expect((await store.list("")).map(({ key }) => key)).toEqual(["stacks/prod.json"]);
    }
  } finally {
    end.abort();
    await others;
  }
});

test("what the system refuses names the folder", async () => {
  writeFileSync(join(folder, "file"), "");
  const error: unknown = await store.write("file/a.json", bytes("1")).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(StoreError);
  expect(String(error)).toContain(folder);
});

test("a name that points nowhere is no object", async () => {
  symlinkSync(join(folder, "gone"), join(folder, "link.json"));
  expect(await store.list("")).toEqual([]);
});
