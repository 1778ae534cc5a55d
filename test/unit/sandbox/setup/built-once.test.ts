import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { builtOnce } from "../../../sandbox/setup/images/built-once";

const cache = mkdtempSync(join(tmpdir(), "lifeboat-cache-"));
const earlier = process.env["XDG_CACHE_HOME"];

beforeAll(() => {
  process.env["XDG_CACHE_HOME"] = cache;
});

afterAll(() => {
  if (earlier === undefined) delete process.env["XDG_CACHE_HOME"];
  else process.env["XDG_CACHE_HOME"] = earlier;
  rmSync(cache, { recursive: true });
});

function obtain(recipe: string, build: (file: string) => void): Promise<string> {
  const whole = { kind: "images", name: "disk", recipe, build: async (file: string) => build(file) };
  return builtOnce(whole, () => undefined);
}

test("a file is made once for each recipe, and only a finished one gets its name", async () => {
  const failed = obtain("first", (file) => {
    writeFileSync(file, "half");
    throw new Error("no mirror");
  });
  await expect(failed).rejects.toThrow("no mirror");
  const file = await obtain("first", (made) => writeFileSync(made, "whole"));
  expect(readFileSync(file, "utf8")).toBe("whole");
  expect(readdirSync(dirname(file))).toEqual(["disk"]);
  const again = await obtain("first", () => {
    throw new Error("made twice");
  });
  expect(again).toBe(file);
  expect(await obtain("second", (made) => writeFileSync(made, "other"))).not.toBe(file);
});

async function makeFolder(file: string): Promise<void> {
  mkdirSync(file);
  writeFileSync(join(file, "of"), file);
  await setTimeout(20);
}

test("a folder that two make at once is there for both, and the first one's stays", async () => {
  const wanted = { kind: "trees", name: "tree", recipe: "both", build: makeFolder };
  const [one, other] = await Promise.all([1, 2].map(() => builtOnce(wanted, () => undefined)));
  if (one === undefined) throw new Error("none was made");
  expect(one).toBe(other);
  expect(readdirSync(dirname(one))).toEqual(["tree"]);
  expect(readFileSync(join(one, "of"), "utf8")).toContain("building-");
});
