import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { spawnSync } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { isRunning } from "../../../scripts/machine/processes";
import { runIn } from "../../mutants/children";
import { whyNotApplicable } from "../../mutants/mutant";
import { ScratchTree } from "../../mutants/scratch-tree";
import { mutants } from "../../mutants/table";

const project = resolve(__dirname, "../../..");

describe("the table of small wrong changes", () => {
  test("has a name of its own for each, and changes what the product is made of only", () => {
    expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
    const folders = new Set(mutants.map(({ file }) => file.split("/")[0]));
    expect([...folders].sort()).toEqual(["components", "proxmox", "scripts", "site", "stacks"]);
  });

  test("fits the code as it is", () => {
    const broken = mutants.flatMap((mutant) => {
      const why = whyNotApplicable(readFileSync(join(project, mutant.file), "utf8"), mutant);
      return why === undefined ? [] : [`${mutant.name}: ${why}`];
    });
    expect(broken).toEqual([]);
  });

  test("names a test of this project for each", () => {
    const missing = mutants.filter(({ killedBy }) => !existsSync(join(project, killedBy.file)));
    expect(missing).toEqual([]);
  });
});

test.each([
  [undefined, "the file is not there"],
  ["a = 2;", "the text is not there"],
  ["a = 1; a = 1;", "the text is there 2 times"],
  ["a = 1;", undefined],
])("a change to %j: %j", (source, why) => {
  expect(whyNotApplicable(source, { from: "a = 1", to: "a = 3" })).toBe(why);
});

describe("a scratch copy of the tree", () => {
  let folder: string;
  let tree: ScratchTree;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "lifeboat-scratch-"));
    spawnSync("git", ["init", "--quiet"], { cwd: folder });
    writeFileSync(join(folder, "code.ts"), "right");
    writeFileSync(join(folder, ".gitignore"), "node_modules\n");
    spawnSync("mkdir", ["-p", "node_modules/package", "node_modules/.cache"], { cwd: folder });
    tree = ScratchTree.of(folder);
  });

  afterEach(() => {
    tree.remove();
    rmSync(folder, { recursive: true });
  });

  test("has what is not committed, packages, and nothing that was built; what is broken in it is broken there only", () => {
    tree.write("code.ts", "wrong");
    expect([tree.read("code.ts"), readFileSync(join(folder, "code.ts"), "utf8")]).toEqual(["wrong", "right"]);
    const packages = ["package", ".cache"].map((name) => existsSync(join(tree.folder, "node_modules", name)));
    expect(packages).toEqual([true, false]);
    tree.remove();
    expect([existsSync(tree.base), existsSync(join(folder, "node_modules", "package"))]).toEqual([false, true]);
  });

  test("has nothing at work in it when a run there has ended, not even what left its group", async () => {
    const program = `
      const { spawn } = require("node:child_process");
      const child = spawn("sleep", ["600"], { detached: true, stdio: "ignore" });
      child.unref();
      console.log(child.pid);`;
    const { code, output } = await runIn(tree, ["-e", program], 60);
    expect(code).toBe(0);
    for (let look = 0; look < 500 && isRunning(Number(output)); look += 1) await pause(20);
    expect(isRunning(Number(output))).toBe(false);
  });

  test("ends what does not end", async () => {
    expect(await runIn(tree, ["-e", "setInterval(() => {}, 1000)"], 1)).toMatchObject({ code: null, hung: true });
  });
});
