import { existsSync, readdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";

const project = resolve(__dirname, "../..");

/** Folders below a folder that have a test, by their paths: what tests read is where they like. */
function foldersBelow(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith(".test.ts"));
  return [...new Set(files.map(({ parentPath }) => relative(folder, parentPath)))];
}

test("each folder of test/unit has the name of the one whose files it tests; those of test/sandbox and test/support without `test`", () => {
  const strays = foldersBelow(__dirname).filter(
    (folder) => !existsSync(join(project, folder)) && !existsSync(join(project, "test", folder)),
  );
  expect(strays).toEqual([]);
});
