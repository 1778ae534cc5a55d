import { spawnSync } from "node:child_process";
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
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

/** As the runbook says. */
function isSigned(folder: string, signers: string): boolean {
  const words = ["-Y", "verify", "-f", signers, "-I", "drill", "-n", "lifeboat-drill", "-s", "SHA256SUMS.sig"];
  const input = readFileSync(join(folder, "SHA256SUMS"));
  return spawnSync("ssh-keygen", words, { cwd: folder, input }).status === 0;
}

function sumsFit(folder: string): boolean {
  return spawnSync("sha256sum", ["--check", "--quiet", "SHA256SUMS"], { cwd: folder }).status === 0;
}

test("a drill leaves what every command said, with sums and a signature that a later change breaks [G2]", async () => {
  const folder = join(site.folder, "evidence");
  const key = join(site.folder, "drill-key");
  const signers = join(site.folder, "signers");
  spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  writeFileSync(signers, `drill ${readFileSync(`${key}.pub`, "utf8")}`);
  const { stdout } = await run(folder, { LIFEBOAT_DRILL_KEY: readFileSync(key, "utf8") });
  expect(stdout).toContain("drill: lifeboat drill --force ended with 0");
  expect(readdirSync(folder).sort()).toEqual(["SHA256SUMS", "SHA256SUMS.sig", ...written, "summary.txt"].sort());
  expect(JSON.parse(readFileSync(join(folder, "drill.json"), "utf8"))).toMatchObject({
    guests: [{ guest: "prod/web", result: "proven" }],
  });
  expect([sumsFit(folder), isSigned(folder, signers)]).toEqual([true, true]);
  appendFileSync(join(folder, "drill.json"), " ");
  expect(sumsFit(folder)).toBe(false);
  appendFileSync(join(folder, "SHA256SUMS"), "\n");
  expect(isSigned(folder, signers)).toBe(false);
});

test("a guest that is not proven makes it red, and the evidence is whole all the same [G2]", async () => {
  await site.fault("task-dies", { type: "vzrestore" });
  const folder = join(site.folder, "red");
  const { code, stdout } = await run(folder);
  await site.clearFaults();
  expect([code, stdout]).toEqual([1, expect.stringMatching(/^drill: lifeboat drill --force ended with [1-9]/mu)]);
  expect(readdirSync(folder).sort()).toEqual(["SHA256SUMS", ...written, "summary.txt"].sort());
  expect(sumsFit(folder)).toBe(true);
});
