import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

// A project of two sources, which `scripts/run.cjs` runs. That a run was built before shows when that file is another program.
const checkout = resolve(__dirname, "../../..");
let parent: string;
let project: string;
const built = () => join(project, "dist/run/tools-main.cjs");

beforeEach(() => {
  parent = realpathSync(mkdtempSync(join(tmpdir(), "lifeboat-run-")));
  project = join(parent, "project");
  put("package.json", '{ "devDependencies": { "esbuild": "0" } }');
  put("node_modules/.package-lock.json", "{}");
  symlinkSync(join(checkout, "node_modules/esbuild"), join(project, "node_modules/esbuild"));
  put("tools/main.ts", 'import { word } from "./word";\nconsole.log(word, __dirname, process.argv.slice(1).join());\n');
  put("tools/word/index.ts", "export const word: string = `one ${__dirname}`;\n");
  mkdirSync(join(project, "scripts"));
  copyFileSync(join(checkout, "scripts/run.cjs"), join(project, "scripts/run.cjs"));
  // Whatever is as old as the project itself is not taken for a change during the build.
  for (const name of ["tools/main.ts", "tools/word/index.ts", "tools/word", "tools"]) age(name, 60);
  for (const name of ["scripts/run.cjs", "package.json", "node_modules/.package-lock.json"]) age(name, 60);
});

afterEach(() => rmSync(parent, { recursive: true, force: true }));

function put(name: string, text: string): void {
  mkdirSync(dirname(join(project, name)), { recursive: true });
  writeFileSync(join(project, name), text);
}

function age(name: string, seconds: number): void {
  const time = Date.now() / 1000 - seconds;
  utimesSync(join(project, name), time, time);
}

function run(...words: string[]) {
  const argv = [join(project, "scripts/run.cjs"), "tools/main.ts", ...words];
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, {
    cwd: project,
    encoding: "utf8",
    timeout: 20_000,
  });
  return { status, stdout, stderr };
}

const printed = (word: string): object => ({
  status: 0,
  stdout: `${word} ${join(project, "tools/word")} ${join(project, "tools")} ${join(project, "tools/main.ts")}\n`,
  stderr: "",
});

/** Leaves another program where the built one was. */
function plant(): void {
  const [line = ""] = readFileSync(built(), "utf8").split("\n", 1);
  writeFileSync(built(), `${line}\nconsole.log("built before");\n`);
}

const before = { status: 0, stdout: "built before\n", stderr: "" };

test("a program runs with its words, and every source finds its own folder", () => {
  expect(run("up", "--all")).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^one \S+\/tools\/word \S+\/tools \S+\/tools\/main\.ts,up,--all\n$/u),
  });
});

test("the next run takes what was built", () => {
  expect(run()).toEqual(printed("one"));
  plant();
  expect([run(), run()]).toEqual([before, before]);
});

test.each([
  ["a source is written to", "two", () => put("tools/word/index.ts", "export const word = `two ${__dirname}`;")],
  [
    "a source is replaced by an older one",
    "old",
    () => {
      put("old", "export const word = `old ${__dirname}`;");
      age("old", 3600);
      renameSync(join(project, "old"), join(project, "tools/word/index.ts"));
    },
  ],
  [
    "a new source comes before one that was found",
    "new",
    () => put("tools/word.ts", "export const word = `new ${__dirname}/word`;"),
  ],
  ["other packages are installed", "one", () => put("node_modules/.package-lock.json", '{ "packages": {} }')],
  ["the project is copied with what was built", "one", () => copyProject()],
])("%s: it is built again", (_, word, change) => {
  run();
  plant();
  expect(run()).toEqual(before);
  change();
  expect(run()).toEqual(printed(word));
});

/** The other one stays. */
function copyProject(): void {
  const copy = `${project}-copy`;
  spawnSync("cp", ["-a", project, copy]);
  project = copy;
}

test("a source that is being written to while it is built: built again the next time", () => {
  const soon = Date.now() / 1000 + 3600;
  utimesSync(join(project, "tools/main.ts"), soon, soon);
  run();
  plant();
  expect(run()).toEqual(printed("one"));
});

test("a source with a mistake is named, and nothing runs", () => {
  run();
  put("tools/word/index.ts", "export const word = ;");
  expect(run()).toMatchObject({ status: 1, stdout: "", stderr: expect.stringContaining("tools/word/index.ts:1:20") });
  rmSync(join(project, "tools/word/index.ts"));
  expect(run()).toMatchObject({ status: 1, stdout: "", stderr: expect.stringContaining("./word") });
});

test("a program that throws ends with its own error, and one that sets an exit code with that", () => {
  put("tools/main.ts", "process.exitCode = 7;");
  expect(run()).toEqual({ status: 7, stdout: "", stderr: "" });
  put("tools/main.ts", 'throw new AggregateError([], "out of luck");');
  expect(run()).toMatchObject({ status: 1, stderr: expect.stringContaining("out of luck") });
});

/** Goes on until it has no child, or the test ends it. */
const waiting = `
import { readFileSync } from "node:fs";
const children = "/proc/self/task/" + process.pid + "/children";
const timer = setInterval(() => readFileSync(children, "utf8").trim() === "" && clearInterval(timer), 20);`;

test("nothing of the build stays beside a program that goes on", () => {
  put("tools/main.ts", waiting);
  expect(run()).toEqual({ status: 0, stdout: "", stderr: "" });
});

test("where nothing can be written it runs all the same", () => {
  put("dist", "no folder");
  expect([run(), run()]).toEqual([printed("one"), printed("one")]);
});
