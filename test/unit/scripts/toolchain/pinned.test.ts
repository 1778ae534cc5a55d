import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import * as z from "zod";
import { artifacts, parts } from "../../../../scripts/toolchain/parts";

const project = path.join(__dirname, "../../../..");

function text(...names: string[]): string {
  return readFileSync(path.join(project, ...names), "utf8");
}

test("every npm package has its integrity in package-lock.json [N7]", () => {
  const lock = z
    .object({ packages: z.record(z.string(), z.looseObject({ integrity: z.string().optional() })) })
    .parse(JSON.parse(text("package-lock.json")));
  const packages = Object.entries(lock.packages).filter(([name]) => name.startsWith("node_modules/"));
  expect(packages.length).toBeGreaterThan(100);
  expect(
    packages.filter(([, { integrity }]) => !/^sha512-\S{88}$/.test(integrity ?? "")).map(([name]) => name),
  ).toEqual([]);
});

test("every sum in the repository is one of an archive that a part is taken from [N7]", () => {
  const platforms = ["linux", "darwin"].flatMap((system) =>
    ["x64", "arm64"].map((architecture) => ({ system, architecture })),
  );
  const archives = new Set(
    [...parts, ...artifacts].flatMap((part) => platforms.map((platform) => part.official?.(platform).archive)),
  );
  const lines = text("scripts/toolchain/sums.sha256")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) {
    const [, name] = /^[0-9a-f]{64} {2}(\S+)$/.exec(line) ?? [];
    expect(archives).toContain(name);
  }
});

test("workflows use actions by their commit, and download nothing by themselves [N7]", () => {
  const folder = path.join(project, ".github/workflows");
  const lines = readdirSync(folder).flatMap((name) => readFileSync(path.join(folder, name), "utf8").split("\n"));
  const used = lines.filter((line) => /^\s*-? *uses:/.test(line));
  expect(used.length).toBeGreaterThan(0);
  expect(used.filter((line) => !/@[0-9a-f]{40}(?: |$)/.test(line))).toEqual([]);
  expect(lines.filter((line) => /\b(?:curl|wget)\b/.test(line))).toEqual([]);
});
