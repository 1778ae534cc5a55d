import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { runCommandLine } from "../../../../scripts/toolchain/command-line";
import { findToolchain } from "../../../../scripts/toolchain/installed";
import type { Part } from "../../../../scripts/toolchain/parts/part";
import { MemoryScreen, removeScratchFolders, scratchFolder } from "./scratch";

/** Bundled, which takes no Go and no network, and prints this version for --version. */
const artifact: Part = {
  name: "server",
  version: "1.2.1",
  kind: "artifact",
  executable: "served",
  standIn: { entryPoint: "command/main.ts" },
  versionCheck: { arguments: ["--version"], output: "1.2.1" },
};
const second: Part = { ...artifact, name: "second", executable: "second" };
const seldom: Part = {
  ...artifact,
  name: "seldom",
  executable: "seldom",
  onRequest: true,
  notice: "It is old, and never shipped.",
};
const tool: Part = { ...artifact, name: "tool", kind: "tool", executable: "tool" };

let folder: string;
let screen: MemoryScreen;
let printed: string;

beforeEach(() => {
  folder = scratchFolder();
  screen = new MemoryScreen();
  printed = "";
});

afterEach(removeScratchFolders);

const environment = (mode = "build") => ({ XDG_CACHE_HOME: folder, PATH: "/usr/bin:/bin", LIFEBOAT_TOOLCHAIN: mode });

function run(words: string[], mode?: string): Promise<number> {
  printed = "";
  const console = { environment: environment(mode), out: (text: string) => (printed += text), screen };
  return runCommandLine(words, console, [tool], [artifact, second, seldom]);
}

test("an artifact that is named is obtained alone, and its place is all that is printed", async () => {
  expect(await run(["--artifact", "server"])).toBe(0);
  expect(execFileSync(printed.trim(), ["--version"], { encoding: "utf8" }).trim()).toBe("1.2.1");
  expect(await run(["--check"])).toBe(3);
  expect(await run(["--check", "--artifact", "server"])).toBe(0);
  expect(await run(["--check", "--artifact", "second", "--json"])).toBe(3);
  expect(JSON.parse(printed)).toMatchObject({ complete: false, parts: [{ part: "second", path: null }] });
  expect(findToolchain(environment(), [tool])).toBeUndefined();
});

test("an artifact is put into a folder with a sum that sha256sum accepts", async () => {
  const target = path.join(folder, "made", "for it");
  expect(await run(["--artifact", "server", "--artifact", "second", "--to", target])).toBe(0);
  const files = ["served.1.2.1", "second.1.2.1"].map((name) => path.join(target, name));
  expect(printed).toBe(`${files.join("\n")}\n`);
  expect(readdirSync(target)).toHaveLength(4);
  for (const file of files) {
    expect(statSync(file).mode & 0o777).toBe(0o755);
    const checked = execFileSync("sha256sum", ["-c", `${file}.sha256`], { cwd: target, encoding: "utf8" });
    expect(checked).toBe(`${path.basename(file)}: OK\n`);
  }
});

test("the toolchain and its artifacts are obtained in one run, and the toolchain does not lead to artifacts", async () => {
  expect(await run(["--all"])).toBe(0);
  expect(await run(["--check", "--all"])).toBe(0);
  const toolchain = findToolchain(environment(), [tool]);
  expect(toolchain?.parts.map((part) => part.name)).toEqual(["tool"]);
  expect(readdirSync(toolchain?.binFolder ?? "")).toEqual(["tool"]);
});

test("an artifact that is built for long is obtained when it is named alone, and says what one has to know of it", async () => {
  expect(await run(["--all"])).toBe(0);
  expect(await run(["--check", "--all"])).toBe(0);
  expect(await run(["--check", "--artifact", "seldom"])).toBe(3);
  expect(screen.text).not.toContain("never shipped");
  expect(await run(["--artifact", "seldom"])).toBe(0);
  expect(screen.text).toContain("seldom: It is old, and never shipped.");
});

test("a toolchain that is there is no other one because artifacts come to it", async () => {
  await run([]);
  await run(["--print-path"]);
  const before = printed;
  await run(["--all"]);
  await run(["--print-path"]);
  expect(printed).toBe(before);
  expect(existsSync(path.join(printed.trim(), "tool"))).toBe(true);
});

test("an artifact that nobody publishes is not had by download, and the message says so", async () => {
  expect(await run(["--artifact", "server"], "official")).toBe(1);
  expect(screen.text).toContain("Unable to obtain server 1.2.1: official: there is no such way to it");
  expect(printed).toBe("");
});

test.each([
  [["--artifact", "serve"], "There is no artifact serve; there are server, second, seldom"],
  [["--to", "/srv"], "do not go together"],
  [["--artifact", "server", "--to", ""], "do not go together"],
  [["--artifact", "server", "--all"], "do not go together"],
  [["--artifact", "server", "--print-path"], "do not go together"],
  [["--artifact", "server", "--check", "--to", "/srv"], "do not go together"],
])("%j is a mistake of usage", async (words, reason) => {
  expect(await run(words)).toBe(2);
  expect(screen.text).toContain(reason);
  expect(screen.text).toContain("HINT: npm run toolchain -- --help");
});

test("what is in the cache does not change when the copy in the folder does", async () => {
  await run(["--artifact", "server"]);
  const program = printed.trim();
  await run(["--artifact", "server", "--to", path.join(folder, "to")]);
  expect(statSync(printed.trim()).ino).not.toBe(statSync(program).ino);
  expect(readFileSync(printed.trim())).toEqual(readFileSync(program));
});
