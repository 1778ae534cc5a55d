import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";

/** An npm package that comes with a resource plugin. */
export interface ResourcePackage {
  /** Name of the plugin. */
  readonly name: string;
  readonly version: string;
  /** Where the plugin is downloaded from; empty for Pulumi's own place. */
  readonly server: string;
}

/** Every package below the program's node_modules, nested ones too, that says it needs a resource plugin. */
export function findResourcePackages(programFolder: string): ResourcePackage[] {
  const found = new Map<string, ResourcePackage>();
  const modules = nearest(programFolder, "node_modules");
  for (const folder of modules === undefined ? [] : packageFolders(modules)) {
    const manifest = readManifest(folder);
    const pulumi = record(manifest["pulumi"]);
    if (pulumi["resource"] === true) {
      const name = text(pulumi["name"]) || text(manifest["name"]).replace(/^@[^/]+\//, "");
      const version = text(pulumi["version"]) || text(manifest["version"]);
      found.set(`${name} ${version}`, { name, version, server: text(pulumi["server"]) });
    }
  }
  return [...found.values()];
}

/** What the program's package.json depends on, in the versions that are installed. */
export function findDependencies(programFolder: string): { name: string; version: string }[] {
  const file = nearest(programFolder, "package.json");
  if (file === undefined) {
    return [];
  }
  const root = path.dirname(file);
  const manifest = readManifest(root);
  const names = Object.keys({ ...record(manifest["dependencies"]), ...record(manifest["devDependencies"]) });
  return names.map((name) => ({ name, version: text(readManifest(path.join(root, "node_modules", name))["version"]) }));
}

function* packageFolders(modules: string): Generator<string> {
  for (const name of readdirSync(modules).filter((name) => !name.startsWith("."))) {
    const folder = path.join(modules, name);
    if (name.startsWith("@")) {
      yield* packageFolders(folder);
    } else if (existsSync(path.join(folder, "package.json"))) {
      yield folder;
      const nested = path.join(folder, "node_modules");
      if (statSync(nested, { throwIfNoEntry: false })?.isDirectory()) {
        yield* packageFolders(nested);
      }
    }
  }
}

function nearest(folder: string, name: string): string | undefined {
  const candidate = path.join(folder, name);
  if (existsSync(candidate)) {
    return candidate;
  }
  const parent = path.dirname(folder);
  return parent === folder ? undefined : nearest(parent, name);
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
