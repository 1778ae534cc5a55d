// Runs every stage of a plan, whatever the others end with, and counts: `node main.cjs [PLAN]`. Plain Node without
// dependencies, because the first stage installs them. Ends with `N passed, N failed` (and `, N skipped`), and with 1 when
// anything failed.
const { mkdtempSync, readFileSync, rmSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join, resolve } = require("node:path");
const { judge } = require("./judge.cjs");
const { runStage } = require("./run-stage.cjs");

/** How many of a stage's slowest files are named. */
const SLOWEST = 10;

/** Minutes that a stage has although those before it have used up what all have together. */
const LEAST = 1;

function say(line) {
  process.stdout.write(`${line}\n`);
}

function duration(seconds) {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** What a stage wrote of its tests; undefined when it wrote nothing that can be read. */
function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

function counts({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`;
}

function saySlowest({ files = [] } = {}) {
  const slowest = files.toSorted((one, other) => other.seconds - one.seconds).slice(0, SLOWEST);
  if (slowest.length === 0) return;
  say("    slowest files");
  for (const { file, seconds } of slowest) say(`    ${duration(seconds).padStart(12)}  ${file}`);
}

function saySkipped(heading, tests) {
  if (tests.length === 0) return;
  say(`    ${heading}`);
  for (const { file, title, reason } of tests) {
    say(`      ${file}: ${title}${reason === undefined ? "" : ` (${reason})`}`);
  }
}

function sayStage({ name, minutes }, { seconds }, report, result) {
  const { passed, failed, expected, unexplained, problem } = result;
  const time = `${duration(seconds)} of at most ${Math.round(minutes * 100) / 100} min`;
  say(`=== ${name}: ${counts({ passed, failed, skipped: expected.length })}, ${time}`);
  if (problem !== undefined) say(`    FAILED: ${problem}`);
  saySlowest(report);
  saySkipped("skipped, as expected here", expected);
  saySkipped("FAILED: skipped, and test/support/ci/plan.cjs does not say why", unexplained);
}

async function main(plan) {
  const { stages, expectedSkips, grace, allMinutes = Infinity } = require(plan);
  const started = performance.now();
  const folder = mkdtempSync(join(tmpdir(), "ci-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const total = { passed: 0, failed: 0, skipped: 0 };
  const rows = [];
  for (const planned of stages) {
    const left = allMinutes - (performance.now() - started) / 60_000;
    const stage = { ...planned, minutes: Math.min(planned.minutes, Math.max(LEAST, left)) };
    say(`\n=== ${stage.name}: ${stage.command.join(" ")}`);
    const file = join(folder, `${stage.name}.json`);
    const ended = await runStage(stage, grace, file);
    const report = readReport(file);
    const result = judge(stage, ended, report, expectedSkips);
    sayStage(stage, ended, report, result);
    total.passed += result.passed;
    total.failed += result.failed;
    total.skipped += result.expected.length;
    rows.push(
      `${stage.name.padEnd(12)} ${duration(ended.seconds).padStart(12)}  ${result.failed === 0 ? "" : "FAILED"}`,
    );
  }
  say(`\n${rows.map((row) => row.trimEnd()).join("\n")}\n\n${counts(total)}`);
  if (total.failed > 0) process.exitCode = 1;
}

void main(resolve(process.argv[2] ?? join(__dirname, "plan.cjs")));
