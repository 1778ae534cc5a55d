import { criteria } from "../support/criteria";
import { requirements, type Requirement } from "../support/requirements";
import { isTime, type Measurement, type TaggedTest } from "./tagged-tests";

/**
 * The page that says by which tests each requirement is shown, and by which measurements the promised times.
 *
 * @throws Error when a test or a measurement names an id that there is not, a title one of a time, or a measurement one of
 *   anything else.
 */
export function requirementsPage(tests: readonly TaggedTest[], measurements: readonly Measurement[]): string {
  refuseStrays(tests, measurements);
  const shown = requirements.map((requirement) => ({
    requirement,
    lines: linesThatShow(requirement, tests, measurements),
  }));
  const open = shown.filter(({ lines }) => lines.length === 0).map(({ requirement }) => requirement.id);
  const counted = `${requirements.length - open.length} of ${requirements.length} are shown`;
  return [
    "# Requirements and what shows them",
    "",
    "Written by `npm run reference` from the titles of the tests, and from the measurements that print how long something took:",
    "times (L) are never asserted. Change those, not this page.",
    "",
    open.length === 0 ? `${counted}.` : `${counted}. Not shown: ${open.join(", ")}.`,
    "",
    ...shown.flatMap(({ requirement, lines }) => section(requirement, lines)),
  ].join("\n");
}

function refuseStrays(tests: readonly TaggedTest[], measurements: readonly Measurement[]): void {
  const known = new Set([...requirements, ...criteria].map(({ id }) => id));
  const strayTests = tests.filter(({ ids }) => ids.some((id) => !known.has(id) || isTime(id)));
  const strayMeasurements = measurements.filter(({ id }) => !known.has(id) || !isTime(id));
  const strays = [
    ...strayTests.map(({ file, title }) => `${file}: ${title}`),
    ...strayMeasurements.map(({ file, what }) => `${file}: ${what}`),
  ];
  if (strays.length > 0) throw new Error(`These name no requirement that they can show: ${strays.join("; ")}`);
}

function linesThatShow(
  { id }: Requirement,
  tests: readonly TaggedTest[],
  measurements: readonly Measurement[],
): string[] {
  if (isTime(id)) {
    const own = measurements.filter((measurement) => measurement.id === id);
    return own.map(({ file, what }) => `- measured: ${what} (\`${file}\`)`);
  }
  return tests.filter(({ ids }) => ids.includes(id)).map(({ file, title }) => `- ${title} (\`${file}\`)`);
}

function section({ id, promise }: Requirement, lines: readonly string[]): string[] {
  const nothing = isTime(id) ? "**Not shown**: nothing measures it yet." : "**Not shown**: no test shows it yet.";
  return [`## ${id}`, "", promise, "", ...(lines.length === 0 ? [nothing] : lines), ""];
}
