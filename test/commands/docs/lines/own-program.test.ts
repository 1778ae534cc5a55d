import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { linesRun } from "../../../support/docs/lines-run";
import { runProgram } from "../../support/run-bundle";

// What somebody types who wants the components in a program of his own: packed in a clone, installed in the example's program.
const project = resolve(__dirname, "../../../..");
const folder = mkdtempSync(join(tmpdir(), "lifeboat-own-lines-"));
const clone = join(folder, "clone");
const program = join(folder, "program");

beforeAll(() => {
  mkdirSync(clone);
  const tracked = execFileSync("git", ["ls-files", "-z"], { cwd: project, encoding: "utf8" }).split("\0").slice(0, -1);
  for (const file of tracked) cpSync(join(project, file), join(clone, file));
  symlinkSync(join(project, "node_modules"), join(clone, "node_modules"));
  cpSync(join(project, "examples", "own-program"), program, { recursive: true });
  // The packages of others that it needs are there already: the registry is asked for nothing. npm removes what is too many of them.
  // Copied, not linked: npm writes some of its files in place.
  execFileSync("cp", ["-a", join(project, "node_modules"), program]);
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** No registry answers. */
const settings = {
  npm_config_registry: "http://127.0.0.1:9",
  npm_config_fetch_retries: "0",
  npm_config_audit: "false",
};

test.each(Object.keys(linesRun["own-program"] ?? {}))(
  "%s [A1, K1]",
  async (line) => {
    const cwd = line.startsWith("npm pack") ? clone : program;
    const env = { ...process.env, ...settings };
    const typed = line.replace(/\bFOLDER(?=$|\/)/u, folder);
    const { code, stdout, stderr } = await runProgram(["bash", "-c", typed], { cwd, env });
    expect({ code, shown: code === 0 ? "" : stdout + stderr }).toEqual({ code: 0, shown: "" });
  },
  300_000,
);

test("what is installed then has the components", async () => {
  const script = "require('lifeboat/components').BackupJob.name";
  const { code, stdout } = await runProgram([process.execPath, "-p", script], { cwd: program, env: process.env });
  expect([code, stdout]).toEqual([0, "BackupJob\n"]);
});
