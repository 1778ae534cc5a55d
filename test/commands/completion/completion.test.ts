import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { talkTo } from "../../support/conversation";
import { fish, mandoc, zsh } from "../../support/debian-program";
import { bundle } from "../support/run-bundle";
import { ProjectSite, siteFolder } from "../support/site/project-site";

const site = new ProjectSite(siteFolder("completion"), { name: "site", endpoint: () => "https://192.0.2.1:8006" });
const bin = join(site.folder, "bin");
const env = { ...site.env, PATH: `${bin}:${site.env["PATH"] ?? ""}`, PS1: "ready " };
const shells = { zsh: zsh(), fish: fish() };

const settingsOf = (guests: string): string => `config:\n  lifeboat:guests:\n${guests}`;

beforeAll(() => {
  mkdirSync(bin);
  symlinkSync(bundle, join(bin, "lifeboat"));
  site.write("Pulumi.prod.yaml", settingsOf("    web: { adopt: 101 }\n    db: { adopt: 102 }\n"));
  site.write("Pulumi.lab.yaml", settingsOf("    db: { adopt: 201 }\n    old-one: { adopt: 202 }\n"));
  site.write("Pulumi.torn.yaml", "config: [");
});

afterAll(() => site.stop());

/** What a shell is told at the end of a line. */
async function told(line: readonly string[], shell = "bash"): Promise<string[]> {
  const { code, stdout, stderr } = await site.lifeboat(["completion", shell, "--", ...line]);
  expect([code, stderr]).toEqual([0, ""]);
  return stdout.split("\n").slice(0, -1);
}

test.each([
  ["the first word", ["rest"], ["restore"]],
  ["a word of several commands", ["restore", "s"], ["snapshot", "state"]],
  [
    "a command that is also a word of others",
    ["backup", ""],
    ["data", "bucket", "snapshot", "snapshots", "state", "lab/db", "old-one", "web", "prod/db"],
  ],
  [
    "guests, those of one name with their environment",
    ["restore", "guest", "web", ""],
    ["lab/db", "old-one", "web", "prod/db"],
  ],
  ["guests of an environment that was begun", ["restore", "guest", "lab/"], ["lab/db", "lab/old-one"]],
  ["environments", ["status", ""], ["lab", "prod", "torn"]],
  ["an environment in place of a guest", ["backup", "--all", "p"], ["prod"]],
  ["an option", ["restore", "guest", "web", "--target"], ["--target-id"]],
  ["an option of every command, anywhere", ["--j"], ["--json"]],
  ["the value of an option", ["drill", "--env", "l"], ["lab"]],
  ["the same as zsh and fish have it", ["drill", "--env=l"], ["--env=lab"]],
  ["the same as bash takes it apart", ["drill", "--env", "=", "l"], ["lab"]],
  ["behind an option with a value", ["drill", "--env", "lab", "web", "o"], ["old-one"]],
  ["a path", ["init", "--ca", ""], [":files"]],
  ["what nobody knows", ["backups", "web", "x"], []],
  ["another project", ["--project", "/nowhere", "status", ""], []],
])("%s from the settings alone, of which one file is torn [K2]", async (_, line, words) => {
  expect(await told(line)).toEqual(words);
});

test("what is no name is completed nowhere: bash would put it into the line as it is [K2]", async () => {
  const names = [
    "$(touch${IFS}run)",
    "`id`",
    "a b",
    "web;id",
    "-oProxy",
    "../up",
    "new\nline",
    "red\u001b[31m",
    "q'uote",
  ];
  const guests = Object.fromEntries([...names, "fine"].map((name, index) => [name, { adopt: 400 + index }]));
  site.write("Pulumi.evil.yaml", JSON.stringify({ config: { "lifeboat:guests": guests } }));
  const shown = await told(["backups", "evil/"]);
  rmSync(join(site.project, "Pulumi.evil.yaml"));
  expect(shown).toEqual(["evil/fine"]);
});

test("scripts get the same as JSON, also of a line that has --json itself [K2]", async () => {
  const { stdout } = await site.lifeboat(["completion", "fish", "--json", "--", "status", "--json", "p"]);
  expect(JSON.parse(stdout)).toEqual({
    message_type: "result",
    shell: "fish",
    words: [{ word: "prod", meaning: "environment" }],
    files: false,
  });
  const script = await site.lifeboat(["completion", "bash", "--json"]);
  expect(JSON.parse(script.stdout).script).toContain("complete -F _lifeboat lifeboat");
  const unknown = await site.lifeboat(["completion", "tcsh"]);
  expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining("bash, zsh or fish is expected")]);
});

/** Types the beginning of a name and the tabulator key, and waits for the rest of it. */
async function pressTab(command: string, first: string, more: Readonly<Record<string, string>> = {}): Promise<void> {
  const { unasked, shown } = await talkTo({ command, cwd: site.project, env: { ...env, ...more }, silence: 20_000 }, [
    ["ready ", `${first}\r`],
    ["ready ", "lifeboat restore guest old\t"],
    ["guest old-one", "\u0015lifeboat init --ca Pulumi.to\t"],
    ["--ca Pulumi.torn.yaml", "\u0015exit\r"],
  ]);
  expect({ unasked, shown }).toEqual({ unasked: [], shown: expect.any(String) });
}

test("bash completes commands, guests and paths at the tabulator key [K2]", async () => {
  await pressTab("bash --norc", "source <(lifeboat completion bash)");
});

(shells.zsh === undefined ? describe.skip : describe)("zsh, of Debian's packages", () => {
  test("completes commands, guests and paths at the tabulator key [K2]", async () => {
    const root = shells.zsh ?? "";
    const [modules = ""] = readdirSync(join(root, "usr/lib"), { recursive: true, encoding: "utf8" }).filter((path) =>
      /\/zsh\/[\d.]+$/u.test(path),
    );
    const functions = readdirSync(join(root, "usr/share/zsh/functions"), { recursive: true, withFileTypes: true });
    const folders = functions.filter((one) => one.isDirectory()).map(({ parentPath, name }) => join(parentPath, name));
    writeFileSync(
      join(site.folder, ".zshenv"),
      `module_path=(${join(root, "usr/lib", modules)})\nfpath=(${folders.join(" ")})\n`,
    );
    writeFileSync(join(site.folder, ".zshrc"), "PS1='ready '\nautoload -Uz compinit\ncompinit -u -D\n");
    const more = { ZDOTDIR: site.folder };
    await pressTab(join(root, "bin/zsh"), "source <(lifeboat completion zsh)", more);
  });
});

(shells.fish === undefined ? describe.skip : describe)("fish, of Debian's packages", () => {
  test("completes commands and guests, with what they are [K2]", () => {
    const root = shells.fish ?? "";
    const [library = ""] = readdirSync(join(root, "usr/lib"));
    const ask = (line: string): string[] => {
      const words = ["--no-config", "-c", `lifeboat completion fish | source; complete -C '${line}'`];
      const more = { LD_LIBRARY_PATH: join(root, "usr/lib", library) };
      const { stdout } = spawnSync(join(root, "usr/bin/fish"), words, { encoding: "utf8", env: { ...env, ...more } });
      return stdout.trimEnd().split("\n");
    };
    expect(ask("lifeboat restore guest old")).toEqual(["old-one\tguest of lab"]);
    expect(ask("lifeboat restore guest ")).toHaveLength(4);
    expect(ask("lifeboat restor")).toEqual([expect.stringMatching(/^restore\tguest, database, /u)]);
  });
});

const page = resolve(__dirname, "../../../docs/reference/lifeboat.1");

const linter = mandoc();

/** They differ in what they forgive. */
const readers: readonly (readonly [string, string, ...string[]])[] = [
  ["groff", "groff", "-man", "-Tutf8", "-ww", "-z", page],
  ["man", "man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page],
  ["mandoc", linter ?? "mandoc", "-T", "lint", "-W", "warning", page],
];

describe.each(readers)("%s", (_, program, ...words) => {
  // Of mandoc only Debian's package, without a version to be asked for, is used.
  const isThere = program === linter || spawnSync(program, ["--version"]).status === 0;
  (isThere ? describe : describe.skip)("where it is", () => {
    test("has nothing to say against the manual page [K2]", () => {
      const { status, stdout, stderr } = spawnSync(program, words, { encoding: "utf8" });
      const said = program === linter ? stdout : stderr;
      expect([status, said]).toEqual([0, ""]);
    });
  });
});
