import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

/** One file imports another; both by their paths in the project. */
export interface Import {
  readonly from: string;
  readonly to: string;
}

const isSource = /\.(?:ts|cjs)$/u;

/** The forms in which Prettier leaves imports: of values and types, handed on, without a name, at run time, and Node's own. */
const forms = /\bfrom "(\.[^"]*)"|^import "(\.[^"]*)"|\b(?:import|require)\(\s*"(\.[^"]*)"/gmu;

/** The sources below some folders of a project, sorted. */
export function sourcesIn(project: string, folders: readonly string[]): string[] {
  return folders
    .flatMap((folder) => {
      const names = readdirSync(join(project, folder), { recursive: true, encoding: "utf8" });
      return names.filter((name) => isSource.test(name)).map((name) => posix.join(folder, name));
    })
    .filter((file) => !file.split("/").includes("node_modules"))
    .sort();
}

/** Every import of one source by another, however it is written. Packages are left out. */
export function importsOf(project: string, sources: readonly string[]): Import[] {
  const known = new Set(sources);
  return sources.flatMap((from) => {
    const specifiers = readFileSync(join(project, from), "utf8").matchAll(forms);
    const found = [...specifiers].map(([, ...any]) => resolve(from, any.find(Boolean) ?? "", known));
    return [...new Set(found)].flatMap((to) => (to === undefined || to === from ? [] : [{ from, to }]));
  });
}

/** The source that a relative import means; an import of a `.js` is one of the `.ts` from which it is made. */
function resolve(from: string, specifier: string, known: ReadonlySet<string>): string | undefined {
  const path = posix.join(posix.dirname(from), specifier);
  const candidates = [path, `${path}.ts`, path.replace(/\.js$/u, ".ts"), `${path}.cjs`, posix.join(path, "index.ts")];
  return candidates.find((candidate) => known.has(candidate));
}
