import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { environmentOf, pulumiLine } from "../../../site/plain-pulumi";

const root = resolve(__dirname, "../../..");

test("a line with plain pulumi works in any shell, and tells whose stack it works on [K1, B3]", () => {
  const line = pulumiLine("prod", "up --refresh");
  expect(line).toBe('eval "$(lifeboat env prod)" && pulumi up --refresh -s prod');
  const consented = pulumiLine("lab", "up", "LIFEBOAT_ALLOW_REBOOT=web");
  expect(consented).toBe('eval "$(lifeboat env lab)" && LIFEBOAT_ALLOW_REBOOT=web pulumi up -s lab');
  const others = ["pulumi up -s prod", "lifeboat grow prod/web"];
  expect([line, consented, ...others].map(environmentOf)).toEqual(["prod", "lab", undefined, undefined]);
});

test("no text of the program has a line with plain pulumi for a stack that is not made there [K1, B3]", () => {
  const sources = ["components", "scripts", "site", "stacks"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => join(folder, name)),
  );
  const texts = sources.flatMap((file) =>
    readFileSync(join(root, file), "utf8")
      .split("\n")
      .flatMap((line) => (/\bpulumi [a-z][^`]* (?:-s|--stack) ?\$\{/u.test(line) ? [`${file}: ${line.trim()}`] : [])),
  );
  // What goes on after a line that has set the shell up.
  const after = "scripts/inspect/import-file/inspect-import.ts";
  expect(texts.filter((text) => !text.startsWith(after))).toEqual([]);
  expect(texts.filter((text) => text.startsWith(after)).length).toBeGreaterThan(0);
});
