import { spawn, spawnSync, type SpawnSyncReturns } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const program = resolve(__dirname, "../../../support/ci/main.cjs");
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ci-plan-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A stage that runs a few lines of Node; `report` writes what it did into the file that it is given. */
function stage(name: string, code: string, more: object = {}): object {
  const report = "const report = (what) => require('fs').writeFileSync(process.env.LIFEBOAT_TEST_REPORT, what);";
  return { name, command: [process.execPath, "-e", `${report}${code}`], minutes: 1, ...more };
}

/** A stage that reports its tests. */
function tested(report: object, after = ""): object {
  const whole = { complete: true, passed: 0, failed: 0, skipped: [], files: [], ...report };
  return stage("tests", `report(${JSON.stringify(JSON.stringify(whole))});${after}`, { reports: true });
}

function planOf(stages: readonly object[], expectedSkips = "[]"): string {
  const file = join(folder, "plan.cjs");
  writeFileSync(
    file,
    `module.exports = { stages: ${JSON.stringify(stages)}, expectedSkips: ${expectedSkips}, grace: 200, allMinutes: 40 };`,
  );
  return file;
}

/** The list that expects `skipped` below, where its reason holds. */
function expectedWhere(holds: boolean): string {
  return `[{ file: "test/unit/some.test.ts", where: () => ${String(holds)}, reason: "they are not here" }]`;
}

/** Whether the process whose id is in a file still runs; one that ended and was not asked for does not. */
function isAlive(pidFile: string): boolean {
  const status = `/proc/${readFileSync(pidFile, "utf8")}/stat`;
  return existsSync(status) && !readFileSync(status, "utf8").includes(") Z ");
}

function run(stages: readonly object[], expectedSkips?: string): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [program, planOf(stages, expectedSkips)], { encoding: "utf8" });
}

function lastLine({ stdout }: SpawnSyncReturns<string>): string | undefined {
  return stdout.trimEnd().split("\n").at(-1);
}

test("a stage without a report counts as one test, a stage with one counts its tests", () => {
  const ended = run([stage("prepare", ""), tested({ passed: 41 })]);
  expect([ended.status, lastLine(ended)]).toEqual([0, "42 passed, 0 failed"]);
});

test("goes on after a stage that fails, and ends with 1", () => {
  const ended = run([
    stage("check", "process.exit(3)"),
    tested({ passed: 4, failed: 2 }, "process.exitCode = 1"),
    stage("audit", ""),
  ]);
  expect([ended.status, lastLine(ended)]).toEqual([1, "5 passed, 3 failed"]);
  expect(ended.stdout).toContain("=== check: 0 passed, 1 failed");
  expect(ended.stdout).toContain("FAILED: ended with 3\n");
});

test("a program that is not there is a failed stage", () => {
  const ended = run([{ name: "gone", command: [join(folder, "gone")], minutes: 1 }, stage("audit", "")]);
  expect([ended.status, lastLine(ended)]).toEqual([1, "1 passed, 1 failed"]);
});

test.each([
  ["wrote none", stage("tests", "", { reports: true }), "0 passed, 1 failed"],
  ["wrote half of one", stage("tests", "report('{')", { reports: true }), "0 passed, 1 failed"],
  ["was cut short", tested({ complete: false, passed: 7 }), "7 passed, 1 failed"],
  ["ran no test", tested({}), "0 passed, 1 failed"],
  ["fails although its tests passed", tested({ passed: 7 }, "process.exit(1)"), "7 passed, 1 failed"],
  ["is killed after its report", tested({ passed: 7 }, "process.kill(process.pid, 'SIGKILL')"), "7 passed, 1 failed"],
])("a stage that should report its tests and %s has failed", (_, made, last) => {
  const ended = run([made]);
  expect([ended.status, lastLine(ended)]).toEqual([1, last]);
});

function inFolder(folder: string): string {
  return `[{ file: "${folder}", where: () => true, reason: "they are not here" }]`;
}

describe("skipped tests", () => {
  const skipped = [{ file: "test/unit/some.test.ts", title: "reads Proxmox's own answers" }];
  test("are counted and named with the reason", () => {
    const ended = run([tested({ passed: 2, skipped })], expectedWhere(true));
    expect([ended.status, lastLine(ended)]).toEqual([0, "2 passed, 0 failed, 1 skipped"]);
    expect(ended.stdout).toContain("test/unit/some.test.ts: reads Proxmox's own answers (they are not here)\n");
  });

  test("are explained by the folder of their file as well", () => {
    expect(lastLine(run([tested({ passed: 2, skipped })], inFolder("test/unit/")))).toBe(
      "2 passed, 0 failed, 1 skipped",
    );
    expect(lastLine(run([tested({ passed: 2, skipped })], inFolder("test/un")))).toBe("2 passed, 1 failed");
  });

  test("fail where their reason does not hold", () => {
    const ended = run([tested({ passed: 2, skipped })], expectedWhere(false));
    expect([ended.status, lastLine(ended)]).toEqual([1, "2 passed, 1 failed"]);
    expect(ended.stdout).toMatch(
      /FAILED: skipped, .* does not say why\n +test\/unit\/some\.test\.ts: reads Proxmox's own answers\n/u,
    );
  });

  test("fail when no reason is listed, each of them", () => {
    const both = [...skipped, { file: "test/unit/other.test.ts", title: "is not finished" }];
    expect(lastLine(run([tested({ passed: 2, skipped: both })]))).toBe("2 passed, 2 failed");
  });

  test("are expected in files that there are", () => {
    const { expectedSkips } = require("../../../support/ci/plan.cjs") as { expectedSkips: readonly { file: string }[] };
    const project = resolve(__dirname, "../../../..");
    expect(expectedSkips.filter(({ file }) => !existsSync(join(project, file)))).toEqual([]);
  });
});

test("names the ten slowest files of a stage, the slowest first", () => {
  const files = Array.from({ length: 12 }, (_, index) => ({ file: `file-${String(index)}`, seconds: index * 30 + 1 }));
  const { stdout } = run([tested({ passed: 12, files })]);
  const named = [...stdout.matchAll(/^ +(.+?) {2}(file-\d+)$/gmu)].map(
    ([, time, file]) => `${file ?? ""}: ${time ?? ""}`,
  );
  expect(named).toHaveLength(10);
  expect([named[0], named[9]]).toEqual(["file-11: 5 min 31 s", "file-2: 1 min 1 s"]);
});

describe("a stage that is not done in time", () => {
  // Its child ignores the polite signal, and would outlive it.
  const child =
    "process.on('SIGTERM', () => {}); require('fs').writeFileSync(process.argv[1], String(process.pid)); setInterval(() => {}, 1000)";
  const hanging = (): object => {
    const started = JSON.stringify([process.execPath, "-e", child, join(folder, "pid")]);
    const code = `const [program, ...words] = ${started}; require('child_process').spawn(program, words); setInterval(() => {}, 1000);`;
    return { ...tested({ complete: false, passed: 3 }, code), minutes: 0.05 };
  };
  test("is ended with all its processes, counts as failed with what it reported, and the next one runs", () => {
    const ended = run([hanging(), stage("audit", "")]);
    expect([ended.status, lastLine(ended)]).toEqual([1, "4 passed, 1 failed"]);
    expect(ended.stdout).toContain("FAILED: not done after 0.05 minutes");
    expect(isAlive(join(folder, "pid"))).toBe(false);
  });

  test("has no more than what is left of the time that all have together, and at least a minute", () => {
    const stages = [stage("prepare", "", { minutes: 60 }), stage("tests", "", { minutes: 30 })];
    const whole = run(stages).stdout;
    expect(whole).toMatch(/=== prepare: .* of at most 40 min\n/u);
    expect(whole).toMatch(/=== tests: .* of at most 30 min\n/u);
    const spent = planOf(stages).replace(/plan\.cjs$/u, "spent.cjs");
    writeFileSync(spent, readFileSync(join(folder, "plan.cjs"), "utf8").replace("allMinutes: 40", "allMinutes: 0"));
    expect(spawnSync(process.execPath, [program, spent], { encoding: "utf8" }).stdout).toMatch(
      /=== tests: .* of at most 1 min\n/u,
    );
  });

  test("is ended with all its processes when the run is interrupted, and nothing else runs", async () => {
    const plan = planOf([{ ...hanging(), minutes: 5 }, stage("audit", "report('')")]);
    const child = spawn(process.execPath, [program, plan], { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => (output += part));
    while (!existsSync(join(folder, "pid"))) await new Promise((next) => setTimeout(next, 20));
    child.kill("SIGTERM");
    const status = await new Promise((resolveStatus) => child.on("close", resolveStatus));
    expect(status).toBe(143);
    expect(output).not.toContain("audit");
    // A process that was killed is gone a moment later than the program that killed it.
    while (isAlive(join(folder, "pid"))) await new Promise((next) => setTimeout(next, 20));
  });
});

test("what jest reports is what the count is made of", () => {
  const source = `
    test("passes", () => {});
    test("fails", () => { throw new Error("on purpose"); });
    test.skip("is skipped", () => {});
    test.todo("is to do");
    describe.skip("a group", () => { test("is skipped too", () => {}); });`;
  writeFileSync(join(folder, "some.test.js"), source);
  writeFileSync(join(folder, "broken.test.js"), "throw new Error('on purpose');");
  const reporter = resolve(__dirname, "../../../support/count-reporter.cjs");
  writeFileSync(join(folder, "jest.config.json"), JSON.stringify({ reporters: [reporter] }));
  const report = join(folder, "report.json");
  const jest = require.resolve("jest/bin/jest");
  spawnSync(process.execPath, [jest, "--config", join(folder, "jest.config.json"), "--rootDir", folder], {
    env: { ...process.env, LIFEBOAT_TEST_REPORT: report },
  });
  const { files, skipped, ...counts } = JSON.parse(readFileSync(report, "utf8")) as {
    files: readonly { file: string; seconds: number }[];
    skipped: readonly { file: string; title: string }[];
  };
  expect(counts).toEqual({ complete: true, passed: 1, failed: 2 });
  expect(skipped.map(({ file, title }) => `${file}: ${title}`)).toEqual([
    "some.test.js: is skipped",
    "some.test.js: is to do",
    "some.test.js: a group is skipped too",
  ]);
  expect(files.map(({ file }) => file).sort()).toEqual(["broken.test.js", "some.test.js"]);
});
