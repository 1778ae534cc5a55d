import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { requirements, type Requirement } from "./requirements";

/** A test whose title ends with the ids of what it shows: `… [A7, D8]`. */
export interface TaggedTest {
  readonly file: string;
  readonly title: string;
  readonly ids: readonly string[];
}

const titleWithIds = /(["'`])((?:\\.|(?!\1)[^\\\n])+?) \[([A-M]\d+(?:, [A-M]\d+)*)\]\1/gu;

/** Tests of a source text that name requirements. */
export function taggedTests(file: string, source: string): TaggedTest[] {
  return [...source.matchAll(titleWithIds)].map(([, , title = "", ids = ""]) => ({
    file,
    title: title.replace(/\\(.)/gu, "$1"),
    ids: ids.split(", "),
  }));
}

/** Every tagged test of the project, by file name. */
export function testsOfProject(project: string): TaggedTest[] {
  return ["unit", "components", "commands", "rehearsal"].flatMap((layer) => {
    const folder = join(project, "test", layer);
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
    return files
      .sort()
      .flatMap((name) => taggedTests(`test/${layer}/${name}`, readFileSync(join(folder, name), "utf8")));
  });
}

/**
 * The page that says by which tests each requirement is shown.
 *
 * @throws Error when a test names an id that there is not.
 */
export function requirementsPage(tests: readonly TaggedTest[]): string {
  const known = new Set(requirements.map(({ id }) => id));
  const stray = tests.filter(({ ids }) => ids.some((id) => !known.has(id)));
  if (stray.length > 0) {
    throw new Error(
      `These tests name no requirement: ${stray.map(({ file, title }) => `${file}: ${title}`).join("; ")}`,
    );
  }
  const open = requirements.filter(({ id }) => testsOf(id, tests).length === 0).map(({ id }) => id);
  const counted = `${requirements.length - open.length} of ${requirements.length} are shown by tests`;
  return [
    "# Requirements and the tests that show them",
    "",
    "Written by `npm run reference` from the titles of the tests. Change the tests, not this page.",
    "",
    open.length === 0 ? `${counted}.` : `${counted}. Open: ${open.join(", ")}.`,
    "",
    ...requirements.flatMap((requirement) => section(requirement, testsOf(requirement.id, tests))),
  ].join("\n");
}

function testsOf(id: string, tests: readonly TaggedTest[]): TaggedTest[] {
  return tests.filter(({ ids }) => ids.includes(id));
}

function section({ id, promise }: Requirement, tests: readonly TaggedTest[]): string[] {
  const shown = tests.map(({ file, title }) => `- ${title} (\`${file}\`)`);
  return [`## ${id}`, "", promise, "", ...(shown.length === 0 ? ["**Open**: no test shows it yet."] : shown), ""];
}
