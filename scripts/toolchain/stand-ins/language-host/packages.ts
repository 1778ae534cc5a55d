import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import path from "node:path";

/** An npm package that comes with a resource plugin. */
export interface ResourcePackage {
  /** Name of the plugin. */
  readonly name: string;
  readonly version: string;
  /** Where the plugin is downloaded from; empty for Pulumi's own place. */
  readonly server: string;
}

/**
 * Every package in a node_modules at any depth below the program's folder that says it needs a resource plugin. Links are
 * followed, policy packs are not entered, and folders above the program's are not looked at.
 */
export function findResourcePackages(programFolder: string): ResourcePackage[] {
  const found = new Map<string, ResourcePackage>();
  for (const folder of packageFolders(programFolder, false, new Set())) {
    const manifest = readManifest(folder);
    const pulumi = record(manifest["pulumi"]);
    const name = text(pulumi["name"]) || ownName(text(manifest["name"]));
    const version = text(pulumi["version"]) || text(manifest["version"]);
    if (pulumi["resource"] === true && name !== "" && version !== "") {
      found.set(`${name} ${version}`, { name, version, server: text(pulumi["server"]) });
    }
  }
  return [...found.values()];
}

/** What the program's package.json depends on, in the versions that are installed. @throws Error where it has none. */
export function findDependencies(programFolder: string): { name: string; version: string }[] {
  if (!existsSync(path.join(programFolder, "package.json"))) {
    const files = ["yarn.lock", "package-lock.json"].map((name) => path.join(programFolder, name));
    throw new Error(`could not find either ${files.join(" or ")}`);
  }
  const manifest = readManifest(programFolder);
  const names = Object.keys({ ...record(manifest["dependencies"]), ...record(manifest["devDependencies"]) });
  const versionOf = (name: string) => text(readManifest(path.join(programFolder, "node_modules", name))["version"]);
  return names.map((name) => ({ name, version: versionOf(name) }));
}

/** Only Pulumi's own packages may leave the plugin's name to that of the package. */
function ownName(name: string): string {
  return name.startsWith("@pulumi/") ? name.slice("@pulumi/".length) : "";
}

function* packageFolders(folder: string, inNodeModules: boolean, visited: Set<string>): Generator<string> {
  if (!existsSync(folder)) {
    return;
  }
  const real = realpathSync(folder);
  const names = visited.has(real) ? [] : readdirSync(real);
  visited.add(real);
  if (inNodeModules && names.includes("package.json")) {
    yield real;
  }
  for (const name of names) {
    const inner = path.join(real, name);
    if (statSync(inner, { throwIfNoEntry: false })?.isDirectory() && !isPolicyPack(inner)) {
      yield* packageFolders(inner, inNodeModules || path.basename(real) === "node_modules", visited);
    }
  }
}

function isPolicyPack(folder: string): boolean {
  return ["PulumiPolicy.yaml", "PulumiPolicy.yml"].some((name) => existsSync(path.join(folder, name)));
}

function readManifest(folder: string): Record<string, unknown> {
  const file = path.join(folder, "package.json");
  return existsSync(file) ? record(JSON.parse(readFileSync(file, "utf8"))) : {};
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
