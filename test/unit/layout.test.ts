import { existsSync, readdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";

const project = resolve(__dirname, "../..");

/** Folders below a folder that have a file, by their paths. */
function foldersBelow(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return [...new Set(files.map(({ parentPath }) => relative(folder, parentPath)))];
}

test("each folder of test/unit has the name of the one whose files it tests; those of test/sandbox and test/support without `test`", () => {
  const strays = foldersBelow(__dirname).filter(
    (folder) => !existsSync(join(project, folder)) && !existsSync(join(project, "test", folder)),
  );
  expect(strays).toEqual([]);
});
