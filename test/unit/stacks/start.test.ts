import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// stacks/start.cjs in a project of its own whose program says one word.
const project = join(__dirname, "../../..");
const built = () => join(folder, "dist", "program.cjs");
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-start-"));
  const rooms = ["stacks", "components", "site", "proxmox", "scripts/clients", "scripts/machine"];
  for (const name of rooms) mkdirSync(join(folder, name), { recursive: true });
  for (const name of ["start.cjs", "build.cjs", "load-pulumi.cjs"])
    cpSync(join(project, "stacks", name), join(folder, "stacks", name));
  writeFileSync(join(folder, "package-lock.json"), "{}");
  symlinkSync(join(project, "node_modules"), join(folder, "node_modules"));
  source("stacks/index.ts", 'import { word } from "../site/word";\nexport const said: string = word;\n');
  source("site/word.ts", 'export const word = "first";\n');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function source(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

function run() {
  return spawnSync(process.execPath, ["-p", 'require("./stacks/start.cjs").said'], { cwd: folder, encoding: "utf8" });
}

test("the program is built once, and again when a source is newer", () => {
  expect(run().stdout).toBe("first\n");
  const { ino } = statSync(built());
  expect(run().stdout).toBe("first\n");
  expect(statSync(built()).ino).toBe(ino);
  source("site/word.ts", 'export const word = "second";\n');
  expect(run().stdout).toBe("second\n");
});

test("a program that cannot be built is not run as it was before", () => {
  run();
  source("site/word.ts", "export const word = ;\n");
  const { status, stderr } = run();
  expect(status).not.toBe(0);
  expect(stderr).toContain(`Unable to build the program into ${built()}`);
  expect(stderr).toContain("HINT: `npm ci` in");
  expect(readdirSync(join(folder, "dist"))).toEqual(["program.cjs"]);
});

test("Pulumi is loaded without TypeScript, which is there for whom it needs", () => {
  const script = `
    const pulumi = require("./stacks/load-pulumi.cjs");
    const loaded = () => Object.keys(require.cache).filter((file) => /typescript\\.js$|arborist/.test(file)).length > 0;
    const before = loaded();
    pulumi.runtime.serializeFunction(() => require("node:os").hostname()).then(({ text }) =>
      console.log(JSON.stringify([before, text.includes("hostname()"), loaded()])));`;
  expect(execFileSync(process.execPath, ["-e", script], { cwd: folder, encoding: "utf8" })).toBe("[false,true,true]\n");
});
