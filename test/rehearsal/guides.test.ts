import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { linesRun } from "../support/docs/lines-run";
import { linesOf } from "../support/docs/page-lines";
import { DemoSite, expectExit } from "./support/demo-site";
import { readGuide } from "./support/guide";
import { firstUseLimit, obtainToolchain } from "./support/toolchain";

// Every command of the guide, in its order, in one shell, on a site with guests that somebody made by hand. The program itself is
// installed by the README's lines, which are the same.
const guide = readGuide("getting-started");
const exported = Object.keys(linesRun["rehearsal/guides"] ?? {});
const commands = linesOf("guides/getting-started.md").filter(
  ({ command, isConsole }) => isConsole || exported.includes(command),
);
const parent = mkdtempSync(join(tmpdir(), "lifeboat-guides-"));
const printed: string[] = [];
const site = new DemoSite(join(parent, "site"), "memory", (line) => printed.push(line));
const endpoint = "https://192.0.2.11:8006";

jest.setTimeout(20 * 60_000);

function settingsOf(text: string): string {
  return /```yaml\n([\s\S]*?)```/u.exec(text)?.[1] ?? "";
}

beforeAll(async () => {
  await obtainToolchain(site);
  expectExit(await site.sandbox("up", "--driver", "memory", "--port", "8108"), [0], "the sandbox");
  for (const id of ["140", "141"]) expectExit(await site.byHand("make", "prod", id), [0], "a guest made by hand");
  // Token and passphrase lie where the guide has them, of a person whose shell knows no others.
  mkdirSync(join(parent, ".config"));
  const secrets = { "lifeboat-token": "token", "lifeboat-passphrase": "passphrase" };
  for (const [name, key] of Object.entries(secrets)) {
    copyFileSync(join(site.folder, "keys", key), join(parent, ".config", name));
  }
  const project = join(site.folder, "project");
  const prod = readFileSync(join(project, "Pulumi.prod.yaml"), "utf8");
  const own = /endpoint: (\S+)/u.exec(prod)?.[1] ?? "";
  writeFileSync(join(project, "Pulumi.home.yaml"), settingsOf(guide.text).replace(endpoint, own));
}, firstUseLimit);

afterAll(async () => {
  await site.sandbox("down");
  rmSync(parent, { recursive: true, force: true });
});

test("the guide has commands and settings", () => {
  expect(commands.length).toBe(guide.commands.length + exported.length);
  expect(guide.commands.length).toBeGreaterThan(8);
  expect(settingsOf(guide.text)).toContain(endpoint);
});

test("every command of the guide does what it says [A10, D5, D10, 002 P6, 002 P7, 003 DOD6]", async () => {
  const shell = [
    "unset LIFEBOAT_PROXMOX_TOKEN_FILE PULUMI_CONFIG_PASSPHRASE_FILE PULUMI_BACKEND_URL",
    `export HOME='${parent}'`,
  ];
  for (const { command } of commands) {
    // Findings are no failure of a command that looks: the examples' other guests are nobody's here.
    const looks = /^lifeboat (?:doctor|status|adopt --env)/u.test(command);
    const result = await site.inside("bash", "-c", `exec 2>&1\n${[...shell, command].join("\n")}`);
    expectExit(result, looks ? [0, 3] : [0], command);
    if (exported.includes(command)) shell.push(command);
  }
});
