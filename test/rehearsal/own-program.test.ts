import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import * as z from "zod";
import { type CommandResult } from "./support/commands";
import { installOwnProgram, packProject } from "../support/own-program";
import { DemoSite, expectExit } from "./support/demo-site";
import { firstUseLimit, obtainToolchain } from "./support/toolchain";

// A program that somebody else wrote, with the components as npm packs them: deployed, changed by mistakes, destroyed.
const parent = mkdtempSync(join(tmpdir(), "lifeboat-own-program-"));
const program = join(parent, "program");
const printed: string[] = [];
const site = new DemoSite(join(parent, "site"), "memory", (line) => printed.push(line));
let source = "";

const settingsSchema = z.object({ config: z.object({ "lifeboat:proxmox": z.object({ endpoint: z.string() }) }) });

jest.setTimeout(20 * 60_000);

beforeAll(async () => {
  await obtainToolchain(site);
  installOwnProgram(program, packProject(parent));
  source = readFileSync(join(program, "index.ts"), "utf8");
  expectExit(await site.sandbox("up", "--driver", "memory", "--port", "8109"), [0], "the sandbox");
  const text = readFileSync(join(site.folder, "project", "Pulumi.prod.yaml"), "utf8");
  const { endpoint } = settingsSchema.parse(parse(text)).config["lifeboat:proxmox"];
  // The name that the site's own tools look for: what they show of the job is what Proxmox has.
  expectExit(await pulumi("stack", "init", "prod"), [0], "pulumi stack init");
  expectExit(await pulumi("config", "set", "endpoint", endpoint), [0], "the endpoint");
  expectExit(await pulumi("config", "set", "node", "pve-prod"), [0], "the node");
  expectExit(await pulumi("config", "set", "protect", "false"), [0], "what may be destroyed");
  const token = 'pulumi -C "$1" config set --secret apiToken < "$LIFEBOAT_PROXMOX_TOKEN_FILE"';
  expectExit(await site.inside("sh", "-c", token, "sh", program), [0], "the token");
}, firstUseLimit);

afterAll(async () => {
  await site.sandbox("down");
  rmSync(parent, { recursive: true, force: true });
});

function pulumi(...words: string[]): Promise<CommandResult> {
  return site.inside("pulumi", "-C", program, ...words, "--non-interactive");
}

async function byHand(...words: string[]): Promise<Record<string, unknown>> {
  return JSON.parse(expectExit(await site.byHand(...words), [0], words.join(" ")).stdout);
}

/** What a preview says that has to fail, with the program changed. */
async function refusedWith(change: (text: string) => string): Promise<string> {
  const changed = change(source);
  expect(changed).not.toBe(source);
  writeFileSync(join(program, "index.ts"), changed);
  await site.sandbox("requests", "--clear");
  const { exitCode, stdout, stderr } = await pulumi("preview", "-s", "prod");
  writeFileSync(join(program, "index.ts"), source);
  expect(exitCode).not.toBe(0);
  const requests = (await site.sandbox("requests", "--json")).stdout.split("\n");
  expect(requests.filter((line) => line.startsWith("{") && !/"method":\s?"GET"/u.test(line))).toEqual([]);
  return `${stdout}\n${stderr}`;
}

test("two containers and a job are made as their arguments say, in a program of somebody's own [A1, A2, A3]", async () => {
  const { stdout } = expectExit(await pulumi("up", "-s", "prod", "--yes"), [0], "pulumi up");
  expect(stdout).toMatch(/\+ 10 created/u);
  expect(await byHand("show", "prod", "501")).toMatchObject({
    hostname: "shop",
    mp0: expect.stringMatching(/mp=\/srv,.*size=2G/u),
    description: "Its database is guest 502.\n\nlifeboat: prod/shop\n",
    tags: expect.stringContaining("lifeboat"),
  });
  // In the order of their paths: /srv, /var/cache, /var/lib/postgresql.
  expect(await byHand("coverage", "prod")).toEqual({
    "501:rootfs": true,
    "501:mp0": true,
    "501:mp1": false,
    "502:rootfs": true,
    "502:mp0": false,
    "502:mp1": true,
  });
  expect(await byHand("job", "prod")).toMatchObject({ schedule: "02:30", storage: "backup", vmid: "501,502" });
});

test("a second preview, after a refresh, finds nothing [A1]", async () => {
  const clean = ["preview", "-s", "prod", "--refresh", "--expect-no-changes"];
  expectExit(await pulumi(...clean), [0], "a preview that finds nothing");
});

test("mistakes in what is plain: all of them, before anything of the component is registered, without a stack [A6]", async () => {
  const said = await refusedWith((text) =>
    text.replaceAll('size: "4GiB"', 'size: "4 bananas"').replace("      id,\n", "      id: 7,\n"),
  );
  expect(said).toContain("Unable to declare container shop-database: 2 problems");
  expect(said).toContain('root.size: not the size of a volume (found "4 bananas"; allowed: whole GiB such as 8GiB');
  expect(said).not.toMatch(/^\s+at .*:\d+:\d+/mu);
});

test("a mistake that comes with an output's value: the same sentence, once, without a stack [A6]", async () => {
  const said = await refusedWith((text) =>
    text.replace("  description: ", "  cores: database.vmId.apply((id) => id - 502),\n  description: "),
  );
  const [, diagnostics = ""] = said.split("Diagnostics:\n");
  expect(diagnostics.match(/Unable to declare container shop: 1 problem\n/gu)).toHaveLength(1);
  expect(said).toContain("cores: not a number of cores (found 0; allowed: a whole number from 1 to 8192)");
  expect(said).not.toMatch(/^\s+at .*:\d+:\d+/mu);
  expect(said).not.toContain("error serializing");
});

test("its database's dumps are declared by the package, too: a preview makes them, and names what is wrong with them [A6, I1]", async () => {
  const keys = {
    databaseHostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample",
    sshKey: "in place of a PRIVATE KEY",
    dumpPassword: "not-a-secret",
  };
  for (const [key, value] of Object.entries(keys)) {
    const secret = key === "databaseHostKey" ? "--plaintext" : "--secret";
    expectExit(await pulumi("config", "set", secret, "-s", "prod", key, value), [0], key);
  }
  const { stdout } = expectExit(await pulumi("preview", "-s", "prod", "--diff"), [0], "the preview");
  expect(stdout).toMatch(/\+ lifeboat:data:PostgresBackup: \(create\)/u);
  expect(stdout).toMatch(/\+ command:remote:Command: \(create\)/u);
  expect(stdout).toMatch(/2 to create/u);
  for (const secret of [keys.sshKey, keys.dumpPassword]) expect(stdout).not.toContain(secret);
  const said = await refusedWith((text) => text.replace('at: "03:00"', 'at: "sometimes"'));
  expect(said).toContain("Unable to declare postgres backup shop: 1 problem");
  for (const key of Object.keys(keys)) expectExit(await pulumi("config", "rm", "-s", "prod", key), [0], key);
});

test("destroy deletes what the program made [A1]", async () => {
  expectExit(await pulumi("destroy", "-s", "prod", "--yes"), [0], "pulumi destroy");
  for (const id of ["501", "502"]) expect((await site.byHand("show", "prod", id)).exitCode).not.toBe(0);
});
