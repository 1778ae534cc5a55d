import { linesRun } from "../../support/docs/lines-run";
import type { RunResult } from "../support/run-bundle";
import type { ProjectSite } from "../support/site/project-site";
import { typeLine } from "./type-line";

export interface Typing {
  readonly site: ProjectSite;
  /** Of the shell, besides those of the site. */
  readonly variables?: Readonly<Record<string, string>>;
  /** What is to be so before a line makes sense, by the line. */
  readonly before?: Readonly<Record<string, () => unknown>>;
  /** What a reader writes for a word in capitals. */
  readonly words?: Readonly<Record<string, () => string | Promise<string>>>;
}

/** @throws Error with what a command has shown that had to end well. */
export function wellEnded({ code, stdout, stderr }: RunResult): void {
  if (code !== 0) throw new Error(`It ended with ${String(code)}: ${stdout}${stderr}`);
}

/** A test for each line of `linesRun`. @param at the site, once it is there */
export function runLines(name: string, at: () => Typing): void {
  test.each(Object.entries(linesRun[name] ?? {}))("%s [K1, K3]", async (line, codes) => {
    const { site, variables, before, words = {} } = at();
    await before?.[line]?.();
    let typed = line;
    for (const [word, written] of Object.entries(words)) {
      if (typed.split(" ").includes(word)) typed = typed.replace(word, await written());
    }
    const { code, shown } = await typeLine(site, typed, variables);
    expect({ code, shown: codes.includes(code ?? -1) ? "" : shown }).toEqual({ code: expect.any(Number), shown: "" });
  });
}
