import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { GitHubServer } from "../../support/github-server";

const bundle = resolve(__dirname, "../../../dist/lifeboat.cjs");
const token = "token-of-the-run";
const commit = "a".repeat(40);

let folder: string;
let github: GitHubServer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-preview-"));
  github = await GitHubServer.start();
  writeFileSync(join(folder, "Pulumi.yaml"), "name: site\nruntime: nodejs\n");
  writeFileSync(join(folder, "Pulumi.prod.yaml"), settings(101));
  writeFileSync(join(folder, "Pulumi.lab.yaml"), settings(-1));
});

function settings(id: number): string {
  return [
    "config:",
    "  lifeboat:profile: prod",
    '  lifeboat:proxmox: { endpoint: "https://127.0.0.1:1", node: pve }',
    "  lifeboat:backup: { storage: { id: backup, adopt: true } }",
    `  lifeboat:guests: { web: { adopt: ${id} } }`,
    "",
  ].join("\n");
}

afterAll(async () => {
  await github.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Result {
  code: number | null;
  stdout: string;
  stderr: string;
}

function lifeboat(argv: readonly string[], variables: Record<string, string> = {}): Promise<Result> {
  // No pulumi is on this path.
  const env = { PATH: join(folder, "bin"), HOME: folder, ...variables };
  const child = spawn(process.execPath, [bundle, ...argv], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  const said = { stdout: "", stderr: "" };
  child.stdout.on("data", (data: Buffer) => (said.stdout += data.toString()));
  child.stderr.on("data", (data: Buffer) => (said.stderr += data.toString()));
  return new Promise((done, reject) => {
    child.once("error", reject);
    child.once("close", (code) => done({ code, ...said }));
  });
}

const workflow = (): Record<string, string> => ({
  GITHUB_API_URL: `${github.url}/`,
  GITHUB_SERVER_URL: "https://github.example",
  GITHUB_REPOSITORY: "o/r",
  GITHUB_RUN_ID: "4711",
  GITHUB_TOKEN: token,
});
const commentWords = [
  "preview",
  "comment",
  "--from",
  "out",
  "--stacks",
  "prod,lab",
  "--commit",
  commit,
  "--pull-request",
  "7",
];

test("the environments are listed for a matrix: one line of JSON, whatever is in their files [M1]", async () => {
  const { code, stdout } = await lifeboat(["preview", "--list", "--json"]);
  expect([code, JSON.parse(stdout).environments]).toEqual([0, ["lab", "prod"]]);
  expect(stdout.trimEnd()).not.toContain("\n");
});

test("what is wrong with one environment stops no other, each leaves its result, and the end is 3 [M1, A6]", async () => {
  const variables = { LIFEBOAT_PROXMOX_TOKEN: "u@pve!cli=not-a-secret", PULUMI_CONFIG_PASSPHRASE: "not-a-secret-5" };
  const { code, stdout } = await lifeboat(["preview", "--out", "out"], variables);
  expect(code).toBe(3);
  expect(stdout).toContain("lifeboat:guests.web.adopt");
  expect(stdout).toContain("the pulumi CLI is not installed here");
  for (const name of ["lab", "prod"]) {
    const result = readFileSync(join(folder, "out", `${name}.json`), "utf8");
    expect(JSON.parse(result)).toMatchObject({ stack: name, outcome: "failed" });
    expect(result).not.toContain("not-a-secret");
  }
});

test("the comment is made, then changed, with the run's token in the header only [M1]", async () => {
  expect(await lifeboat(commentWords, workflow())).toMatchObject({ code: 0 });
  const second = await lifeboat([...commentWords, "--json"], workflow());
  expect([second.code, JSON.parse(second.stdout)]).toEqual([0, { message_type: "result", comment: "updated" }]);
  expect(github.comments).toHaveLength(1);
  const [{ body } = { body: "" }] = github.comments;
  expect(body).toContain("lifeboat:guests.web.adopt");
  expect(body).toContain("[run](https://github.example/o/r/actions/runs/4711)");
  expect(body + second.stdout + second.stderr).not.toContain(token);
});

test("a dry run prints it and sends nothing [M1]", async () => {
  const before = github.requests.length;
  const { code, stdout } = await lifeboat([...commentWords, "--dry-run"], { ...workflow(), GITHUB_TOKEN: "" });
  expect([code, github.requests.length]).toEqual([0, before]);
  expect(stdout).toContain("### `prod` cannot be previewed");
});

test.each<[string, readonly string[], Record<string, string>, string]>([
  ["no token", commentWords, { GITHUB_TOKEN: "" }, "GITHUB_TOKEN is not set"],
  ["another repository's form", commentWords, { GITHUB_REPOSITORY: "o/r/../x" }, "GITHUB_REPOSITORY is not set"],
  ["a stack that leads elsewhere", commentWords.with(5, "../etc/passwd"), {}, "stacks.0"],
  ["a commit that is none", commentWords.with(7, "main"), {}, "commit"],
  ["no pull request", commentWords.slice(0, -2), {}, "--pull-request"],
  ["--list with more", ["preview", "--list", "--out", "x"], {}, "--list goes with nothing else"],
  ["an environment that is not there", ["preview", "production"], {}, "there is no environment 'production'"],
])("%s: 2, and nothing is sent [M1]", async (_what, words, variables, message) => {
  const before = github.requests.length;
  mkdirSync(join(folder, "bin"), { recursive: true });
  const { code, stderr } = await lifeboat(words, { ...workflow(), ...variables });
  expect([code, github.requests.length]).toEqual([2, before]);
  expect(stderr).toContain(message);
});

test("GitHub does not allow it: 14 with what is needed; the pull request has a newer commit: nothing [M1]", async () => {
  github.faults.push(403);
  const refused = await lifeboat(commentWords, workflow());
  expect(refused.code).toBe(14);
  expect(refused.stderr).toContain("Unable to comment on pull request 7: GET pulls/7: 403");
  expect(refused.stderr).toContain("HINT: the token needs `pull-requests: write`");
  expect(refused.stderr).not.toContain(token);
  github.head = "b".repeat(40);
  const outdated = await lifeboat(commentWords, workflow());
  expect(outdated).toMatchObject({ code: 0 });
  expect(outdated.stderr).toContain("newer commit");
});
