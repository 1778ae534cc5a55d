import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseDocument } from "yaml";
import * as z from "zod";
import { linesRun } from "../support/docs/lines-run";
import { type CommandResult, runCommand } from "./support/commands";
import { DemoSite, expectExit } from "./support/demo-site";
import { firstUseLimit, obtainToolchain } from "./support/toolchain";
import { ArgumentWatch } from "./support/process-arguments";

// What the program refuses and what it never touches: the real `pulumi` and its provider, on a site without guests.
const parent = mkdtempSync(join(tmpdir(), "lifeboat-program-"));
const printed: string[] = [];
const site = new DemoSite(join(parent, "site"), "memory", (line) => printed.push(line));
const rootPasswordFile = "LIFEBOAT_PROXMOX_ROOT_PASSWORD_FILE";
let processes: ArgumentWatch;
const settings = join(site.folder, "project", "Pulumi.prod.yaml");
const guests = ["config", "lifeboat:guests"];
/** An id of the example's settings. */
const takenId = 102;
const media = { mount: "/media", bind: "/tank/media", protectedBy: "replication of the pool" };
let example = "";

const exportSchema = z.object({
  deployment: z.object({
    resources: z.array(
      z.object({ urn: z.string(), outputs: z.object({ report: z.string().exactOptional() }).exactOptional() }),
    ),
  }),
});

jest.setTimeout(20 * 60_000);

beforeAll(async () => {
  processes = new ArgumentWatch();
  await obtainToolchain(site);
  // A port of its own: a site that somebody has up keeps the usual one.
  expectExit(await site.sandbox("up", "--driver", "memory", "--port", "8106"), [0], "the sandbox");
  expectExit(await pulumi("stack", "init", "prod"), [0], "pulumi stack init");
  example = readFileSync(settings, "utf8");
}, firstUseLimit);

afterAll(async () => {
  processes.stop();
  delete process.env[rootPasswordFile];
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

function said({ stdout, stderr }: CommandResult): string {
  return `${stdout}\n${stderr}`;
}

async function changingRequests(): Promise<string[]> {
  const { stdout } = await site.sandbox("requests", "--json");
  const requests = stdout.split("\n").filter((line) => line.startsWith("{"));
  return requests.filter((line) => !/"method":\s?"GET"/.test(line));
}

test("three mistakes: one screen, three paths, nothing touched [A6]", async () => {
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

test("a guest made by hand is not taken over [A14]", async () => {
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

test("a folder of the node needs root@pam: named when missing, made, backed up and restored with it [A2, K1]", async () => {
  writeSettings([
    [["config", "lifeboat:protectGuests"], false],
    [[...guests, "db"], undefined],
    [[...guests, "web", "disks", "media"], media],
  ]);
  const refused = await pulumi("preview", "-s", "prod");
  expect(refused.exitCode).not.toBe(0);
  expect(`${refused.stdout}\n${refused.stderr}`).toContain(rootPasswordFile);

  const folder = join(site.folder, "server", "nodes", "pve-prod", "root", "tank", "media");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "film"), "kept by the node\n");
  process.env[rootPasswordFile] = join(site.folder, "keys", "root-password");
  expectExit(await pulumi("up", "-s", "prod", "--yes"), [0], "pulumi up with a bind mount");
  const covered = expectExit(await site.byHand("coverage", "prod"), [0], "the job's coverage").stdout;
  expect(Object.values(JSON.parse(covered)).filter((included) => included === true)).toHaveLength(2);
  expectExit(await site.inside("lifeboat", "backup", "web"), [0], "lifeboat backup");
  expectExit(await site.byHand("destroy", "web"), [0], "removing web");

  delete process.env[rootPasswordFile];
  const without = await site.inside("lifeboat", "restore", "guest", "web", "--force");
  expect(without.exitCode).toBe(13);
  expect(without.stderr).toContain("LIFEBOAT_PROXMOX_ROOT_PASSWORD");

  process.env[rootPasswordFile] = join(site.folder, "keys", "root-password");
  expectExit(await site.inside("lifeboat", "restore", "guest", "web", "--force"), [0], "the restore");
  const restored = expectExit(await site.byHand("show", "prod", "101"), [0], "its configuration").stdout;
  expect(restored).toContain("/tank/media,mp=/media");
  expect(readFileSync(join(folder, "film"), "utf8")).toBe("kept by the node\n");
});

test("Proxmox deletes a job with its last guest: the command that the program names mends that", async () => {
  process.env[rootPasswordFile] = join(site.folder, "keys", "root-password");
  const warned = await pulumi("preview", "-s", "prod");
  const [, urn = ""] = /pulumi state delete '([^']+)'/.exec(`${warned.stdout}\n${warned.stderr}`) ?? [];
  expect(urn).toMatch(/::backup-job$/);
  expectExit(await pulumi("state", "delete", urn, "-s", "prod", "--yes"), [0], "the command that was named");
  expectExit(await pulumi("up", "-s", "prod", "--yes"), [0], "pulumi up");
  const covered = expectExit(await site.byHand("coverage", "prod"), [0], "the job's coverage").stdout;
  expect(covered).toContain('"101:rootfs":true');
});

test("a job that the state lost is known before anything is made; the line that is named makes way for it [B3]", async () => {
  process.env[rootPasswordFile] = join(site.folder, "keys", "root-password");
  const { stdout } = await pulumi("stack", "export", "-s", "prod");
  const [urn = ""] = /urn:pulumi:[^"]*::backup-job/.exec(stdout) ?? [];
  expectExit(await pulumi("state", "delete", urn, "-s", "prod", "--yes"), [0], "losing the job");
  await site.sandbox("requests", "--clear");
  for (const words of [["preview"], ["up", "--yes"]]) {
    const refused = await pulumi(...words, "-s", "prod");
    expect(refused.exitCode).not.toBe(0);
    expect(`${refused.stdout}\n${refused.stderr}`).toContain("pvesh delete /cluster/backup/lifeboat-prod");
  }
  expect(await changingRequests()).toEqual([]);
  expectExit(await site.byHand("remove-job", "prod"), [0], "the line that was named");
  expectExit(await pulumi("up", "-s", "prod", "--yes"), [0], "pulumi up");
});

const requestSchema = z.object({ method: z.string(), path: z.string() });

/** Requests that write the job since the log was cleared. */
async function jobRequests(): Promise<string[]> {
  const requests = (await changingRequests()).map((line) => requestSchema.parse(JSON.parse(line)));
  return requests.filter(({ path }) => path.includes("cluster/backup")).map(({ method }) => method);
}

/** The settings of these tests with another guest; undefined: without one. */
function writeOther(guest: unknown): void {
  writeSettings([
    [["config", "lifeboat:protectGuests"], false],
    [[...guests, "web", "disks", "media"], media],
    [[...guests, "db"], guest],
  ]);
}

test("another guest changes the job in place; one that was switched to all guests is made anew [B3]", async () => {
  process.env[rootPasswordFile] = join(site.folder, "keys", "root-password");
  writeOther({ adopt: takenId, checks: ["running"] });
  await site.sandbox("requests", "--clear");
  expectExit(await pulumi("up", "-s", "prod", "--yes"), [0], "pulumi up with one guest more");
  expect(await jobRequests()).toEqual(["PUT"]);

  expectExit(await site.byHand("select-all", "prod"), [0], "a job over all guests");
  writeOther(undefined);
  await site.sandbox("requests", "--clear");
  expectExit(await pulumi("up", "--refresh", "-s", "prod", "--yes"), [0], "pulumi up after that");
  expect(await jobRequests()).toEqual(["DELETE", "POST"]);
});

/** Which calls about tokens the node got: `POST lifeboat.prod.1`. */
async function tokenRequests(): Promise<string[]> {
  return (await changingRequests()).flatMap((line) => {
    const { method, path } = z.looseObject({ method: z.string(), path: z.string() }).parse(JSON.parse(line));
    const [, name] = /\/token\/([^/?]+)$/u.exec(path) ?? [];
    return name === undefined ? [] : [`${method} ${name}`];
  });
}

function writeExporterTokens(numbers: readonly number[]): void {
  writeSettings([
    [["config", "lifeboat:protectGuests"], false],
    [[...guests, "web", "disks", "media"], media],
    [[...guests, "db"], undefined],
    [["config", "lifeboat:exporterTokens"], numbers.length === 0 ? undefined : numbers],
  ]);
}

async function exporterToken(): Promise<string> {
  const [line = ""] = Object.keys(linesRun["rehearsal/program"] ?? {});
  return expectExit(await site.inside("bash", "-c", line), [0], line).stdout.trim();
}

/** Exit code of a look at the environment with a token: 14 where the node does not take it. */
async function lookWith(token: string): Promise<number | null> {
  const file = join(parent, "exporter-token");
  writeFileSync(file, token, { mode: 0o600 });
  return (await site.inside("env", `LIFEBOAT_PROXMOX_TOKEN_FILE=${file}`, "lifeboat", "status", "prod")).exitCode;
}

test("the stack makes the exporter's token where root has made its user: once, sealed, and a second beside the first [C2, N5, K1]", async () => {
  process.env[rootPasswordFile] = join(site.folder, "keys", "root-password");
  writeExporterTokens([1]);
  await site.sandbox("requests", "--clear");
  const refused = await pulumi("up", "-s", "prod", "--yes");
  expect(refused.exitCode).not.toBe(0);
  expect(said(refused)).toContain("User.Modify on /access/groups/lifeboat-exporter is missing");
  expect(await changingRequests()).toEqual([]);

  const lines = await site.inside("lifeboat", "doctor", "prod", "--print-setup", "--json");
  const setup = join(parent, "setup.json");
  writeFileSync(setup, expectExit(lines, [0], "the lines of the set-up").stdout);
  expectExit(await site.byHand("set-up", "prod", setup), [0], "the set-up");
  await site.sandbox("requests", "--clear");
  expectExit(await pulumi("up", "-s", "prod", "--yes"), [0], "pulumi up with a token");
  expect(await tokenRequests()).toEqual(["POST lifeboat.prod.1"]);
  const first = await exporterToken();
  expect(first).toMatch(/^lifeboat-exporter@pve!lifeboat\.prod\.1=[0-9a-f-]{36}$/u);
  expect((await pulumi("stack", "output", "-s", "prod")).stdout).toMatch(/exporterToken +\[secret\]/u);
  expect((await pulumi("stack", "export", "-s", "prod")).stdout).not.toContain(first.split("=")[1]);
  expectExit(await pulumi("preview", "-s", "prod", "--refresh", "--expect-no-changes"), [0], "a second preview");
  expect([0, 3]).toContain(await lookWith(first));

  writeExporterTokens([1, 2]);
  await site.sandbox("requests", "--clear");
  expectExit(await pulumi("up", "-s", "prod", "--yes"), [0], "pulumi up with a second token");
  expect(await tokenRequests()).toEqual(["POST lifeboat.prod.2"]);
  const second = await exporterToken();
  expect([0, 3]).toContain(await lookWith(first));

  writeExporterTokens([2]);
  expectExit(await pulumi("up", "-s", "prod", "--yes"), [0], "pulumi up without the first");
  expect(await lookWith(first)).toBe(14);
  expect([0, 3]).toContain(await lookWith(second));
  expectExit(await pulumi("preview", "-s", "prod", "--refresh", "--expect-no-changes"), [0], "a preview after that");
  writeExporterTokens([]);
  expectExit(await pulumi("up", "-s", "prod", "--yes"), [0], "pulumi up without a token");
  expect(await lookWith(second)).toBe(14);
});

test("pulumi up carries out a restore of the settings once; a preview runs none, and a failed one is none [M2, D4, K1]", async () => {
  process.env[rootPasswordFile] = join(site.folder, "keys", "root-password");
  const id = "2026-11-21-web";
  const ask = (request: object | undefined) =>
    writeSettings([
      [["config", "lifeboat:protectGuests"], false],
      [[...guests, "web", "disks", "media"], media],
      [[...guests, "db"], undefined],
      [["config", "lifeboat:restores"], request === undefined ? undefined : { [id]: request }],
    ]);
  const restores = async () => (await changingRequests()).filter((line) => /"method":\s?"POST".*\/lxc"/u.test(line));
  const wish = { guest: "web", stop: true, acceptLoss: true };

  ask({ guest: "web", acceptLoss: true });
  await site.sandbox("requests", "--clear");
  const preview = expectExit(await pulumi("preview", "-s", "prod"), [0], "a preview");
  expect(said(preview)).toContain(
    `Restore request ${id} will be carried out by the update: node ../dist/lifeboat.cjs restore guest prod/web --request=${id} --accept-loss --force --json`,
  );
  expect(await changingRequests()).toEqual([]);

  const failed = await pulumi("up", "-s", "prod", "--yes");
  expect(failed.exitCode).not.toBe(0);
  expect(said(failed)).toContain("--stop");
  expect(await restores()).toEqual([]);
  expect((await pulumi("stack", "export", "-s", "prod")).stdout).not.toContain(`${id}-restore`);

  ask(wish);
  const done = expectExit(await pulumi("up", "-s", "prod", "--yes"), [0], "pulumi up with a restore");
  expect(said(done)).toContain(`${id}-restore`);
  expect(await restores()).toHaveLength(1);
  const { stdout } = await pulumi("stack", "export", "-s", "prod");
  const flow = exportSchema.parse(JSON.parse(stdout)).deployment.resources.find(({ urn }) => urn.endsWith(`::${id}`));
  expect(JSON.parse(flow?.outputs?.report ?? "{}")).toMatchObject({
    guest: "prod/web",
    proven: true,
    findings: expect.arrayContaining([
      expect.objectContaining({ text: "not compared with Pulumi: the stack prod is being updated" }),
    ]),
  });

  expectExit(await pulumi("up", "-s", "prod", "--yes", "--expect-no-changes"), [0], "the same request again");
  ask({ ...wish, storage: "local" });
  expect(said(await pulumi("preview", "-s", "prod"))).toContain(
    `restore request ${id} was carried out as it was before`,
  );
  await site.sandbox("requests", "--clear");
  ask(undefined);
  expectExit(await pulumi("up", "-s", "prod", "--yes"), [0], "the request taken out again");
  expect(await changingRequests()).toEqual([]);
});

test("destroy deletes what the stack made and nothing else [A1, A10, A14]", async () => {
  process.env[rootPasswordFile] = join(site.folder, "keys", "root-password");
  writeSettings([
    [["config", "lifeboat:protectGuests"], false],
    [[...guests, "db"], { adopt: takenId, checks: ["running"] }],
    [[...guests, "web", "disks", "media"], media],
  ]);
  expectExit(await pulumi("up", "-s", "prod", "--yes"), [0], "pulumi up with an adopted guest");
  const covered = expectExit(await site.byHand("coverage", "prod"), [0], "the job's coverage").stdout;
  expect(JSON.parse(covered)).toEqual({
    "101:rootfs": true,
    "101:mp0": false,
    "101:mp1": true,
    "101:mp2": false,
    [`${takenId}:rootfs`]: true,
  });
  const before = (await site.byHand("show", "prod", String(takenId))).stdout;

  expectExit(await pulumi("destroy", "-s", "prod", "--yes"), [0], "pulumi destroy");

  expect((await site.byHand("show", "prod", String(takenId))).stdout).toBe(before);
  expect((await site.byHand("show", "prod", "101")).exitCode).not.toBe(0);
});

test("no secret lies anywhere but in its own file, nor in any process's arguments [K1]", async () => {
  const keys = join(site.folder, "keys");
  const [, token = ""] = readFileSync(join(keys, "token"), "utf8").trim().split("=");
  const [passphrase, password] = ["passphrase", "root-password"].map((name) =>
    readFileSync(join(keys, name), "utf8").trim(),
  );
  const commandLines = processes.stop();
  expect(commandLines.some((words) => words.includes("pulumi"))).toBe(true);
  for (const secret of [token, passphrase ?? "", password ?? ""]) {
    expect(secret.length).toBeGreaterThan(8);
    const { stdout } = await runCommand("grep", ["-rlF", "-f", patternFile(secret), site.folder]);
    expect(stdout).toContain(keys);
    const places = stdout.split("\n").filter((path) => path !== "" && !path.startsWith(keys));
    // The emulator is the side that must know token and password; it stands for Proxmox's own files.
    expect(places.filter((path) => !path.startsWith(join(site.folder, "server")))).toEqual([]);
    expect(places.filter((path) => path.endsWith("requests.ndjson") || path.endsWith(".log"))).toEqual([]);
    expect(printed.filter((line) => line.includes(secret))).toEqual([]);
    expect(commandLines.filter((words) => words.includes(secret))).toEqual([]);
  }
});

/** A file with the text that `grep` is to look for: in its arguments it would be a secret in a process list. */
function patternFile(secret: string): string {
  const file = join(parent, "pattern");
  writeFileSync(file, secret, { mode: 0o600 });
  return file;
}
