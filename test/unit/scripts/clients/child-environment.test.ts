import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { runLong } from "../../../../scripts/clients/pulumi-cli/long-run";
import { runPulumi } from "../../../../scripts/clients/pulumi-cli/run-pulumi";
import { runProgramFile } from "../../../../scripts/clients/run-program";

/** Secrets of a shell in which somebody works, and what else is not everybody's affair. */
const shell = {
  PULUMI_CONFIG_PASSPHRASE: "word",
  LIFEBOAT_PROXMOX_TOKEN: "token",
  LIFEBOAT_PROXMOX_ROOT_PASSWORD: "root",
  LIFEBOAT_STATE_KEY: "key",
  AWS_SECRET_ACCESS_KEY: "aws",
  GITHUB_TOKEN: "github",
  NODE_OPTIONS: "--no-warnings",
  NODE_TLS_REJECT_UNAUTHORIZED: "0",
  PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "false",
  // What the plugins of the providers read besides what the program says.
  PROXMOX_VE_INSECURE: "true",
  PM_VE_INSECURE: "1",
  PROXMOX_VE_API_TOKEN: "other@pve!other=other",
  MINIO_INSECURE: "true",
};
const secrets = Object.keys(shell);

let folder: string;
let before: NodeJS.ProcessEnv;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-children-"));
  for (const program of ["ssh", "pulumi"]) {
    writeFileSync(join(folder, program), "#!/bin/sh\nexec env\n");
    chmodSync(join(folder, program), 0o755);
  }
  before = { ...process.env };
  Object.assign(process.env, shell, { PATH: `${folder}${delimiter}${process.env["PATH"] ?? ""}`, LC_TIME: "C" });
});

afterAll(() => {
  for (const name of [...secrets, "LC_TIME"]) delete process.env[name];
  Object.assign(process.env, before);
  rmSync(folder, { recursive: true });
});

/** What a program found among the variables that are watched, by name. */
function seen(printed: string): Record<string, string> {
  const lines = printed
    .split("\n")
    .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]);
  return Object.fromEntries(lines.filter(([name = ""]) => secrets.includes(name)));
}

test("programs of the system get the language and where things are, and no secret [N6]", async () => {
  const { stdout } = await runProgramFile("ssh", [], { timeout: 60_000 });
  expect(seen(stdout)).toEqual({});
  expect(stdout).toMatch(/^LC_TIME=C$/mu);
});

test("pulumi gets what it and its program need; it fetches no plugin, and verifies whom it speaks to [N2, N4, N6]", async () => {
  const wanted = {
    PULUMI_CONFIG_PASSPHRASE: "word",
    LIFEBOAT_PROXMOX_TOKEN: "token",
    LIFEBOAT_PROXMOX_ROOT_PASSWORD: "root",
    AWS_SECRET_ACCESS_KEY: "aws",
    NODE_OPTIONS: "--no-warnings",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  };
  const place = { folder, variables: process.env };
  const { stdout } = await runPulumi(["version"], { ...place, timeout: 60_000 });
  expect(seen(stdout)).toEqual(wanted);
  const { printed } = await runLong(["up"], {
    ...place,
    log: join(folder, "log"),
    signal: new AbortController().signal,
  });
  expect(seen(printed)).toEqual(wanted);
});
