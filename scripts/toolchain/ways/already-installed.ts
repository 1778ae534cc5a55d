import { accessSync, constants, existsSync, realpathSync } from "node:fs";
import path from "node:path";
import type { Cache, Copy } from "../cache";
import type { Part } from "../parts/part";
import { originFile, pluginFolder } from "../plugin-folder";
import type { ToolchainSettings } from "../settings";
import { versionOf } from "./version-check";

/**
 * The copy of a part that somebody else installed on this machine, in a version that is good enough; undefined if there
 * is none. Copies that this toolchain has put somewhere do not count: where they come from is known better.
 */
export async function findInstalled(
  part: Part,
  parts: readonly Part[],
  settings: ToolchainSettings,
  cache: Cache,
): Promise<Copy | undefined> {
  if (part.installed?.on === "plugin folder") {
    return findPlugin(part, settings.pulumiHome);
  }
  if (part.installed?.on !== "path") {
    return undefined;
  }
  const leading = "beside" in part.installed ? named(parts, part.installed.beside) : part;
  const found = await findTool(leading, settings.searchPath, cache);
  if (!found || leading === part) {
    return found;
  }
  const program = path.join(path.dirname(realpathSync(found.program)), part.executable);
  return isExecutable(program) ? { ...found, part, program } : undefined;
}

async function findTool(part: Part, searchPath: readonly string[], cache: Cache): Promise<Copy | undefined> {
  const program = searchPath.map((folder) => path.join(folder, part.executable)).find(isExecutable);
  if (program === undefined || cache.contains(realpathSync(program)) || !part.versionCheck) {
    return undefined;
  }
  const printed = await versionOf(program, part.versionCheck.arguments).catch(() => "");
  const version = printed.replace(/^v/, "");
  return isGoodVersion(version, part.version) ? { part, origin: "already installed", version, program } : undefined;
}

function findPlugin(part: Part, pulumiHome: string): Copy | undefined {
  const folder = pluginFolder(pulumiHome, part);
  const program = path.join(folder, part.executable);
  const isWhole = isExecutable(program) && !existsSync(`${folder}.partial`);
  const isOurs = existsSync(path.join(folder, originFile));
  return isWhole && !isOurs ? { part, origin: "already installed", version: part.version, program } : undefined;
}

/** The same major version, and not older than what the project was tried with. */
function isGoodVersion(found: string, pinned: string): boolean {
  const release = /^(\d+)\.(\d+)\.(\d+)$/;
  const [have, want] = [release.exec(found), release.exec(pinned)];
  if (!have || !want || have[1] !== want[1]) {
    return false;
  }
  const [minor, patch] = [Number(have[2]) - Number(want[2]), Number(have[3]) - Number(want[3])];
  return minor > 0 || (minor === 0 && patch >= 0);
}

function named(parts: readonly Part[], name: string): Part {
  const part = parts.find((part) => part.name === name);
  if (!part) {
    throw new Error(`No part of the toolchain is called ${name}`);
  }
  return part;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
