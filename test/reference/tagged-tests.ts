import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** A test whose title ends with the ids of what it shows: `… [A7, D8, 004 US1.1]`. */
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
export const isTime = (id: string): boolean => id.startsWith("L");

/** Ids of requirements, and of criteria of the documents: `A7`, `004 US1.1`. */
const oneId = String.raw`(?:[A-N]\d+|00\d [A-Z][\w.-]*)`;

const titleWithIds = new RegExp(String.raw`(["'\x60])((?:\\.|(?!\1)[^\\\n])+?) \[(${oneId}(?:, ${oneId})*)\]\1`, "gu");

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
