import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { alertNames, ruleFiles } from "../../../../../site/monitoring/rules/rule-file";
import { promtool } from "../../../../support/debian-program";
import { ageCases, failureCases } from "./cases/backups";
import { coverageCases } from "./cases/coverage";
import { dataCases } from "./cases/data";
import { exporterCases, stateCases, storageCases } from "./cases/environments";
import { tryCase } from "./promtool-test";

const cases = [
  ...failureCases,
  ...ageCases,
  ...coverageCases,
  ...dataCases,
  ...exporterCases,
  ...storageCases,
  ...stateCases,
];
const rules = Object.values(ruleFiles({ backupAlerting: true })).join("");
const program = promtool();
const folder = mkdtempSync(join(tmpdir(), "lifeboat-rules-"));

afterAll(() => rmSync(folder, { recursive: true }));

test("every alert has a case in which it fires and one in which it stays silent [C3]", () => {
  for (const name of alertNames()) {
    const about = cases.filter((one) => one.about === name);
    expect([name, about.some(({ firing }) => firing.length > 0)]).toEqual([name, true]);
    expect([name, about.some(({ firing }) => firing.length === 0)]).toEqual([name, true]);
  }
});

(program === undefined ? describe.skip : describe)("Prometheus itself", () => {
  test("reads the rules, and has nothing to object to [C3]", () => {
    const file = join(folder, "checked.yml");
    writeFileSync(file, rules);
    const { status, stdout, stderr } = spawnSync(program ?? "", ["check", "rules", file], { encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("SUCCESS");
  });

  test.each(cases)("$about: $title [C3]", (one) => {
    expect(tryCase(program ?? "", folder, rules, one)).toBe("");
  });
});
