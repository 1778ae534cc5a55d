import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { type CommandResult, runCommand } from "./support/commands";
import { DemoSite, expectExit } from "./support/demo-site";

// What the program refuses and what it never touches: the real `pulumi` and its provider, on a site without guests.
const parent = mkdtempSync(join(tmpdir(), "lifeboat-program-"));
const site = new DemoSite(join(parent, "site"), "memory", () => undefined);
const settings = join(site.folder, "project", "Pulumi.prod.yaml");
const guests = ["config", "lifeboat:guests"];
/** An id of the example's settings. */
const takenId = 102;
let example = "";

jest.setTimeout(20 * 60_000);

beforeAll(async () => {
  expectExit(await site.project("npm", "run", "--silent", "toolchain"), [0], "the toolchain");
  // A port of its own: a site that somebody has up keeps the usual one.
  expectExit(await site.sandbox("up", "--driver", "memory", "--port", "8106"), [0], "the sandbox");
  expectExit(await pulumi("stack", "init", "prod"), [0], "pulumi stack init");
  example = readFileSync(settings, "utf8");
});

afterAll(async () => {
  await site.sandbox("down");
  rmSync(parent, { recursive: true, force: true });
});

function pulumi(...words: string[]): Promise<CommandResult> {
  return site.inside("pulumi", ...words, "--non-interactive");
}

/** Writes the example's settings with changes; a value of undefined removes the key. */
function writeSettings(changes: readonly (readonly [path: string[], value: unknown])[]): void {
  const document = parseDocument(example);
  for (const [path, value] of changes) {
    if (value === undefined) document.deleteIn(path);
    else document.setIn(path, document.createNode(value));
  }
  writeFileSync(settings, document.toString({ lineWidth: 0 }));
}

async function changingRequests(): Promise<string[]> {
  const { stdout } = await site.sandbox("requests", "--json");
  const requests = stdout.split("\n").filter((line) => line.startsWith("{"));
  return requests.filter((line) => !/"method":\s?"GET"/.test(line));
}

test("three mistakes: one screen, three paths, nothing touched", async () => {
  writeSettings([
    [[...guests, "web", "id"], "eleven"],
    [[...guests, "web", "root", "size"], "8 bananas"],
    [[...guests, "db", "cpu"], 4],
  ]);
  await site.sandbox("requests", "--clear");
  const { exitCode, stdout, stderr } = await pulumi("preview", "-s", "prod");
  const said = `${stdout}\n${stderr}`;
  expect(exitCode).not.toBe(0);
  expect(said).toContain("lifeboat:guests.web.id");
  expect(said).toContain("lifeboat:guests.web.root.size");
  expect(said).toContain("lifeboat:guests.db.cpu");
  expect(said).not.toMatch(/^\s+at .*:\d+:\d+/m);
  expect(said.split("\n").length).toBeLessThan(40);
  expect(await changingRequests()).toEqual([]);
});

test("a guest made by hand is not taken over", async () => {
  writeSettings([[["config", "lifeboat:protectGuests"], false]]);
  expectExit(await site.byHand("make", "prod", String(takenId)), [0], "making a guest by hand");
  const before = expectExit(await site.byHand("show", "prod", String(takenId)), [0], "its configuration").stdout;
  await site.sandbox("requests", "--clear");

  const { exitCode, stdout, stderr } = await pulumi("up", "-s", "prod", "--yes");

  expect(exitCode).not.toBe(0);
  expect(`${stdout}\n${stderr}`).toContain(`adopt: ${takenId}`);
  expect(await changingRequests()).toEqual([]);
  expect((await site.byHand("show", "prod", String(takenId))).stdout).toBe(before);
});

test("destroy deletes what the stack made and nothing else", async () => {
  writeSettings([
    [["config", "lifeboat:protectGuests"], false],
    [[...guests, "db"], { adopt: takenId, checks: ["running"] }],
  ]);
  expectExit(await pulumi("up", "-s", "prod", "--yes"), [0], "pulumi up with an adopted guest");
  const covered = expectExit(await site.byHand("coverage", "prod"), [0], "the job's coverage").stdout;
  expect(JSON.parse(covered)).toEqual({
    "101:rootfs": true,
    "101:mp0": true,
    "101:mp1": false,
    [`${takenId}:rootfs`]: true,
  });
  const before = (await site.byHand("show", "prod", String(takenId))).stdout;

  expectExit(await pulumi("destroy", "-s", "prod", "--yes"), [0], "pulumi destroy");

  expect((await site.byHand("show", "prod", String(takenId))).stdout).toBe(before);
  expect((await site.byHand("show", "prod", "101")).exitCode).not.toBe(0);
});

test("no secret lies anywhere but in its own file", async () => {
  const keys = join(site.folder, "keys");
  const [, token = ""] = readFileSync(join(keys, "token"), "utf8").trim().split("=");
  const passphrase = readFileSync(join(keys, "passphrase"), "utf8").trim();
  expect(token.length).toBeGreaterThan(20);
  expect(passphrase.length).toBeGreaterThan(8);
  for (const secret of [token, passphrase]) {
    const { stdout } = await runCommand("grep", ["-rlF", "-e", secret, site.folder]);
    expect(stdout).toContain(keys);
    const places = stdout.split("\n").filter((path) => path !== "" && !path.startsWith(keys));
    // The emulator is the side that must know the token; it stands for Proxmox's own files.
    expect(places.filter((path) => !path.startsWith(join(site.folder, "server")))).toEqual([]);
    expect(places.filter((path) => path.endsWith("requests.ndjson") || path.endsWith(".log"))).toEqual([]);
  }
});
