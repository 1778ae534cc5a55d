import { criteria, type Criterion, documents } from "../support/criteria";
import { table } from "./markdown";
import type { Measurement, TaggedTest } from "./tagged-tests";

/** The page that says which test shows each criterion of the documents that Lifeboat grew from, or why none does. */
export function seedsPage(tests: readonly TaggedTest[], measurements: readonly Measurement[]): string {
  const rows = criteria.map((criterion) => ({ criterion, shown: whatShows(criterion, tests, measurements) }));
  const open = rows.filter(({ shown }) => shown === undefined).map(({ criterion }) => criterion.id);
  const counted = `${rows.length - open.length} of ${rows.length} are shown or explained`;
  return [
    "# The documents and what shows them",
    "",
    "Lifeboat grew from five documents of people who needed it. Here is each of their success and acceptance criteria, with the test",
    "that shows it, or why none does. Written by `npm run reference` from the titles of the tests; change those, not this page.",
    "",
    open.length === 0 ? `${counted}.` : `${counted}. Not shown yet: ${open.join(", ")}.`,
    ...Object.entries(documents).flatMap(([number, title]) => [
      "",
      `## ${number}: ${title}`,
      "",
      ...table(
        ["criterion", "what it wants", "shown by"],
        rows
          .filter(({ criterion }) => criterion.id.startsWith(`${number} `))
          .map(({ criterion, shown }) => [nameOf(criterion), criterion.wants, shown ?? "**not shown yet**"]),
      ),
    ]),
    "",
  ].join("\n");
}

function nameOf({ id }: Criterion): string {
  return id.slice(id.indexOf(" ") + 1);
}

function whatShows(
  { id, time, unshown }: Criterion,
  tests: readonly TaggedTest[],
  measurements: readonly Measurement[],
): string | undefined {
  const own = tests.filter(({ ids }) => ids.includes(id)).map(({ file, title }) => `${title} (\`${file}\`)`);
  const measured = measurements
    .filter((measurement) => measurement.id === time)
    .map(({ file, what }) => `measured: ${what} (\`${file}\`)`);
  const lines = [...own, ...measured];
  if (lines.length > 0) return lines.join("<br>");
  return unshown === undefined ? undefined : `none: ${unshown}`;
}
