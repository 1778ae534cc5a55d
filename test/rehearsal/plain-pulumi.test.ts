import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { talkTo, type Turn } from "../support/conversation";
import { linesRun } from "../support/docs/lines-run";
import { settingsText } from "../commands/support/site/settings";
import { projectFolder } from "./support/commands";
import { toolchainProgram } from "./support/toolchain";

// Lines of the pages with plain `pulumi`, the real one, one after the other in one shell.
const folder = mkdtempSync(join(tmpdir(), "lifeboat-plain-"));
const project = join(folder, "project");
const token = "lifeboat@pve!lifeboat=00000000-0000-0000-0000-000000000000";

const env = {
  PATH: [folder, dirname(toolchainProgram("pulumi")), process.env["PATH"]].join(":"),
  HOME: folder,
  XDG_CACHE_HOME: process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"),
  LIFEBOAT_TOOLCHAIN: process.env["LIFEBOAT_TOOLCHAIN"],
  PULUMI_HOME: join(folder, "home"),
  PULUMI_SKIP_UPDATE_CHECK: "1",
  PULUMI_CONFIG_PASSPHRASE_FILE: join(folder, "former"),
  LIFEBOAT_PROXMOX_TOKEN: token,
};

/** What the shell has had. */
const before: string[] = [];

function type(line: string, turns: readonly Turn[] = []) {
  const script = join(folder, "typed");
  writeFileSync(script, ["set -eo pipefail", ...before, line, ""].join("\n"));
  // The clone's own scripts are run in the clone. A plugin that is built for the first time says nothing for a while.
  const cwd = line.includes("npm run") ? projectFolder : project;
  return talkTo({ command: `bash '${script}'`, cwd, env, silence: 30 * 60_000 }, turns);
}

async function must(line: string): Promise<void> {
  const { code, shown } = await type(line);
  if (code !== 0) throw new Error(`${line} ended with ${String(code)}: ${shown}`);
}

beforeAll(async () => {
  mkdirSync(project);
  const bundle = resolve(__dirname, "../../dist/lifeboat.cjs");
  writeFileSync(join(folder, "lifeboat"), `#!/bin/sh\nexec '${process.execPath}' '${bundle}' "$@"\n`, { mode: 0o755 });
  const files = { "Pulumi.yaml": "name: site\nruntime: yaml\n", new: "another\n", "keys.json": "{}", "key.json": "{}" };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(project, name), text);
  writeFileSync(join(folder, "former"), "former\n");
  const guests = { web: ["adopt: 101"] };
  const settings = settingsText("https://192.0.2.11:8006", { profile: "prod", node: "pve-prod", guests });
  writeFileSync(join(project, "Pulumi.prod.yaml"), settings);
  before.push('eval "$(lifeboat env prod)"');
  await must("pulumi stack init prod --non-interactive");
  before.length = 0;
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A secret that nothing else gives is asked for. */
const given: readonly Turn[] = [["value", `${token}\r`]];

test.each(Object.entries(linesRun["rehearsal/plain-pulumi"] ?? {}))("%s [K1]", async (line, codes) => {
  const { code, shown } = await type(line, line.includes("proxmoxToken") ? given : []);
  expect({ code, shown: codes.includes(code ?? -1) ? "" : shown }).toEqual({ code: expect.any(Number), shown: "" });
  if (line.startsWith("eval ")) before.push(line);
  // Whoever works on the site has the new one from here on.
  if (line.startsWith("PULUMI_CONFIG_PASSPHRASE_FILE=new")) copyFileSync(join(project, "new"), join(folder, "former"));
});
