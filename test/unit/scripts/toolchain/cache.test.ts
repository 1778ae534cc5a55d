import { mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Cache } from "../../../../scripts/toolchain/cache";
import type { Part } from "../../../../scripts/toolchain/parts/part";
import { Sums } from "../../../../scripts/toolchain/sums";
import { removeScratchFolders, scratchFolder, writeScript } from "./scratch";

const sums = Sums.read({ sumsFile: undefined });
const platform = { system: "linux", architecture: "x64" };
const part: Part = { name: "tool", version: "1.2.3", kind: "tool", executable: "tool" };

let folder: string;

beforeEach(() => {
  folder = scratchFolder();
});

afterEach(removeScratchFolders);

/** Puts a part into the cache and gives the folder that it has there. */
function keep(): string {
  const cache = new Cache(folder, platform, sums);
  const program = path.join(cache.workFolder("test"), "built");
  writeScript(program, "echo 1.2.3");
  return path.dirname(cache.keep(part, "built from upstream", { program, source: "a test", seconds: 1 }).program);
}

function find() {
  return new Cache(folder, platform, sums).find(part, "built from upstream");
}

test("what was kept is found again, under its origin only", () => {
  const place = keep();
  expect(find()).toMatchObject({ origin: "built from upstream", version: "1.2.3", program: path.join(place, "tool") });
  expect(new Cache(folder, platform, sums).find(part, "official")).toBeUndefined();
  expect(
    new Cache(folder, { ...platform, architecture: "arm64" }, sums).find(part, "built from upstream"),
  ).toBeUndefined();
  expect(new Cache(folder, platform, sums).find({ ...part, version: "1.2.4" }, "built from upstream")).toBeUndefined();
});

test("a program without a receipt is not trusted", () => {
  rmSync(path.join(keep(), "receipt.json"));
  expect(find()).toBeUndefined();
});

test.each(["", "{", "[]", '{"part":"tool"}'])("a receipt that says %j is not trusted", (text) => {
  writeFileSync(path.join(keep(), "receipt.json"), text);
  expect(find()).toBeUndefined();
});

test("a program that is shorter than it was is not trusted", () => {
  truncateSync(path.join(keep(), "tool"), 5);
  expect(find()).toBeUndefined();
});

test("a receipt without its program is not trusted", () => {
  rmSync(path.join(keep(), "tool"));
  expect(find()).toBeUndefined();
});

test("keeping a part again replaces what was not trusted", () => {
  const place = keep();
  truncateSync(path.join(place, "tool"), 5);
  mkdirSync(path.join(place, "junk"));
  keep();
  expect(find()).toBeDefined();
  expect(readdirSync(place).sort()).toEqual(["receipt.json", "tool"]);
});
