import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { linesOf, type PageLine, pagesForPeople } from "../../support/docs/page-lines";
import { linesRun } from "../../support/docs/lines-run";
import { byHand, pagesRun } from "../../support/docs/shown";

const root = resolve(__dirname, "../../..");
const lines = pagesForPeople().flatMap(linesOf);

/** Tests of whole pages, by the lines that they run. Some of these stand on other pages too. */
const onPages = new Map(
  lines.flatMap(({ page, command, isConsole }) => {
    const run = isConsole ? pagesRun[page] : undefined;
    return run === undefined ? [] : [[command, run]];
  }),
);

/** The test that runs a line as it stands, where there is one. */
function runBy({ command }: PageLine): string | undefined {
  const run = onPages.get(command);
  if (run !== undefined) return run;
  const group = Object.entries(linesRun).find(([, commands]) => Object.hasOwn(commands, command));
  if (group === undefined) return undefined;
  return group[0].includes("/") ? `test/${group[0]}.test.ts` : `test/commands/docs/lines/${group[0]}.test.ts`;
}

const asTheyStand = lines.filter((line) => runBy(line) !== undefined);
const others = lines.filter((line) => runBy(line) === undefined).map(({ page, command }) => ({ page, command }));

test("every line of the guides and runbooks is run, or it is said why nothing can [K1]", () => {
  expect(lines.length).toBeGreaterThan(300);
  expect(others.filter(({ command }) => !byHand.some(({ line }) => line.test(command)))).toEqual([]);
});

test("nearly all of them are run as they stand", () => {
  expect(asTheyStand.length / lines.length).toBeGreaterThan(0.95);
});

test("no row is of a line that no page has any more, or that is run as it stands", () => {
  expect(byHand.filter(({ line }) => !others.some(({ command }) => line.test(command)))).toEqual([]);
  const commands = new Set(lines.map(({ command }) => command));
  const run = Object.values(linesRun).flatMap((group) => Object.keys(group));
  expect(run.filter((command) => !commands.has(command))).toEqual([]);
  expect(run.length).toBe(new Set(run).size);
  expect(Object.keys(pagesRun).filter((page) => !lines.some((line) => line.page === page && line.isConsole))).toEqual(
    [],
  );
});

test("what runs a line is there", () => {
  const tests = [...Object.values(pagesRun), ...asTheyStand.flatMap((line) => runBy(line) ?? [])];
  expect([...new Set(tests)].filter((file) => !existsSync(join(root, file)))).toEqual([]);
});
