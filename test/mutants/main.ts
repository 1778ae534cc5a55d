/**
 * Small wrong changes, one at a time, each in a copy of the working tree; a named test has to notice it:
 *
 *     npm run mutants                     all of them, as a table
 *     npm run mutants -- save-point lock  those whose name or file holds one of these words
 *     npm run mutants -- --json           one object
 *     npm run mutants -- --jobs 1         one at a time (default: one for each core)
 *
 * Ends with 1 when one survives, or when one of them cannot be made or judged any more.
 */
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { groupBy } from "../../scripts/machine/group-by";
import { killAllOf } from "./children";
import { type Judged, judgeGroup } from "./judge";
import type { Mutant } from "./mutant";
import { ScratchTree } from "./scratch-tree";
import { mutants } from "./table";

const project = resolve(__dirname, "../..");
const trees: ScratchTree[] = [];

function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}

function chosen(words: readonly string[]): Mutant[] {
  const found = mutants.filter(
    ({ name, file }) => words.length === 0 || words.some((word) => name.includes(word) || file.includes(word)),
  );
  if (found.length === 0) throw new Error(`no change has '${words.join("' or '")}' in its name or file`);
  return found;
}

/** Those with one test stand together: it is run once without any of them. */
async function judgeAll(wanted: readonly Mutant[], jobs: number): Promise<Judged[]> {
  const waiting = [...groupBy(wanted, ({ killedBy: { file, title } }) => `${file} ${title}`).values()];
  const judged: Judged[] = [];
  const work = async (): Promise<void> => {
    const tree = ScratchTree.of(project);
    trees.push(tree);
    for (let group = waiting.shift(); group !== undefined; group = waiting.shift()) {
      for await (const one of judgeGroup(group, tree)) {
        judged.push(one);
        progress(`${String(judged.length)}/${String(wanted.length)} ${one.verdict}: ${one.mutant.name}`);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, waiting.length) }, work));
  return wanted.flatMap((mutant) => judged.find((one) => one.mutant === mutant) ?? []);
}

function lineOf({ mutant, verdict, why, seconds }: Judged): string {
  const cells = [verdict.padEnd(14), `${seconds.toFixed(1)} s`.padStart(8), mutant.name, `(${mutant.file})`];
  return [
    cells.join("  "),
    ...(why === undefined ? [] : [`    ${why.trim().split("\n").slice(0, 4).join("\n    ")}`]),
  ].join("\n");
}

function print(judged: readonly Judged[], json: boolean): void {
  const count = (verdict: Judged["verdict"]): number => judged.filter((one) => one.verdict === verdict).length;
  const counts = {
    killed: count("killed"),
    survived: count("survived"),
    unjudged: judged.length - count("killed") - count("survived"),
  };
  if (json) {
    const rows = judged.map(({ mutant: { name, file, killedBy }, ...rest }) => ({ name, file, killedBy, ...rest }));
    process.stdout.write(`${JSON.stringify({ mutants: rows, ...counts })}\n`);
    return;
  }
  const total = `${String(counts.killed)} killed, ${String(counts.survived)} survived, ${String(counts.unjudged)} not judged`;
  process.stdout.write(`${[...judged.map(lineOf), total].join("\n")}\n`);
}

function cleanUp(): void {
  for (const tree of trees.splice(0)) {
    killAllOf(tree);
    tree.remove();
  }
}

async function main(argv: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      json: { type: "boolean", default: false },
      jobs: { type: "string", default: String(availableParallelism()) },
    },
  });
  const judged = await judgeAll(chosen(positionals), Number(values.jobs));
  print(judged, values.json);
  if (judged.some(({ verdict }) => verdict !== "killed")) process.exitCode = 1;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    cleanUp();
    process.exit(130);
  });
}

main(process.argv.slice(2))
  .catch((error: unknown) => {
    progress(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  })
  .finally(cleanUp);
