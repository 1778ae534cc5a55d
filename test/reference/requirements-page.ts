import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { requirements, type Requirement } from "../support/requirements";

/** A test whose title ends with the ids of what it shows: `… [A7, D8]`. */
export interface TaggedTest {
  readonly file: string;
  readonly title: string;
  readonly ids: readonly string[];
}

/** A call that prints how long something took for which a time is promised: `timed("L1", "restoring a container", …)`. */
export interface Measurement {
  readonly file: string;
  readonly what: string;
  readonly id: string;
}

/** Times are promised by these; a title cannot show one, since no test asserts a time. */
const isTime = (id: string): boolean => id.startsWith("L");

const titleWithIds = /(["'`])((?:\\.|(?!\1)[^\\\n])+?) \[([A-N]\d+(?:, [A-N]\d+)*)\]\1/gu;

/** Tests of a source text that name requirements. */
export function taggedTests(file: string, source: string): TaggedTest[] {
  return [...source.matchAll(titleWithIds)].map(([, , title = "", ids = ""]) => ({
    file,
    title: title.replace(/\\(.)/gu, "$1"),
    ids: ids.split(", "),
  }));
}

/** Measurements in a source text. */
export function measurementsIn(file: string, source: string): Measurement[] {
  const calls = source.matchAll(/\btimed\(\s*"([A-N]\d+)",\s*"([^"]+)"/gu);
  return [...calls].map(([, id = "", what = ""]) => ({ file, id, what }));
}

/** Sources of some layers of tests, by file name. */
function sourcesOf(project: string, layers: readonly string[]): { file: string; source: string }[] {
  return layers.flatMap((layer) => {
    const folder = join(project, "test", layer);
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
    return files
      .sort()
      .map((name) => ({ file: `test/${layer}/${name}`, source: readFileSync(join(folder, name), "utf8") }));
  });
}

/** Every tagged test of the project, by file name. */
export function testsOfProject(project: string): TaggedTest[] {
  const sources = sourcesOf(project, ["unit", "components", "commands", "rehearsal"]);
  return sources.flatMap(({ file, source }) => taggedTests(file, source));
}

/** Every measurement of the project, by file name. */
export function measurementsOfProject(project: string): Measurement[] {
  return sourcesOf(project, ["bench", "rehearsal"]).flatMap(({ file, source }) => measurementsIn(file, source));
}

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
  const known = new Set(requirements.map(({ id }) => id));
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
