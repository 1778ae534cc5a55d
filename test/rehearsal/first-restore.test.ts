import { type ChildProcess, spawn } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { inNetwork, siteNames } from "../sandbox/machine/names";
import { layoutOf, readRecord } from "../sandbox/setup/layout";
import { type Conversation, talkTo, type Turn } from "../support/conversation";
import { timed } from "../support/timed";
import { type CommandResult, projectFolder, runCommand, typeScript } from "./support/commands";
import { DemoSite, expectExit, type DriverName } from "./support/demo-site";
import { blocksUnder, commandsUnder } from "./support/guide";
import { firstUseLimit } from "./support/toolchain";

// Somebody who has the README and nothing else, on a site with forty guests that were made by hand. The lines are the README's.
const parent = mkdtempSync(join(tmpdir(), "lifeboat-first-"));
const home = join(parent, "home");
const clone = join(parent, "lifeboat");
const heading = "From your own site to the first proven restore";
const isRoot = process.getuid?.() === 0;
const agentSocket = join(parent, "agent");
const prompt = "[0] $ ";
let agent: ChildProcess | undefined;

/** The README's own, of the clone. */
const readme = () => readFileSync(join(clone, "README.md"), "utf8");

function siteOf(driver: DriverName): DemoSite {
  return new DemoSite(join(parent, driver), driver, () => undefined);
}

/** A person's shell: no variable of this project, and caches of npm and the toolchain that are filled already. */
const shell = {
  HOME: home,
  PATH: [join(home, "bin"), join(home, "npm/bin"), process.env["PATH"]].join(":"),
  PS1: "[$?] $ ",
  SSH_AUTH_SOCK: agentSocket,
  XDG_CACHE_HOME: process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"),
  npm_config_cache: process.env["npm_config_cache"] ?? join(homedir(), ".npm"),
  npm_config_userconfig: join(homedir(), ".npmrc"),
  npm_config_prefer_offline: "true",
  npm_config_prefix: join(home, "npm"),
  // Pulumi, as OpenSSH, looks in the home of the user, whatever HOME says.
  PULUMI_HOME: join(home, ".pulumi"),
  LIFEBOAT_TOOLCHAIN: process.env["LIFEBOAT_TOOLCHAIN"],
};

async function handMade(site: DemoSite, ...words: string[]): Promise<string> {
  const program = [process.execPath, ...typeScript("test/rehearsal/support/hand-made.ts")];
  return expectExit(await site.inside(...program, ...words), [0], words.join(" ")).stdout.trim();
}

/** Runs what `lifeboat init` printed for root on the node. */
async function tokenBy(site: DemoSite, printed: string): Promise<string> {
  const file = join(parent, "printed");
  writeFileSync(file, printed);
  return handMade(site, "set-up", site.folder, file);
}

/** OpenSSH looks for its files in the home of the user, whatever HOME says: here they are the person's. */
function ownSsh(): void {
  const options = `-o UserKnownHostsFile=${join(home, ".ssh/known_hosts")} -o StrictHostKeyChecking=accept-new`;
  mkdirSync(join(home, "bin"), { recursive: true });
  const file = join(home, "bin/scp");
  writeFileSync(file, `#!/bin/sh\nexec /usr/bin/scp -q ${options} "$@"\n`);
  chmodSync(file, 0o755);
}

/** The person's key is in the agent, as it is in the guests. */
async function startAgent(site: DemoSite): Promise<void> {
  agent = spawn("ssh-agent", ["-D", "-a", agentSocket], { stdio: "ignore" });
  for (let waited = 0; !existsSync(agentSocket) && waited < 10_000; waited += 50) await sleep(50);
  const environment = { SSH_AUTH_SOCK: agentSocket };
  expectExit(await runCommand("ssh-add", ["-q", layoutOf(site.folder).sshKey], { environment }), [0], "ssh-add");
}

/** Each line is typed when the one before has ended well; what it asks comes behind it. */
function typed(lines: readonly string[], answers: Readonly<Record<string, readonly Turn[]>> = {}): Turn[] {
  return lines.flatMap((line) => [[prompt, `${line}\r`] as const, ...(answers[line] ?? [])]);
}

function inTerminal(cwd: string, turns: readonly Turn[]): Promise<Conversation> {
  const leave = [prompt, "exit\r"] as const;
  const command = "bash --norc";
  return talkTo({ command, cwd, env: shell, silence: 5 * 60_000, endsAt: /\[[1-9]\d*\] \$ / }, [...turns, leave]);
}

/** A line in a shell without a terminal. */
function inShell(folder: string, line: string): Promise<CommandResult> {
  const variables = Object.entries(shell).flatMap(([name, value]) => (value === undefined ? [] : `${name}=${value}`));
  return runCommand("env", ["-i", "-C", folder, ...variables, "bash", "-c", line]);
}

jest.setTimeout(20 * 60_000);

beforeAll(async () => {
  mkdirSync(join(home, ".ssh"), { recursive: true, mode: 0o700 });
  expectExit(await runCommand("npm", ["run", "--silent", "toolchain"]), [0], "the toolchain");
  const words = ["clone", "--quiet", "--depth", "1", `file://${projectFolder}`, clone];
  expectExit(await runCommand("git", words), [0], "git clone");
}, firstUseLimit);

afterAll(async () => {
  agent?.kill();
  for (const driver of ["real", "memory"] as const) {
    if (existsSync(join(parent, driver))) await siteOf(driver).sandbox("down");
  }
  rmSync(parent, { recursive: true, force: true });
});

(isRoot ? describe : describe.skip)("a person with a terminal", () => {
  test("with the README alone: from a clone to the first proven restore, and what init prints next is what the README says [A10, D5, D10]", async () => {
    const site = siteOf("real");
    expectExit(await site.sandbox("up", "--driver", "real"), [0], "the sandbox");
    await handMade(site, "make", site.folder);
    await startAgent(site);
    ownSsh();
    const [program = [], settings = [], restore = []] = commandsUnder(readme(), heading);
    const intoSite = `exec ${inNetwork(siteNames(layoutOf(site.folder).server)).join(" ")} bash --norc`;
    const answers: Record<string, Turn[]> = {
      "lifeboat init": [
        ["Address of a node", "192.0.2.11\r"],
        ["or the file of its CA?", "~/pve-root-ca.pem\r"],
        ["API token (USER@REALM", async (shown) => `${await tokenBy(site, shown)}\r`],
        ["Which storage", "\u001b[B\r"],
        ["File of the passphrase?", "\r"],
        ["Write Pulumi.home.yaml?", "y"],
        ["Adopt 40 guests", "y"],
      ],
      "lifeboat up home": [["Bring up home?", "y"]],
      "lifeboat restore guest home/web --target-id next": [["as guest 140?", "y"]],
      "lifeboat undo home/web": [["Take back", "y"]],
    };
    const turns = [...typed(program), ...typed([intoSite]), ...typed([...settings, ...restore], answers)];
    const talk = await timed("L10", "the way from a clone to a proven restore", () => inTerminal(clone, turns));
    expect([talk.unasked, talk.shown.slice(-3000)]).toEqual([[], expect.stringContaining("exit")]);
    expect(talk.code).toBe(0);
    const next = restore.filter((line) => !line.startsWith("lifeboat undo")).map((line) => line.replace("~", home));
    expect(next.length).toBeGreaterThan(3);
    const printed = talk.shown.replaceAll("\r", "");
    expect(printed).toContain(next.map((line) => `  ${line}\n`).join(""));
    expect(printed.replaceAll(/\s+/gu, " ")).toMatch(
      /Restored a copy of home\/web as guest 140 on pve-prod, proven, from /u,
    );
    expect(printed).toContain("Proven: it runs");
  });
});

test("the README's lines for scripts ask nothing, and every guest is in the job [A10, A1]", async () => {
  const site = siteOf("memory");
  expectExit(await site.sandbox("up", "--driver", "memory", "--port", "8112"), [0], "the sandbox");
  await handMade(site, "make", site.folder);
  const layout = layoutOf(site.folder);
  const [node] = readRecord(layout)?.nodes ?? [];
  const endpoint = `${node?.address ?? ""}:${String(node?.port ?? 0)}`;
  const script = blocksUnder(readme(), heading, "sh").join("").replace("192.0.2.11", endpoint);
  const [init = "", ...lines] = script.replaceAll("\\\n", "").split("\n");
  const folder = join(parent, "scripts");
  for (const made of [folder, join(home, ".config")]) mkdirSync(made, { recursive: true });
  copyFileSync(layout.ca, join(home, "pve-root-ca.pem"));
  const [program = []] = commandsUnder(readme(), heading);
  if (!existsSync(join(home, "npm/bin/lifeboat")))
    expectExit(await inShell(clone, program.join("\n")), [0], "npm link");
  const onPath = program.find((line) => line.startsWith("export PATH=")) ?? "";
  const without = await inShell(folder, init.replace("--token-file ~/lifeboat-token", ""));
  expect([without.exitCode, without.stderr]).toEqual([2, expect.stringContaining("--token-file is missing")]);
  writeFileSync(join(home, "lifeboat-token"), `${await tokenBy(site, without.stderr)}\n`);
  expectExit(await inShell(folder, init), [0], init);
  const settings = readFileSync(join(folder, "Pulumi.home.yaml"), "utf8");
  expect(settings.match(/\{ adopt: 1\d\d/gu)).toHaveLength(40);
  // Nothing answers on this site: the restore is for the one above.
  const [passphrase = "", up = "", backup = "", restore] = lines;
  expect(restore).toBe("lifeboat restore guest home/web --target-id next --force");
  for (const line of [up, backup])
    expectExit(await inShell(clone, `${onPath}; cd ${folder}; ${passphrase}; ${line}`), [0], line);
  const status = JSON.parse((await inShell(folder, `${passphrase}; lifeboat status --json`)).stdout);
  const [{ guests }] = status.environments;
  expect(guests).toHaveLength(40);
});
