import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, renameSync, symlinkSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import * as z from "zod";

const project = resolve(__dirname, "../..");

const manifestSchema = z.object({
  dependencies: z.record(z.string(), z.string()).default({}),
  devDependencies: z.record(z.string(), z.string()).default({}),
});

/**
 * Packs what a program of somebody's own installs of this project. The command line is packed as it is, or not at all: others
 * may be running it.
 *
 * @returns the path of npm's file
 */
export function packProject(folder: string): string {
  execFileSync("npm", ["run", "--silent", "build:components"], { cwd: project, stdio: "pipe" });
  const words = ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder];
  const printed = execFileSync("npm", words, { cwd: project, encoding: "utf8", stdio: "pipe" });
  return join(folder, printed.trim().split("\n").at(-1) ?? "");
}

/**
 * Copies the example's program and installs in it what its `package.json` names: this project from the packed file. Packages
 * of others are linked and not fetched: they have the versions that this project has, and no registry is asked.
 */
export function installOwnProgram(folder: string, packed: string): void {
  cpSync(join(project, "examples", "own-program"), folder, { recursive: true });
  const modules = join(folder, "node_modules");
  mkdirSync(modules);
  execFileSync("tar", ["-xzf", packed, "-C", modules]);
  renameSync(join(modules, "package"), join(modules, "lifeboat"));
  const { dependencies, devDependencies } = readManifest(folder);
  const ofPackage = readManifest(join(modules, "lifeboat")).dependencies;
  for (const name of Object.keys({ ...dependencies, ...devDependencies, ...ofPackage })) {
    if (name === "lifeboat") continue;
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(project, "node_modules", name), join(modules, name));
  }
}

function readManifest(folder: string): z.infer<typeof manifestSchema> {
  return manifestSchema.parse(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")));
}
