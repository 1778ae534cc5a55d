import { spawnSync } from "node:child_process";
import { appendFileSync, copyFileSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { linesRun } from "../../support/docs/lines-run";
import { RestoreSite } from "../restore/restore-site";
import { bundle, runProgram } from "../support/run-bundle";
import { changeNetwork, drillSettings } from "./drill-parts";

/** What the workflow of each quarter runs, and what it leaves. */
const script = resolve(__dirname, "../../../.github/hold-drill.sh");
const written = ["check", "drill", "inventory", "verify"].flatMap((name) => [`${name}.json`, `${name}.log`]);
let site: RestoreSite;

beforeAll(async () => {
  site = await RestoreSite.start([{ id: 101, name: "web" }], { settings: drillSettings });
  await site.backUp(101);
  await changeNetwork(site, "POST", { iface: "vmbr9", type: "bridge", autostart: true });
});

afterAll(() => site.stop());

function run(folder: string, env: Readonly<Record<string, string>> = {}) {
  const variables = { ...site.env, LIFEBOAT: `${process.execPath} ${bundle}`, ...env };
  return runProgram(["sh", script, folder], { cwd: site.project, env: variables });
}

/** The lines of the runbook, as they stand there: who may sign, whether the sums are signed, and whether they fit. */
const [trust = "", verify = "", check = ""] = Object.keys(linesRun["commands/drill/evidence"] ?? {});

/** Whether a line of the runbook ends well in the folder of what was left. */
function endsWell(folder: string, line: string): boolean {
  return spawnSync("bash", ["-c", line], { cwd: folder }).status === 0;
}

test("a drill leaves what every command said, with sums and a signature that a later change breaks [G2]", async () => {
  const folder = join(site.folder, "evidence");
  const key = join(site.folder, "drill-key");
  spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  const { stdout } = await run(folder, { LIFEBOAT_DRILL_KEY: readFileSync(key, "utf8") });
  expect(stdout).toContain("drill: lifeboat drill --force ended with 0");
  expect(readdirSync(folder).sort()).toEqual(["SHA256SUMS", "SHA256SUMS.sig", ...written, "summary.txt"].sort());
  expect(JSON.parse(readFileSync(join(folder, "drill.json"), "utf8"))).toMatchObject({
    guests: [{ guest: "prod/web", result: "proven" }],
  });
  copyFileSync(`${key}.pub`, join(folder, "drill-key.pub"));
  expect([trust, verify, check].map((line) => endsWell(folder, line))).toEqual([true, true, true]);
  appendFileSync(join(folder, "drill.json"), " ");
  expect(endsWell(folder, check)).toBe(false);
  appendFileSync(join(folder, "SHA256SUMS"), "\n");
  expect(endsWell(folder, verify)).toBe(false);
});

test("a guest that is not proven makes it red, and the evidence is whole all the same [G2]", async () => {
  await site.fault("task-dies", { type: "vzrestore" });
  const folder = join(site.folder, "red");
  const { code, stdout } = await run(folder);
  await site.clearFaults();
  expect([code, stdout]).toEqual([1, expect.stringMatching(/^drill: lifeboat drill --force ended with [1-9]/mu)]);
  expect(readdirSync(folder).sort()).toEqual(["SHA256SUMS", ...written, "summary.txt"].sort());
  expect(endsWell(folder, check)).toBe(true);
});
