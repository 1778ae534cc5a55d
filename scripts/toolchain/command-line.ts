import { parseArgs } from "node:util";
import { Cache } from "./cache";
import { codeOf, messageOf } from "./errors";
import { findToolchain, installPlugins, thisPlatform } from "./installed";
import { locate } from "./locate";
import { ObtainError, obtainToolchain } from "./obtain";
import { parts as allParts } from "./parts";
import type { Part } from "./parts/part";
import { Progress, type Screen } from "./progress";
import { printCheck, type CheckedPart } from "./report";
import { readSettings, SettingsError, type ToolchainSettings } from "./settings";

const usage = `Examples:
  npm run toolchain                                  obtain what is missing
  npm run toolchain -- --check                       what is there, of which origin, and where
  npm run -s toolchain -- --check --json             the same for scripts
  export PATH="$(npm run -s toolchain -- --print-path):$PATH"
  npm run toolchain -- --install-plugins "$PULUMI_HOME"
                                                     put the plugins where Pulumi finds them

Environment:
  LIFEBOAT_TOOLCHAIN         auto (default): a copy already installed, else the official download, else built
                             from upstream's source, else a stand-in of this project; an official host has 3 s
                             to answer. official: installed or downloaded, nothing else. build: built here or
                             a stand-in, nothing else.
  LIFEBOAT_TOOLCHAIN_MIRROR  folder over HTTP that has the official archives, and <archive>.sha256 for each
  XDG_CACHE_HOME             results are kept in lifeboat/toolchain below it (default ~/.cache)

Exit codes: 0 done, 1 failed, 2 usage, 3 a part is missing.
`;

const options = {
  check: { type: "boolean" },
  json: { type: "boolean" },
  "print-path": { type: "boolean" },
  "install-plugins": { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

const exitCodes = { done: 0, failed: 1, usage: 2, missing: 3 };

export interface Console {
  readonly environment: NodeJS.ProcessEnv;
  /** Data; everything else goes to the screen. */
  readonly out: (text: string) => void;
  readonly screen: Screen;
}

/** `npm run toolchain`. Gives the exit code. */
export async function runCommandLine(
  words: string[],
  console: Console,
  parts: readonly Part[] = allParts,
): Promise<number> {
  try {
    return await run(parse(words), console, parts);
  } catch (error) {
    if (error instanceof SettingsError) {
      console.screen.write(`${error.message}\nHINT: npm run toolchain -- --help\n`);
      return exitCodes.usage;
    }
    if (error instanceof ObtainError) {
      console.screen.write(`${error.message}\nHINT: ${hint(readSettings(console.environment))}\n`);
      return exitCodes.failed;
    }
    throw error;
  }
}

type Request = ReturnType<typeof parse>;

function parse(words: string[]) {
  try {
    const { values } = parseArgs({ args: words, options, allowPositionals: false });
    const { check, json, help, "print-path": printPath, "install-plugins": pulumiHome } = values;
    const asked = [check, printPath, pulumiHome !== undefined].filter(Boolean).length;
    if (asked > 1 || (json && !check) || pulumiHome === "") {
      throw new SettingsError("These options do not go together, or a folder is missing");
    }
    return { check, json, help, printPath, pulumiHome };
  } catch (error) {
    throw codeOf(error)?.startsWith("ERR_PARSE_ARGS") ? new SettingsError(messageOf(error)) : error;
  }
}

async function run(request: Request, console: Console, parts: readonly Part[]): Promise<number> {
  if (request.help) {
    console.out(usage);
    return exitCodes.done;
  }
  const settings = readSettings(console.environment);
  if (request.check) {
    return check(settings, parts, request.json === true, console.out);
  }
  if (request.printPath || request.pulumiHome !== undefined) {
    return useToolchain(request.pulumiHome, console, parts);
  }
  return obtain(settings, parts, console);
}

async function obtain(settings: ToolchainSettings, parts: readonly Part[], console: Console): Promise<number> {
  const progress = new Progress(console.screen);
  progress.begin(`Toolchain: looking for ${parts.map((part) => part.name).join(", ")}`);
  const platform = thisPlatform();
  const cache = new Cache(settings.cacheFolder, platform);
  const { environment } = console;
  const copies = await obtainToolchain({ parts, settings, cache, platform, progress, environment });
  progress.say(`Toolchain: ${copies.map((copy) => `${copy.part.name} ${copy.version} (${copy.origin})`).join(", ")}`);
  progress.say('HINT: export PATH="$(npm run -s toolchain -- --print-path):$PATH"');
  return exitCodes.done;
}

async function check(
  settings: ToolchainSettings,
  parts: readonly Part[],
  asJson: boolean,
  out: (text: string) => void,
): Promise<number> {
  const cache = new Cache(settings.cacheFolder, thisPlatform());
  const checked: CheckedPart[] = [];
  for (const part of parts) {
    const copy = await locate(part, parts, settings, cache);
    checked.push({
      part: part.name,
      version: copy?.version ?? part.version,
      origin: copy?.origin ?? "missing",
      path: copy?.program ?? null,
    });
  }
  out(printCheck(checked, asJson));
  return checked.every((part) => part.path !== null) ? exitCodes.done : exitCodes.missing;
}

function useToolchain(pulumiHome: string | undefined, console: Console, parts: readonly Part[]): number {
  const toolchain = findToolchain(console.environment, parts);
  if (!toolchain) {
    console.screen.write("The toolchain is not complete.\nHINT: npm run toolchain\n");
    return exitCodes.missing;
  }
  if (pulumiHome === undefined) {
    console.out(`${toolchain.binFolder}\n`);
  } else {
    installPlugins(toolchain, pulumiHome);
  }
  return exitCodes.done;
}

function hint({ mode, mirror }: ToolchainSettings): string {
  switch (mode) {
    case "official":
      return mirror === undefined
        ? "LIFEBOAT_TOOLCHAIN_MIRROR names a place in your own network; LIFEBOAT_TOOLCHAIN=auto also builds"
        : `look whether ${mirror} has these files, or unset LIFEBOAT_TOOLCHAIN_MIRROR`;
    default:
      return "a network that has the official releases, LIFEBOAT_TOOLCHAIN_MIRROR, or Go and a module proxy";
  }
}
