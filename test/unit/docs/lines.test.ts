import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { linesOf, type PageLine, pagesForPeople } from "../../support/docs/page-lines";
import { alike, byHand, linesRun, pagesRun } from "../../support/docs/shown";

const root = resolve(__dirname, "../../..");
const lines = pagesForPeople().flatMap(linesOf);

/** How a line is shown. None: nobody knows whether it works. */
function waysOf({ page, command, isConsole }: PageLine): string[] {
  const run = isConsole ? pagesRun[page] : undefined;
  if (run !== undefined) return [run];
  if (Object.hasOwn(linesRun, command)) return ["test/commands/docs/lines.test.ts"];
  const like = alike.flatMap(({ line, by }) => (line.test(command) ? [by] : []));
  return like.length > 0 ? like : byHand.flatMap(({ line, why }) => (line.test(command) ? [why] : []));
}

test("every line of the guides and runbooks is run, or it is said what else shows it, or why nothing can [K1]", () => {
  expect(lines.length).toBeGreaterThan(300);
  const unshown = lines.filter((line) => waysOf(line).length === 0);
  expect(unshown.map(({ page, command }) => `${page}: ${command}`)).toEqual([]);
});

test("most of them are run as they stand", () => {
  const run = lines.filter(
    (line) => waysOf(line).includes("test/commands/docs/lines.test.ts") || pagesRun[line.page] !== undefined,
  );
  expect(run.length / lines.length).toBeGreaterThan(1 / 3);
});

test("no row is of a line that no page has any more", () => {
  const commands = lines.map(({ command }) => command);
  expect([...alike, ...byHand].filter(({ line }) => !commands.some((command) => line.test(command)))).toEqual([]);
  expect(Object.keys(linesRun).filter((command) => !lines.some((line) => line.command === command))).toEqual([]);
  expect(Object.keys(pagesRun).filter((page) => !lines.some((line) => line.page === page && line.isConsole))).toEqual(
    [],
  );
});

test("what shows a line is there, with the line's own words", () => {
  const wrong = alike.filter(({ by, words }) => {
    const path = join(root, by);
    return !existsSync(path) || !words.every((word) => readFileSync(path, "utf8").includes(word));
  });
  expect(wrong).toEqual([]);
  expect([...new Set(Object.values(pagesRun))].filter((file) => !existsSync(join(root, file)))).toEqual([]);
});
