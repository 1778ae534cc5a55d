/**
 *     npm run rehearsal                        all of it
 *     npm run rehearsal -- NAME                the files that jest finds by that name
 *     npm run rehearsal -- disaster            the scenarios of docs/runbooks/disaster-recovery.md, one after the other
 *     npm run rehearsal -- disaster node-lost  some of them
 *     npm run rehearsal -- disaster --write    and writes them into docs/runbooks/disaster-tests.md
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { format } from "prettier";
import type { Outcome } from "./outcome";
import { projectFolder, runJest, runScenario } from "./run-scenario";
import { scenarios } from "./scenarios";
import { spoken, withOutcomes } from "./tests-made";

const page = join(projectFolder, "docs/runbooks/disaster-tests.md");

async function disaster(words: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: words,
    options: { write: { type: "boolean" } },
    allowPositionals: true,
  });
  const unknown = positionals.find((name) => scenarios.every((scenario) => scenario.name !== name));
  if (unknown !== undefined) {
    const names = scenarios.map(({ name }) => name).join(", ");
    process.stderr.write(`there is no scenario '${unknown}'; there are: ${names}\n`);
    return 2;
  }
  const outcomes: Outcome[] = [];
  for (const scenario of scenarios) {
    if (positionals.length > 0 && !positionals.includes(scenario.name)) continue;
    process.stdout.write(`\n=== ${scenario.title}\n`);
    const outcome = await runScenario(scenario);
    outcomes.push(outcome);
    // Each as it comes: a run that is cut off has made these.
    if (values.write === true) await write(outcome);
  }
  process.stdout.write(`\n${outcomes.flatMap(told).join("\n")}\n`);
  return outcomes.some(({ problems }) => problems.length > 0) ? 1 : 0;
}

async function write(outcome: Outcome): Promise<void> {
  const before = existsSync(page) ? readFileSync(page, "utf8") : undefined;
  writeFileSync(page, await format(withOutcomes(before, [outcome]), { parser: "markdown", printWidth: 120 }));
}

function told({ title, seconds, passed, measured, problems }: Outcome): string[] {
  const end = problems.length === 0 ? `${String(passed)} tests passed` : "NOT PASSED";
  return [
    `${title}: ${end}, ${spoken(seconds)}`,
    ...measured.map((one) => `  ${one.id}: ${one.what}: ${spoken(one.seconds)}`),
    ...problems.map((problem) => `  ${problem}`),
  ];
}

const [first, ...rest] = process.argv.slice(2);

const run = first === "disaster" ? disaster(rest) : runJest(["--maxWorkers=2", ...process.argv.slice(2)]);
run.then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
