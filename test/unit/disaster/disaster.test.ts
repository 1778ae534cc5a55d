import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { judged, type Outcome } from "../../disaster/outcome";
import { scenarios } from "../../disaster/scenarios";
import { withOutcomes } from "../../disaster/tests-made";

const project = resolve(__dirname, "../../..");
const folder = join(project, "test/rehearsal");

/** Titles of all tests in the rehearsal's files, as jest matches them. */
function sourcesOf(file: string): string {
  const parts = ["loss", "scenarios", "site-lost"].map((name) => join(folder, "main-site", `${name}.ts`));
  return [join(folder, file), ...(file === "main-site.test.ts" ? parts : [])]
    .map((path) => readFileSync(path, "utf8"))
    .join("\n");
}

test("every scenario of the runbook is rehearsed, by tests that are there [H4, 000 CA11.6]", () => {
  const runbook = readFileSync(join(project, "docs/runbooks/disaster-recovery.md"), "utf8");
  const headings = [...runbook.matchAll(/^## (.*)$/gmu)].map(([, heading = ""]) => heading);
  const about = ["What you need", "What is promised", "Afterwards", "Tests of this page", "Each quarter"];
  const rehearsed = new Set(scenarios.map(({ heading }) => heading));
  expect(headings.filter((heading) => !about.includes(heading))).toEqual([...rehearsed]);
  for (const { parts } of scenarios) {
    for (const { file, tests = "" } of parts) {
      expect([file, existsSync(join(folder, file))]).toEqual([file, true]);
      expect([file, tests, new RegExp(`["\`](?:.*)${tests}`, "u").test(sourcesOf(file))]).toEqual([file, tests, true]);
    }
  }
});

test("the runbook has what is promised, who is called, and a checklist; of each scenario how one notices, first steps, a command, how long it takes and a check [H4, 000 CA11.5, 003 DOD4, 003 DOD7]", () => {
  const runbook = readFileSync(join(project, "docs/runbooks/disaster-recovery.md"), "utf8");
  const sections = new Map(runbook.split(/^## /mu).map((part) => [part.split("\n", 1)[0] ?? "", part]));
  expect(sections.get("What you need")).toMatch(/who is called [^]*contacts:\n +- "/u);
  expect(sections.get("What is promised")).toMatch(/`rto`[^]*`rpo` \(26 hours/u);
  expect(sections.get("Afterwards")?.match(/^- \[ \] /gmu)?.length).toBeGreaterThan(3);
  const parts = [
    /\*\*You notice:\*\* \S/u,
    /^1\. [^]*^2\. /mu,
    /`lifeboat|^ {4}lifeboat/mu,
    /\*\*Time:\*\* \S/u,
    /\*\*Check:\*\* \S/u,
  ];
  for (const { heading } of scenarios) {
    const missing = parts.filter((part) => !part.test(sections.get(heading) ?? ""));
    expect([heading, missing]).toEqual([heading, []]);
  }
});

const passed = { title: "one [H1]", status: "passed", failureMessages: [] };
const pending = { title: "left out", status: "pending" };

test.each([
  ["passed", [passed, pending], "", { passed: 1, problems: [] }],
  [
    "failed: its title and the first line, without colours",
    [
      passed,
      { title: "two [H1]", status: "failed", failureMessages: ["\u001b[31m\n  it broke\u001b[39m\n at line 3"] },
    ],
    "",
    { passed: 1, problems: ["two: it broke"] },
  ],
  [
    "without root nothing is run, which is no pass",
    [pending],
    "",
    { passed: 0, problems: ["no test was run: it needs root"] },
  ],
  ["a file that cannot be read", [], "SyntaxError\nat", { passed: 0, problems: ["a.test.ts: SyntaxError"] }],
])("%s [H4]", (_what, assertionResults, message, wanted) => {
  expect(judged({ testResults: [{ name: "a.test.ts", message, assertionResults }] })).toEqual(wanted);
});

const outcome: Outcome = {
  title: "a node is lost",
  date: "2026-11-23",
  seconds: 184.2,
  passed: 2,
  measured: [
    { id: "L8", what: "one guest", seconds: 41.26 },
    { id: "L6", what: "a node", seconds: 65 },
  ],
  problems: [],
};

test("the page of tests made: newest first, earlier ones stay as they are, a problem is told [H4, 000 CA11.6]", () => {
  const first = withOutcomes(undefined, [outcome]);
  const failed = { ...outcome, title: "ransomware", measured: [], problems: ["one: a | b", "two"] };
  const second = withOutcomes(first, [failed]);
  const rows = second.split("\n").filter((line) => line.startsWith("| 20"));
  expect(rows.map((row) => row.split(/ +\| +|^\| +| +\|$/u).filter((cell) => cell !== ""))).toEqual([
    ["2026-11-23", "ransomware", "nothing was measured", "3 min 4 s", "one: a \\| b; two"],
    ["2026-11-23", "a node is lost", "41.3 s (L8), 1 min 5 s (L6)", "3 min 4 s", "none"],
  ]);
  expect(second.split("\n").filter((line) => line.startsWith("| date"))).toHaveLength(1);
});
