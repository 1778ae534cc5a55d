import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { randomUUID } from "node:crypto";
import { Cache } from "./cache";
import { linkOrCopy } from "./files";
import { parts as allParts } from "./parts";
import type { Part, Platform } from "./parts/part";
import { originFile, pluginFolder } from "./plugin-folder";
import { readSettings } from "./settings";
import { Sums } from "./sums";
import { binFolder, readList, type ListedPart } from "./toolchain-folder";

/**
 * The toolchain for those who use it. Nothing here starts a process or waits: what `npm run toolchain` left behind is
 * looked up, and files are linked.
 *
 *     const toolchain = findToolchain(process.env);
 *     if (!toolchain) throw …                                  // HINT: npm run toolchain
 *     installPlugins(toolchain, pulumiHome);                   // a PULUMI_HOME of one's own; cheap to repeat
 *     environment.PATH = `${toolchain.binFolder}:${process.env.PATH}`;
 *     environment.PULUMI_HOME = pulumiHome;
 *
 * What may not import this module uses `npm run -s toolchain -- --print-path` and `--install-plugins PULUMI_HOME`.
 */
export interface InstalledToolchain {
  /** To be put on PATH first: `pulumi` and the language host. */
  readonly binFolder: string;
  readonly parts: readonly ListedPart[];
  readonly plugins: readonly InstalledPlugin[];
}

export interface InstalledPlugin extends ListedPart {
  /** One file that is complete by itself, also right for `pulumi plugin install resource NAME VERSION -f FILE`. */
  readonly program: string;
}

export function thisPlatform(): Platform {
  return { system: process.platform, architecture: process.arch };
}

/** The toolchain of these pins, or undefined where `npm run toolchain` has not completed it or a part has vanished. */
export function findToolchain(
  environment: Readonly<Record<string, string | undefined>>,
  parts: readonly Part[] = allParts,
): InstalledToolchain | undefined {
  const platform = thisPlatform();
  const settings = readSettings(environment);
  const place = { parts, platform, cache: new Cache(settings.cacheFolder, platform, Sums.read(settings)) };
  const listed = readList(place);
  if (!listed || !listed.every((part) => existsSync(part.program))) {
    return undefined;
  }
  return { binFolder: binFolder(place), parts: listed, plugins: listed.filter((part) => part.kind === "plugin") };
}

/**
 * Puts the plugins into a PULUMI_HOME, so that Pulumi's engine finds them and downloads nothing. A plugin that is there
 * already, in the same version and of the same origin, stays.
 */
export function installPlugins(toolchain: InstalledToolchain, pulumiHome: string): void {
  for (const plugin of toolchain.plugins) {
    installPlugin(plugin, pulumiHome);
  }
}

function installPlugin(plugin: InstalledPlugin, pulumiHome: string): void {
  const folder = pluginFolder(pulumiHome, plugin);
  // An installed copy may be the very one in this PULUMI_HOME: it is not ours to replace.
  if (plugin.origin === "already installed" && path.dirname(plugin.program) === folder) {
    return;
  }
  const program = path.join(folder, path.basename(plugin.program));
  const origin = `${JSON.stringify({ origin: plugin.origin, version: plugin.version, program: plugin.program })}\n`;
  if (existsSync(program) && readIfThere(path.join(folder, originFile)) === origin) {
    return;
  }
  const draft = path.join(pulumiHome, `.lifeboat-${randomUUID()}`);
  mkdirSync(draft, { recursive: true });
  linkOrCopy(plugin.program, path.join(draft, path.basename(program)));
  writeFileSync(path.join(draft, originFile), origin);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(path.dirname(folder), { recursive: true });
  renameSync(draft, folder);
}

function readIfThere(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}
