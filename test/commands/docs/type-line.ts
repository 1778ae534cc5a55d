import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundle, runLifeboat, runProgram } from "../support/run-bundle";
import type { ProjectSite } from "../support/site/project-site";

/** How a line ended, with everything that it showed. */
export interface Typed {
  readonly code: number | null;
  readonly shown: string;
}

/** What only a shell does, and what takes the program itself along. */
const needsShell = /[|<>;&]|\$\(|^\w+=|^(?!lifeboat )|--with-program/u;

/**
 * Types a line of a page as it stands there, at a terminal where a person says yes to what is asked. What needs a shell runs in
 * one, with the bundle as users have it and nobody to be asked; everything else within this process.
 *
 * @param variables of the shell besides those of the site
 */
export async function typeLine(
  site: ProjectSite,
  line: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<Typed> {
  const env = { ...site.env, TERM: "dumb", NO_COLOR: "1", ...variables };
  const place = { cwd: site.project, env };
  const { code, stdout, stderr } = needsShell.test(line)
    ? await runProgram(["bash", "-c", line], {
        ...place,
        env: { ...env, PATH: `${withProgram(site)}:${variables["PATH"] ?? site.env["PATH"] ?? ""}` },
      })
    : await runLifeboat(wordsOf(line, env), place, { isAsked: true });
  return { code, shown: `${stdout}${stderr}` };
}

/** The words behind `lifeboat` as a shell tells them apart. */
function wordsOf(line: string, env: NodeJS.ProcessEnv): string[] {
  const printed = execFileSync("/bin/sh", ["-c", `set -- ${line}; printf '%s\\0' "$@"`], { env, encoding: "utf8" });
  return printed.split("\0").slice(1, -1);
}

/** A folder with `lifeboat` in it. */
function withProgram({ folder }: ProjectSite): string {
  writeFileSync(join(folder, "lifeboat"), `#!/bin/sh\nexec '${process.execPath}' '${bundle}' "$@"\n`, { mode: 0o755 });
  return folder;
}
