import { mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { run } from "../../sandbox/machine/child-process";
import { builtOnce } from "../../sandbox/setup/images/built-once";
import { requirePackages } from "../../sandbox/setup/prerequisites";
import { databaseTemplate } from "../../sandbox/setup/template";

/** A root tree of a Debian with databases, which nobody writes to. */
export interface DatabaseTree {
  readonly folder: string;
  /** An empty folder on which guests mount theirs, each in a mount namespace of its own. */
  readonly stage: string;
}

/**
 * The files of the sandbox's template with databases, unpacked in the user's cache: what guests lie over. Both are made the first
 * time, which takes minutes and Debian's package mirror.
 *
 * @param say receives a line before each part that takes time
 */
export async function databaseTree(say: (line: string) => void): Promise<DatabaseTree> {
  await requirePackages("real", say);
  const template = await databaseTemplate(say);
  const build = async (folder: string): Promise<void> => {
    mkdirSync(folder);
    const owners = ["--numeric-owner", "--same-owner", "--preserve-permissions", "--xattrs", "--xattrs-include=*"];
    await run("tar", ["--extract", "--zstd", "--file", template, "--directory", folder, ...owners]);
  };
  // The folder of the template is named by its recipe.
  const recipe = basename(dirname(template));
  const folder = await builtOnce({ kind: "trees", name: "databases", recipe, build }, () =>
    say("Unpacking the template with databases (seconds, once)"),
  );
  const stage = join(dirname(folder), "stage");
  mkdirSync(stage, { recursive: true });
  return { folder, stage };
}
