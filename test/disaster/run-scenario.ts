import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { timesVariable } from "../support/timed";
import { jestReportSchema, judged, measuredSchema, type Outcome } from "./outcome";
import type { Scenario } from "./scenarios";

export const projectFolder = resolve(__dirname, "../..");

/** A terminal interrupts jest, too, which takes its sites down. */
const wait = (): void => undefined;

/** What a program ends with that was interrupted. */
const interrupted = 130;

/** Runs jest with inherited output, and waits for it when both are interrupted. @returns what it ended with */
export async function runJest(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<number> {
  const jest = join(projectFolder, "node_modules/jest/bin/jest.js");
  const child = spawn(process.execPath, [jest, "--selectProjects", "rehearsal", ...words], {
    cwd: projectFolder,
    env: { ...process.env, ...environment },
    stdio: "inherit",
  });
  // Whoever ends this process alone means both.
  const end = (): void => void child.kill("SIGTERM");
  process.on("SIGINT", wait).on("SIGTERM", end);
  try {
    return await new Promise((done, reject) => {
      child.on("error", reject);
      child.on("close", (code) => done(code ?? interrupted));
    });
  } finally {
    process.off("SIGINT", wait).off("SIGTERM", end);
  }
}

/** Runs the parts of a scenario one after the other: what is measured in one is not slowed down by another. */
export async function runScenario({ title, parts }: Scenario): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "lifeboat-scenario-"));
  const started = performance.now();
  const date = new Date().toISOString().slice(0, 10);
  const [report, times] = [join(folder, "report.json"), join(folder, "times.ndjson")];
  const problems: string[] = [];
  let passed = 0;
  try {
    for (const { file, tests } of parts) {
      rmSync(report, { force: true });
      const chosen = tests === undefined ? [] : ["--testNamePattern", tests];
      const words = ["--json", "--outputFile", report, ...chosen, "--runTestsByPath", join("test/rehearsal", file)];
      const code = await runJest(words, { [timesVariable]: times });
      if (code === interrupted) throw new Error("interrupted");
      if (!existsSync(report)) {
        problems.push(`${file}: jest ended with ${String(code)} and told nothing`);
        continue;
      }
      const found = judged(jestReportSchema.parse(JSON.parse(readFileSync(report, "utf8"))));
      passed += found.passed;
      problems.push(...found.problems);
      if (code !== 0 && found.problems.length === 0) problems.push(`${file}: jest ended with ${String(code)}`);
    }
    const lines = existsSync(times) ? readFileSync(times, "utf8").trim().split("\n") : [];
    const measured = lines.map((line) => measuredSchema.parse(JSON.parse(line)));
    return { title, date, seconds: (performance.now() - started) / 1000, passed, measured, problems };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
