import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { crc32 } from "node:zlib";

// A start from V8's code cache. A cache that is taken shows itself: it is one of another program of the same length.
const builder = resolve(__dirname, "../../../scripts/bundle.cjs");
const built = mkdtempSync(join(tmpdir(), "lifeboat-cached-"));
const isRoot = process.getuid?.() === 0;
let parent: string;
let cacheHome: string;
let folder: string;
let program: string;
/** The cache of the program that says "evil". */
let evil: Buffer;

beforeAll(() => {
  for (const word of ["good", "evil"]) bundle(`process.stdout.write("${word}");`, join(built, word));
  begin();
  run(join(built, "evil"));
  evil = readFileSync(onlyFile());
});

beforeEach(begin);

function begin(): void {
  parent = mkdtempSync(join(built, "test-"));
  cacheHome = join(parent, "cache");
  folder = join(cacheHome, "lifeboat", "code");
  program = join(parent, "program.cjs");
  copyFileSync(join(built, "good"), program);
}

afterAll(() => rmSync(built, { recursive: true, force: true }));

/** Makes one file of a program, as dist/lifeboat.cjs is made. */
function bundle(source: string, file: string): void {
  writeFileSync(`${file}.ts`, source);
  const { status, stderr } = spawnSync(process.execPath, [builder, file, `${file}.ts`], { encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
}

function run(file = program, env: Record<string, string> = {}, ...options: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...options, file], {
    encoding: "utf8",
    env: { HOME: parent, XDG_CACHE_HOME: cacheHome, ...env },
  });
  return { status, stdout, stderr };
}

const good = { status: 0, stdout: "good", stderr: "" };
const planted = { status: 0, stdout: "evil", stderr: "" };

function onlyFile(): string {
  const names = readdirSync(folder);
  expect(names).toHaveLength(1);
  return join(folder, names[0] ?? "");
}

/** Runs the program, and puts the cache of the other one in the place of its own. */
function plant(): string {
  run();
  writeFileSync(onlyFile(), evil);
  return onlyFile();
}

test("the first start writes a cache that only its user can read, and the next one runs from it", () => {
  plant();
  expect([statSync(folder).mode & 0o777, statSync(onlyFile()).mode & 0o777]).toEqual([0o700, 0o600]);
  expect(run()).toEqual(planted);
});

test("a copy of the program elsewhere, where nobody may write, uses the same cache", () => {
  plant();
  const place = join(parent, "elsewhere");
  mkdirSync(place);
  copyFileSync(program, join(place, "lifeboat"));
  chmodSync(place, 0o500);
  expect(run(join(place, "lifeboat"))).toEqual(planted);
  expect(readdirSync(place)).toEqual(["lifeboat"]);
});

test.each([
  ["a folder in which others can write", () => chmodSync(folder, 0o777)],
  // Nobody but root can give one away.
  ["a folder of another user", () => (isRoot ? chownSync(folder, 12_345, 12_345) : chmodSync(folder, 0o702))],
  ["a folder that a group can write", () => chmodSync(folder, 0o770)],
  ["a file that others can read", (file: string) => chmodSync(file, 0o644)],
  [
    "a link to a folder",
    () => {
      renameSync(folder, join(parent, "other"));
      symlinkSync(join(parent, "other"), folder);
    },
  ],
  [
    "a link to a file",
    (file: string) => {
      renameSync(file, join(parent, "other"));
      symlinkSync(join(parent, "other"), file);
    },
  ],
])("%s: what lies there is not run", (_, tamper) => {
  tamper(plant());
  expect(run()).toEqual(good);
});

test.each([
  ["nothing", (file: string) => truncateSync(file, 0)],
  ["half of it", (file: string) => truncateSync(file, 500)],
  ["a page of zeros", (file: string) => writeFileSync(file, readFileSync(file).fill(0, 100, 200))],
  [
    "what V8 does not know",
    (file: string) => {
      const data = Buffer.from("no cache of any program");
      const sum = Buffer.alloc(4);
      sum.writeUInt32LE(crc32(data));
      writeFileSync(file, Buffer.concat([sum, data]));
    },
  ],
])("a cache with %s in it is passed over in silence, and made anew", (_, damage) => {
  run();
  const whole = readFileSync(onlyFile());
  damage(onlyFile());
  expect(run()).toEqual(good);
  expect(readFileSync(onlyFile()).length).toBe(whole.length);
  expect(run()).toEqual(good);
});

test("another version of the program, other flags of Node: caches of their own, and the oldest go", () => {
  plant();
  expect(run(program, {}, "--stack-size=900")).toEqual(good);
  expect(readdirSync(folder)).toHaveLength(2);
  const next = readFileSync(program, "utf8");
  for (const word of ["next", "newer", "newest", "last"]) {
    writeFileSync(program, next.replace("good", word));
    expect(run()).toEqual({ ...good, stdout: word });
  }
  expect(readdirSync(folder)).toHaveLength(4);
});

test.each([
  ["where no folder can be made", () => ({ XDG_CACHE_HOME: "/proc/self/lifeboat" })],
  ["below a file", () => ({ XDG_CACHE_HOME: program })],
  ["when Node is told to keep none", () => ({ NODE_DISABLE_COMPILE_CACHE: "1" })],
  [
    "in the home of another user",
    () => {
      const other = join(parent, "other");
      mkdirSync(other);
      // Whoever is not root has the whole system for an example.
      if (isRoot) chownSync(other, 12_345, 12_345);
      return { XDG_CACHE_HOME: isRoot ? other : "/" };
    },
  ],
])("%s there is no cache, and the command is as good without", (_, environment) => {
  const env: Record<string, string> = environment();
  expect([run(program, env), run(program, env)]).toEqual([good, good]);
  expect(existsSync(join(env["XDG_CACHE_HOME"] ?? cacheHome, "lifeboat"))).toBe(false);
});

test("a cache folder that is not named is the one in the user's home", () => {
  expect(run(program, { XDG_CACHE_HOME: "" })).toEqual(good);
  expect(readdirSync(join(parent, ".cache", "lifeboat", "code"))).toHaveLength(1);
});

test("from a cache or not: exit code, arguments, and a bug's stack with its place in the file", () => {
  bundle('process.stdout.write(process.argv.slice(1).join());\n/* */ throw new Error("*/ is a bug");', program);
  const runs = [run(), run()];
  expect(runs[0]).toEqual(runs[1]);
  const [, line = "", column = ""] = / at .*program\.cjs:(\d+):(\d+)/u.exec(runs[1]?.stderr ?? "") ?? [];
  const text = readFileSync(program, "utf8").split("\n")[Number(line) - 1] ?? "";
  expect(text.slice(Number(column) - 1)).toMatch(/^new Error\(/u);
  expect(runs[1]).toMatchObject({ status: 1, stdout: program, stderr: expect.stringContaining("*/ is a bug") });
});
