import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { GitHubServer } from "../support/github-server";
import { type CommandResult, projectFolder, runCommand } from "./support/commands";
import { DemoSite, expectExit } from "./support/demo-site";
import { ArgumentWatch } from "./support/process-arguments";

// What .github/workflows/preview.yml runs, with the real `pulumi`, its provider and a token that can only look.
const parent = mkdtempSync(join(tmpdir(), "lifeboat-pull-requests-"));
const printed: string[] = [];
const site = new DemoSite(join(parent, "site"), "memory", (line) => printed.push(line));
const settings = join(site.folder, "project", "Pulumi.prod.yaml");
const setup = join(parent, "setup.json");
const tokenFile = `${setup}.token`;
const results = join(parent, "previews");
const runToken = "token-of-the-run";
let processes: ArgumentWatch;
let github: GitHubServer;
let deployed = "";

jest.setTimeout(20 * 60_000);

beforeAll(async () => {
  processes = new ArgumentWatch();
  github = await GitHubServer.start();
  expectExit(await site.project("npm", "run", "--silent", "toolchain"), [0], "the toolchain");
  expectExit(await site.sandbox("up", "--driver", "memory", "--port", "8117"), [0], "the sandbox");
  expectExit(await pulumi("stack", "init", "prod"), [0], "pulumi stack init");
  change([[["lifeboat:protectGuests"], false]]);
  deployed = readFileSync(settings, "utf8");
  expectExit(await pulumi("up", "-s", "prod", "--yes"), [0], "pulumi up");
  await makeTokenToLook();
});

afterAll(async () => {
  processes.stop();
  await github.stop();
  await site.sandbox("down");
  rmSync(parent, { recursive: true, force: true });
});

function pulumi(...words: string[]): Promise<CommandResult> {
  return site.inside("pulumi", ...words, "--non-interactive");
}

/** Changes the settings; a value of undefined removes the key. */
function change(changes: readonly (readonly [path: string[], value: unknown])[]): void {
  const document = parseDocument(readFileSync(settings, "utf8"));
  for (const [path, value] of changes) {
    if (value === undefined) document.deleteIn(["config", ...path]);
    else document.setIn(["config", ...path], document.createNode(value));
  }
  writeFileSync(settings, document.toString({ lineWidth: 0 }));
}

/** Makes on the site what the command prints for it, so that its lines are shown to be enough. */
async function makeTokenToLook(): Promise<void> {
  const lines = await site.inside("lifeboat", "doctor", "prod", "--print-setup", "--read-only", "--json");
  writeFileSync(setup, expectExit(lines, [0], "lifeboat doctor --print-setup --read-only").stdout);
  process.env["LIFEBOAT_PROXMOX_ROOT_PASSWORD_FILE"] = join(site.folder, "keys", "root-password");
  expectExit(await site.byHand("account", "prod", setup), [0], "making the account");
  delete process.env["LIFEBOAT_PROXMOX_ROOT_PASSWORD_FILE"];
}

function preview(...words: string[]): Promise<CommandResult> {
  return site.inside("env", `LIFEBOAT_PROXMOX_TOKEN_FILE=${tokenFile}`, "lifeboat", "preview", ...words);
}

function comment(): Promise<CommandResult> {
  const words = ["--from", results, "--stacks", "lab,prod", "--commit", github.head, "--pull-request", "7"];
  return runCommand(process.execPath, [join(projectFolder, "dist", "lifeboat.cjs"), "preview", "comment", ...words], {
    environment: {
      GITHUB_API_URL: github.url,
      GITHUB_REPOSITORY: "o/r",
      GITHUB_RUN_ID: "4711",
      GITHUB_TOKEN: runToken,
    },
  });
}

/** Every file of the stack's state with a sum of what is in it. */
function state(): string[] {
  const folder = join(site.folder, "data-home", "lifeboat", "lifeboat", "pulumi");
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => `${createHash("sha256").update(readFileSync(path)).digest("hex")} ${path}`)
    .sort();
}

async function changingRequests(): Promise<string[]> {
  const { stdout } = await site.sandbox("requests", "--json");
  const requests = stdout.split("\n").filter((line) => line.startsWith("{"));
  expect(requests.length).toBeGreaterThan(0);
  return requests.filter((line) => !/"method":\s?"GET"/u.test(line));
}

test("a token that can only look is enough: no change, nothing but GETs, and the state as it was [M1]", async () => {
  await site.sandbox("requests", "--clear");
  const before = state();
  const { stdout } = expectExit(await preview("prod"), [0], "lifeboat preview");
  expect(stdout).toContain("prod: no changes (10 stay)");
  expect(await changingRequests()).toEqual([]);
  expect(state()).toEqual(before);
  expect(before.length).toBeGreaterThan(0);
});

test("a pull request: its comment tells what is deleted and replaced first, and why a stack cannot be previewed [M1]", async () => {
  const mail = parseDocument(deployed).getIn(["config", "lifeboat:guests", "web"], true);
  change([
    [["lifeboat:backup", "storage", "path"], "/mnt/archives"],
    [["lifeboat:guests", "web", "memory"], "2GiB"],
    [["lifeboat:guests", "db"], undefined],
    [["lifeboat:guests", "mail"], mail],
    [["lifeboat:guests", "mail", "id"], 103],
    [["lifeboat:guests", "mail", "network", "address"], "192.0.2.103/24"],
  ]);
  await site.sandbox("requests", "--clear");
  const before = state();
  // The lab was never deployed: it has no stack.
  const { stdout } = expectExit(await preview("prod", "lab", "--out", results), [3], "lifeboat preview");
  expect(stdout).toContain("lab: cannot be previewed");
  expect(await changingRequests()).toEqual([]);
  expect(state()).toEqual(before);

  expectExit(await comment(), [0], "lifeboat preview comment");
  const [first] = github.comments;
  expect(first?.body).toContain("> - **1 replace, 2 delete** in `prod`");
  expect(first?.body).toMatch(/-\+ replace backup-storage \(Directory\): path\n/u);
  expect(first?.body).toMatch(/^- {2}delete {2}db-container \(ContainerLegacy\)$/mu);
  expect(first?.body).toMatch(/^! {2}update {2}web-container \(ContainerLegacy\): memory\.dedicated$/mu);
  expect(first?.body).toMatch(/^\+ {2}create {2}mail-container \(ContainerLegacy\)$/mu);
  expect(first?.body).toContain("This update reboots guest web (101): memory from 1GiB to 2GiB");
  expect(first?.body).toContain("the token lacks Datastore.AllocateSpace on /storage/backup and VM.Backup on /vms/103");
  expect(first?.body).toMatch(/no stack named 'lab' found\nHINT: this environment is not deployed yet/u);
});

test("the next commit changes the comment; a refusal of the program is the reason [M1]", async () => {
  writeFileSync(settings, deployed);
  change([[["lifeboat:guests", "web", "id"], "eleven"]]);
  expectExit(await preview("prod", "--out", results), [3], "lifeboat preview");
  expectExit(await comment(), [0], "lifeboat preview comment");
  expect(github.comments).toHaveLength(1);
  expect(github.comments[0]?.body).toContain("lifeboat:guests.web.id");
});

test("a wrong passphrase says so, and no secret is in a result, in the comment, in what is printed or in arguments [M1]", async () => {
  writeFileSync(settings, deployed);
  change([[["lifeboat:proxmoxToken"], { secure: "v1:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" }]]);
  const wrong = join(parent, "passphrase");
  writeFileSync(wrong, "another-passphrase\n");
  const variables = [`PULUMI_CONFIG_PASSPHRASE_FILE=${wrong}`, `LIFEBOAT_PROXMOX_TOKEN_FILE=${tokenFile}`];
  const tried = await site.inside("env", ...variables, "lifeboat", "preview", "prod", "--out", results);
  expectExit(tried, [3], "lifeboat preview");
  expect(tried.stdout).toContain("PULUMI_CONFIG_PASSPHRASE has to be the passphrase of prod");

  const commandLines = processes.stop();
  const passphrase = readFileSync(join(site.folder, "keys", "passphrase"), "utf8").trim();
  const [, token = ""] = readFileSync(tokenFile, "utf8").trim().split("=");
  const files = readdirSync(results).map((name) => readFileSync(join(results, name), "utf8"));
  const texts = [...files, ...github.comments.map(({ body }) => body), ...printed, ...commandLines];
  for (const secret of [passphrase, token, runToken]) {
    expect(secret.length).toBeGreaterThan(8);
    expect(texts.filter((text) => text.includes(secret))).toEqual([]);
  }
});
