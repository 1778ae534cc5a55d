import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A copy of the working tree, with what is not committed yet, in which anything may be broken. */
export class ScratchTree {
  /** Everything of it is below this, also what tests leave. */
  readonly base = mkdtempSync(join(tmpdir(), "lifeboat-mutants-"));
  readonly folder = join(this.base, "tree");
  /** For temporary files. */
  readonly temporary = join(this.base, "tmp");

  private constructor() {}

  /** @param project the working tree: it is only read. */
  static of(project: string): ScratchTree {
    const tree = new ScratchTree();
    mkdirSync(tree.temporary);
    for (const path of filesOf(project)) {
      if (!existsSync(join(project, path))) continue;
      mkdirSync(dirname(join(tree.folder, path)), { recursive: true });
      cpSync(join(project, path), join(tree.folder, path), { verbatimSymlinks: true });
    }
    tree.linkPackages(join(project, "node_modules"));
    return tree;
  }

  /** Packages are the project's; what is built and kept beside them is the tree's own. */
  private linkPackages(packages: string): void {
    const own = join(this.folder, "node_modules");
    mkdirSync(own);
    for (const name of readdirSync(packages)) if (name !== ".cache") symlinkSync(join(packages, name), join(own, name));
  }

  /** Text of a file; undefined where there is none. */
  read(path: string): string | undefined {
    const file = join(this.folder, path);
    return existsSync(file) ? readFileSync(file, "utf8") : undefined;
  }

  write(path: string, text: string): void {
    writeFileSync(join(this.folder, path), text);
  }

  remove(): void {
    rmSync(this.base, { recursive: true, force: true });
  }
}

/** What git knows of, or would. */
function filesOf(project: string): string[] {
  const list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const { status, stdout, stderr } = spawnSync("git", list, { cwd: project, encoding: "utf8", maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(`Unable to list the files of ${project}: ${stderr}`);
  return [...new Set(stdout.split("\0"))].filter((path) => path !== "");
}
