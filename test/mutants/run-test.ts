import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { runIn } from "./children";
import type { NamedTest } from "./mutant";
import type { ScratchTree } from "./scratch-tree";

/** How the tests of a run ended. */
export interface TestRun {
  readonly hung: boolean;
  /** Files that could not be run at all, with the reason. */
  readonly broken: readonly string[];
  readonly tests: readonly { readonly file: string; readonly title: string; readonly state: string }[];
}

const reportSchema = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      message: z.string(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
});

/** Seconds that a run of tests may take. A change that makes a loop endless is found by this. */
const patience = 600;

/** Runs just this test in a tree, with the command line that the tree's code makes. */
export async function runTest(tree: ScratchTree, { file, title }: NamedTest): Promise<TestRun> {
  const layer = file.split("/")[1] ?? "";
  if (layer === "commands") {
    const built = await runIn(tree, ["scripts/bundle.cjs"], patience);
    if (built.code !== 0) {
      return { hung: built.hung, broken: [`the command line cannot be built: ${built.output}`], tests: [] };
    }
  }
  const report = join(tree.folder, "mutants-report.json");
  rmSync(report, { force: true });
  const argv = ["node_modules/jest/bin/jest.js", "--runInBand", "--json", `--outputFile=${report}`];
  argv.push("--selectProjects", layer, "--testNamePattern", escaped(title), "--runTestsByPath", file);
  const { hung, output } = await runIn(tree, argv, patience);
  if (hung) return { hung, broken: [], tests: [] };
  if (!existsSync(report)) return { hung, broken: [`jest did not run: ${output.slice(-2_000)}`], tests: [] };
  return resultOf(tree, report);
}

function resultOf({ folder }: ScratchTree, report: string): TestRun {
  const { testResults } = reportSchema.parse(JSON.parse(readFileSync(report, "utf8")));
  return {
    hung: false,
    broken: testResults.filter(({ assertionResults }) => assertionResults.length === 0).map(({ message }) => message),
    tests: testResults.flatMap(({ name, assertionResults }) =>
      assertionResults
        .filter(({ status }) => status === "passed" || status === "failed")
        .map(({ fullName, status }) => ({ file: name.slice(folder.length + 1), title: fullName, state: status })),
    ),
  };
}

/** The states of a named test: more than one where its title stands for several rows. */
export function statesOf({ tests }: TestRun, { file, title }: NamedTest): string[] {
  return tests.filter((test) => test.file === file && test.title.includes(title)).map(({ state }) => state);
}

function escaped(text: string): string {
  return text.replaceAll(/[$()*+.?[\\\]^{|}]/gu, String.raw`\$&`);
}
