import { type Mutant, whyNotApplicable } from "./mutant";
import { runTest, statesOf, type TestRun } from "./run-test";
import type { ScratchTree } from "./scratch-tree";

/**
 * What became of a change:
 *
 * - `killed`: its test failed;
 * - `survived`: its test passed although the code is wrong;
 * - `not applicable`: the change cannot be made, or its test does not pass, or is not there, before it is made;
 * - `no verdict`: the tests could not be run with it, or did not end.
 */
export type Verdict = "killed" | "survived" | "not applicable" | "no verdict";

export interface Judged {
  readonly mutant: Mutant;
  readonly verdict: Verdict;
  /** Why it is neither killed nor survived. */
  readonly why?: string;
  readonly seconds: number;
}

/** Judges changes that one test has to notice, which is run alone, first without any of them. */
export async function* judgeGroup(group: readonly Mutant[], tree: ScratchTree): AsyncGenerator<Judged> {
  const [first] = group;
  if (first === undefined) return;
  const unchanged = await runTest(tree, first.killedBy);
  for (const mutant of group) {
    const why = whyNotJudged(mutant, tree, unchanged);
    yield why === undefined ? await judge(mutant, tree) : { mutant, verdict: "not applicable", why, seconds: 0 };
  }
}

/** Why a change cannot be judged at all; undefined when it can. */
function whyNotJudged(mutant: Mutant, tree: ScratchTree, unchanged: TestRun): string | undefined {
  const why = whyNotApplicable(tree.read(mutant.file), mutant);
  if (why !== undefined) return why;
  const states = statesOf(unchanged, mutant.killedBy);
  if (unchanged.hung) return "its test does not end without it either";
  if (states.length === 0) return unchanged.broken[0] ?? `there is no such test: ${mutant.killedBy.title}`;
  return states.includes("failed") ? "its test fails without it too, alone" : undefined;
}

/** Makes the change, runs its test, and takes the change back. */
async function judge(mutant: Mutant, tree: ScratchTree): Promise<Judged> {
  const started = performance.now();
  const source = tree.read(mutant.file) ?? "";
  tree.write(
    mutant.file,
    source.replace(mutant.from, () => mutant.to),
  );
  try {
    const run = await runTest(tree, mutant.killedBy);
    return { mutant, ...verdictOf(run, mutant), seconds: (performance.now() - started) / 1_000 };
  } finally {
    tree.write(mutant.file, source);
  }
}

function verdictOf(run: TestRun, { killedBy }: Mutant): Pick<Judged, "verdict" | "why"> {
  if (run.hung) return { verdict: "no verdict", why: "its test did not end" };
  const states = statesOf(run, killedBy);
  if (states.includes("failed")) return { verdict: "killed" };
  if (states.length > 0) return { verdict: "survived" };
  return { verdict: "no verdict", why: run.broken[0] ?? "its test did not run" };
}
