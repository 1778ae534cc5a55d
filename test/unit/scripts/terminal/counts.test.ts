import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { counted } from "../../../../scripts/terminal/text";

const root = resolve(__dirname, "../../../..");

/** Texts that never tell of one: two candidates at the least, a loop over what was written twice, characters of a limit. */
const alwaysMany = [
  "scripts/project/guest-selector.ts",
  "scripts/clients/offsite-copies.ts",
  "scripts/recovery/restore-data/make-plan.ts",
  "site/offsite/copied-files.ts",
  "site/restore/save-point.ts",
];

test("one is told of one: 1 update, 2 updates [K1]", () => {
  expect([1, 2, 0].map((count) => counted(count, "update"))).toEqual(["1 update", "2 updates", "0 updates"]);
  expect(counted(2, "copy", "copies")).toBe("2 copies");
});

test("no text of the program has `1 updates`: a number before a plural is counted, or one is told apart [K1]", () => {
  const files = ["scripts", "site", "stacks", "components"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && !name.startsWith("toolchain"))
      .map((name) => join(folder, name)),
  );
  const number = String.raw`\$\{(?:String\()?[\w.? ]*(?:length|size|count|resources|updates|days|limit|olderThan)\b[^{}]*\}`;
  const plural = new RegExp(
    String.raw`(?<!of )${number} (?:protected )?(?:\w+s|copies|entries)(?<!\bothers|\bhas|\bis|\bbytes)\b`,
    "gu",
  );
  const found = files.flatMap((file) => {
    const text = readFileSync(join(root, file), "utf8");
    return [...text.matchAll(plural)].flatMap(({ 0: words, index }) =>
      /=== 1|> 1/u.test(text.slice(Math.max(0, index - 120), index)) ? [] : [`${file}: ${words}`],
    );
  });
  expect(found.filter((one) => !alwaysMany.some((file) => one.startsWith(file)))).toEqual([]);
});
