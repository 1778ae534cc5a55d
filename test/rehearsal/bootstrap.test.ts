import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "yaml";
import * as z from "zod";
import type { KeyPair } from "../../site/settings/environment";
import { openSecretBox } from "../../scripts/project/passphrase";
import { parseStateStoreKeys } from "../../site/state-store/keys";
import { type CommandResult, runCommand, typeScript } from "./support/commands";
import { DemoSite, expectExit } from "./support/demo-site";
import { readGuide } from "./support/guide";
import { ArgumentWatch } from "./support/process-arguments";
import { processTree } from "./support/process-tree";
import { changeSettings } from "./support/store-settings";
import { firstUseLimit, obtainToolchain } from "./support/toolchain";

// From nothing to three stacks in a store of the site's own: real `pulumi`, real containers, a real MinIO in one of them.
const isRoot = process.getuid?.() === 0;
const parent = mkdtempSync(join(tmpdir(), "lifeboat-bootstrap-"));
const printed: string[] = [];
const site = new DemoSite(join(parent, "site"), "real", (line) => printed.push(line));
const project = join(site.folder, "project");
/** The container that holds the store. */
const store = "192.0.2.132";
const environments = ["monitoring", "prod", "lab"];
let processes: ArgumentWatch;

jest.setTimeout(20 * 60_000);

beforeAll(async () => {
  if (!isRoot) return;
  processes = new ArgumentWatch();
  await obtainToolchain(site);
  expectExit(await site.sandbox("up", "--driver", "real"), [0], "the sandbox");
  declareStore();
}, firstUseLimit);

afterAll(async () => {
  processes?.stop();
  if (isRoot) await site.sandbox("down");
  rmSync(parent, { recursive: true, force: true });
});

const guests = ["config", "lifeboat:guests"];

/** Few and small guests are enough, and the one that holds the store. */
function declareStore(): void {
  const mirror = join(site.folder, "server", "services", "mirror", "files");
  const name = readdirSync(mirror).find((file) => /^minio\.RELEASE\.[^.]+$/u.test(file)) ?? "";
  const [sha256] = readFileSync(join(mirror, `${name}.sha256`), "utf8").split(" ");
  const container = {
    kind: "container",
    id: 302,
    template: "local:vztmpl/debian-12-standard_amd64.tar.zst",
    root: { storage: "local", size: "4GiB" },
    disks: { data: { mount: "/var/lib/minio", storage: "local", size: "4GiB" } },
    network: { bridge: "vmbr0", address: "192.0.2.132/24", gateway: "192.0.2.1", firewall: true },
  };
  const server = { url: `http://192.0.2.20/${name}`, sha256 };
  changeSettings(join(project, "Pulumi.monitoring.yaml"), [
    [guests, { store: container }],
    [["config", "lifeboat:stateStore"], { guest: "store", server, allow: ["192.0.2.0/24"] }],
  ]);
  changeSettings(join(project, "Pulumi.prod.yaml"), [[[...guests, "db"], undefined]]);
  changeSettings(join(project, "Pulumi.lab.yaml"), [
    [[...guests, "gitea"], undefined],
    [[...guests, "runner"], undefined],
  ]);
}

/** A command line with plain `pulumi`, in a shell that has what `lifeboat env` prints. */
function plain(environment: string, command: string): Promise<CommandResult> {
  return site.inside("bash", "-c", `eval "$(lifeboat env ${environment} 2>/dev/null)" && ${command}`);
}

function stateFolder(environment: string): string {
  const home = join(site.folder, "state-home", "lifeboat");
  return join(home, readdirSync(home).find((name) => name.startsWith(`${environment}@`)) ?? "");
}

const lockSchema = z.object({ pid: z.number() });

/** The command line and everything below it, as soon as Pulumi is making the guest. */
async function killInTheMiddle(): Promise<number> {
  for (;;) {
    await sleep(50);
    if (!isMaking()) continue;
    const { pid } = lockSchema.parse(JSON.parse(readFileSync(join(stateFolder("monitoring"), "stack.lock"), "utf8")));
    const tree = processTree(pid);
    for (const one of tree) process.kill(one, "SIGKILL");
    return tree.length;
  }
}

function isMaking(): boolean {
  try {
    const logs = join(stateFolder("monitoring"), "pulumi");
    const log = readdirSync(logs).find((name) => name.endsWith("-up.log"));
    return log !== undefined && readFileSync(join(logs, log), "utf8").includes("store-container creating");
  } catch {
    return false;
  }
}

const journalSchema = z.object({
  kind: z.literal("rotate-keys"),
  state: z.literal("open"),
  steps: z.object({ up: z.object({ state: z.literal("started"), facts: z.object({ pulumi: z.number() }) }) }),
});

/** Kills a change of keys and everything below it as soon as its `pulumi up` runs. */
async function cutWhileItDeploys(environment: string, running: Promise<CommandResult>): Promise<void> {
  const folder = stateFolder(environment);
  const over = new AbortController();
  const ended = running.finally(() => over.abort());
  const journals = () => readdirSync(folder).filter((name) => /^stack-.*\.json$/u.test(name));
  while (!over.signal.aborted && !journals().some((name) => isDeploying(join(folder, name)))) await sleep(50);
  if (!over.signal.aborted) {
    const { pid } = lockSchema.parse(JSON.parse(readFileSync(join(folder, "stack.lock"), "utf8")));
    for (const one of processTree(pid)) process.kill(one, "SIGKILL");
  }
  // Killed, and not refused by itself.
  const { exitCode, stderr } = await ended;
  expect([exitCode, stderr]).toEqual([expect.any(Number), expect.not.stringContaining("Unable")]);
  expect(exitCode).not.toBe(0);
}

function isDeploying(journal: string): boolean {
  try {
    return journalSchema.safeParse(JSON.parse(readFileSync(journal, "utf8"))).success;
  } catch {
    return false;
  }
}

const answers = z.array(z.union([z.object({ ok: z.unknown() }), z.object({ error: z.string() })]));

/** Requests to the store with a key. */
async function ask(key: KeyPair | undefined, ...requests: (readonly [string, object])[]) {
  const file = join(parent, "requests.json");
  const endpoint = "https://192.0.2.132:9000";
  const ca = z
    .object({ config: z.looseObject({ "lifeboat:stateStoreAuthority": z.string() }) })
    .parse(parse(readFileSync(join(project, "Pulumi.monitoring.yaml"), "utf8"))).config["lifeboat:stateStoreAuthority"];
  writeFileSync(file, JSON.stringify({ endpoint, ca, ...key, requests }), { mode: 0o600 });
  const program = [process.execPath, ...typeScript("test/rehearsal/support/s3-requests.ts")];
  const { stdout } = expectExit(await site.inside(...program, file), [0], "requests");
  return answers.parse(JSON.parse(stdout.trim().split("\n").at(-1) ?? ""));
}

(isRoot ? describe : describe.skip)("a site from nothing", () => {
  test("killed with -9 in the middle of the first update: one state on this machine, no second one [B3, K4]", async () => {
    const [result, killed] = await Promise.all([site.inside("lifeboat", "up", "--force"), killInTheMiddle()]);
    expect(result.exitCode).not.toBe(0);
    // Node, pulumi, its language host and providers.
    expect(killed).toBeGreaterThan(3);
    const stacks = join(site.folder, "data-home/lifeboat/lifeboat/pulumi/.pulumi/stacks/lifeboat");
    expect(readdirSync(stacks).filter((name) => name.endsWith(".json"))).toEqual(["monitoring.json"]);
    // Killed within the one write that Pulumi does in place, it leaves what no `pulumi` reads ("failed to load checkpoint: EOF").
    writeFileSync(join(stacks, "monitoring.json.attrs"), "");
  });

  test("the same command: three stacks in the store, and nothing left on this machine [B1, B2, B3, 002 P2]", async () => {
    const { stderr } = expectExit(await site.inside("lifeboat", "up", "--force"), [0], "lifeboat up");
    expect(stderr).toContain("has not ended; what is left is planned anew");
    for (const environment of environments) {
      const { stdout } = expectExit(
        await plain(environment, "pulumi stack ls --json 2>/dev/null"),
        [0],
        "pulumi stack ls",
      );
      const listed = z.array(z.object({ name: z.string(), resourceCount: z.number() })).parse(JSON.parse(stdout));
      expect(listed.map(({ name }) => name)).toEqual([environment]);
      expect(listed[0]?.resourceCount).toBeGreaterThan(1);
      const preview = `pulumi preview -s ${environment} --refresh --expect-no-changes --non-interactive`;
      expectExit(await plain(environment, preview), [0], `a preview of ${environment}`);
      const exported = expectExit(
        await plain(environment, `pulumi stack export -s ${environment} 2>/dev/null`),
        [0],
        "export",
      );
      expect(JSON.parse(exported.stdout).deployment.pending_operations ?? []).toEqual([]);
    }
    const local = join(site.folder, "data-home/lifeboat/lifeboat/pulumi");
    expect(readdirSync(join(local, ".pulumi/stacks/lifeboat")).filter((name) => name.endsWith(".json"))).toEqual([]);
    expect(readdirSync(join(local, "archive"))).toEqual([expect.stringMatching(/^monitoring-.*\.json$/u)]);
    expect(readdirSync(project).filter((name) => name.includes(".bak"))).toEqual([]);
  });

  test("run again it changes nothing, neither on the site nor in a file [B3]", async () => {
    const texts = environments.map((name) => readFileSync(join(project, `Pulumi.${name}.yaml`), "utf8"));
    await site.sandbox("requests", "--clear");
    const { stdout } = expectExit(await site.inside("lifeboat", "up"), [0], "lifeboat up");
    expect(stdout).toBe("Everything is as the settings say; nothing was changed.");
    const requests = (await site.sandbox("requests", "--json")).stdout
      .split("\n")
      .filter((line) => line.startsWith("{"));
    expect(requests.filter((line) => !/"method":\s?"GET"/u.test(line))).toEqual([]);
    expect(environments.map((name) => readFileSync(join(project, `Pulumi.${name}.yaml`), "utf8"))).toEqual(texts);
  });

  test("no key is in any process's arguments, in what was printed, or in a file that is not its own [B2, K1]", async () => {
    const commandLines = processes.stop();
    expect(commandLines.some((words) => words.includes("pulumi up"))).toBe(true);
    const secrets = await madeSecrets();
    expect(secrets.length).toBeGreaterThan(7);
    for (const secret of secrets) {
      expect(commandLines.filter((words) => words.includes(secret))).toEqual([]);
      expect(printed.filter((line) => line.includes(secret))).toEqual([]);
    }
    const pattern = join(parent, "pattern");
    writeFileSync(pattern, secrets.join("\n"), { mode: 0o600 });
    const folders = ["state-home", "data-home", "project", "server/requests.ndjson"].map((name) =>
      join(site.folder, name),
    );
    const { stdout } = await runCommand("grep", ["-rlF", "-f", pattern, ...folders]);
    const places = stdout.split("\n").filter((path) => path !== "");
    expect(places.length).toBe(environments.length);
    expect(places.filter((path) => !path.endsWith("/aws-credentials"))).toEqual([]);
  });

  test("no secret of an environment is in clear in its state [B2]", async () => {
    const secrets = await madeSecrets();
    for (const environment of environments) {
      const command = `pulumi stack export -s ${environment} 2>/dev/null`;
      const { stdout } = expectExit(await plain(environment, command), [0], `the state of ${environment}`);
      expect(secrets.filter((secret) => stdout.includes(secret))).toEqual([]);
    }
  });

  test("with the key that only reads, a preview works and an update does not [M1, B2]", async () => {
    const reader = (await madeKeys())?.readers["prod"];
    const key = join(parent, "reader");
    writeFileSync(key, JSON.stringify(reader), { mode: 0o600 });
    const asReader = (...words: string[]) => site.inside("env", `LIFEBOAT_STATE_KEY_FILE=${key}`, ...words);
    const preview = await asReader("lifeboat", "preview", "prod", "--json");
    expect(expectExit(preview, [0], "the preview").stdout).toContain('"prod"');
    const update = 'eval "$(lifeboat env prod)" && pulumi up -s prod --yes --non-interactive';
    const refused = await asReader("bash", "-c", update);
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stdout + refused.stderr).toContain("AccessDenied");
  });

  test("a stolen key opens nothing after state rotate, killed on its way and run again; all previews are clean [N1, K4]", async () => {
    for (const environment of ["prod", "monitoring"]) {
      const stolen = await madeKeys();
      const formers = [stolen?.identities[environment], stolen?.readers[environment]];
      const list = ["list", { Bucket: `lifeboat-state-${environment}` }] as const;
      for (const key of formers) expect(await ask(key, list)).toEqual([{ ok: expect.any(Array) }]);
      const rotate = ["lifeboat", "state", "rotate", environment, "--force"];
      await cutWhileItDeploys(environment, site.inside(...rotate));
      // The new keys are not proven yet.
      for (const key of formers) expect(await ask(key, list)).toEqual([{ ok: expect.any(Array) }]);
      const { stdout } = expectExit(await site.inside(...rotate), [0], rotate.join(" "));
      expect(stdout).toContain(`The former keys of ${environment} open nothing any more`);
      const made = await madeKeys();
      for (const key of formers) expect(await ask(key, list)).toEqual([{ error: "InvalidAccessKeyId" }]);
      for (const key of [made?.identities[environment], made?.readers[environment], made?.copier]) {
        expect(await ask(key, list)).toEqual([{ ok: expect.any(Array) }]);
      }
      if (environment === "monitoring")
        expect(await ask(stolen?.copier, list)).toEqual([{ error: "InvalidAccessKeyId" }]);
    }
    for (const environment of environments) {
      const preview = `pulumi preview -s ${environment} --refresh --expect-no-changes --non-interactive`;
      expectExit(await plain(environment, preview), [0], `a preview of ${environment}`);
    }
    expect((await site.inside("lifeboat", "up")).stdout).toBe(
      "Everything is as the settings say; nothing was changed.",
    );
  });

  test("every command of the guide does what it says [B3, E1, E5, E6, G1]", async () => {
    const { commands } = readGuide("state");
    expect(commands.length).toBeGreaterThan(10);
    // What the page says of a store that does not answer is done without one, and the last line with it.
    const before: Record<string, () => Promise<unknown>> = {
      "lifeboat state fallback prod --force": () => site.ssh(store, "systemctl stop lifeboat-state-store"),
      "lifeboat state return prod --force": () => site.ssh(store, "systemctl start lifeboat-state-store"),
    };
    expect(commands).toEqual(expect.arrayContaining(Object.keys(before)));
    for (const command of commands) {
      await before[command]?.();
      // Findings are no failure of a command that only looks.
      const looks = command.endsWith("--dry-run");
      expectExit(await site.inside("bash", "-c", `${command} 2>&1`), looks ? [0, 3] : [0], command);
    }
  });
});

/** The keys that the command has made. */
async function madeKeys() {
  const settings: unknown = parse(readFileSync(join(project, "Pulumi.monitoring.yaml"), "utf8"));
  const { config, encryptionsalt } = z
    .object({
      config: z.looseObject({ "lifeboat:stateStoreKeys": z.object({ secure: z.string() }) }),
      encryptionsalt: z.string(),
    })
    .parse(settings);
  const passphrase = readFileSync(join(site.folder, "keys", "passphrase"), "utf8").trim();
  const { open } = await openSecretBox(encryptionsalt, passphrase);
  return parseStateStoreKeys(open(config["lifeboat:stateStoreKeys"].secure));
}

/** Every secret half of them. */
async function madeSecrets(): Promise<string[]> {
  const keys = await madeKeys();
  const pairs = [
    keys?.root,
    keys?.copier,
    ...Object.values(keys?.identities ?? {}),
    ...Object.values(keys?.readers ?? {}),
  ];
  return pairs.flatMap((pair) => pair?.secretKey ?? []);
}
