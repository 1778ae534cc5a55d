import { parseArgs } from "node:util";
import { handOver } from "./artifact";
import { Cache, type Copy } from "./cache";
import { DownloadError } from "./download";
import { codeOf, messageOf } from "./errors";
import { findToolchain, installPlugins, thisPlatform } from "./installed";
import { locate } from "./locate";
import { ObtainError, obtainToolchain } from "./obtain";
import { artifacts as allArtifacts, parts as allParts } from "./parts";
import { linesToPin } from "./pin";
import { actionlint } from "./parts/actionlint";
import { aws } from "./parts/aws";
import { grafana } from "./parts/grafana";
import { minioServer, minioServerHotfix } from "./parts/minio-server";
import type { Part } from "./parts/part";
import { type Screen, StepLine } from "./progress";
import { printCheck, type CheckedPart } from "./report";
import { UnsafePath } from "../machine/unsafe-path";
import { readSettings, SettingsError, type ToolchainSettings } from "./settings";
import { Sums } from "./sums";

const usage = `Examples:
  npm run toolchain                                  obtain what is missing
  npm run toolchain -- --check                       what is there, of which origin, and where
  npm run -s toolchain -- --check --json             the same for scripts
  export PATH="$(npm run -s toolchain -- --print-path):$PATH"
  npm run toolchain -- --install-plugins "$PULUMI_HOME"
                                                     put the plugins where Pulumi finds them
  npm run toolchain -- --artifact minio-server --to /srv/artifacts
                                                     build the server of the state store, for a web server of
                                                     yours: the program, and its sum in a file beside it
  npm run -s toolchain -- --artifact minio-server    build it, and print where it is
  npm run -s toolchain -- --check --artifact minio-server
                                                     whether it was built, and where
  npm run toolchain -- --all                         the toolchain and all artifacts in one run, which is quicker
                                                     than one after the other
  npm run -s toolchain -- --pin                      download what has no SHA-256 in scripts/toolchain/sums.sha256, and
                                                     print the lines; compare them before you add them

Artifacts: programs that run in guests or check the project, obtained only when they are named.
  minio-server               the S3 server of the state store: ${minioServer.version}
  minio-server-hotfix        the same source under another release name: ${minioServerHotfix.version};
                             an upgrade is rehearsed with it
  aws                        the plugin for lifeboat:offsite: ${aws.version}; where it was built it has S3 and what S3
                             needs. Pulumi gets it by: pulumi plugin install resource aws ${aws.version} -f FILE
  actionlint                 checks .github/workflows, for npm run lint:workflows: ${actionlint.version}
  grafana                    shows the dashboards in tests: ${grafana.version}; a tar archive, which
                             \`docker import\` takes too. Never with --all: it is built for half an hour

Environment:
  LIFEBOAT_TOOLCHAIN         auto (default): a copy already installed, else the official download, else built
                             from upstream's source, else a stand-in of this project; an official host has 3 s
                             to answer. official: installed or downloaded, nothing else. build: built here or
                             a stand-in, nothing else. A download without a pinned SHA-256 is refused, and a
                             plugin that does not make, refresh and delete on an emulated site is not used.
  LIFEBOAT_TOOLCHAIN_MIRROR  folder over HTTP that has the official archives; their sums are pinned, too
  LIFEBOAT_TOOLCHAIN_SUMS    file with further sums of archives, as sha256sum writes them
  XDG_CACHE_HOME             results are kept in lifeboat/toolchain below it (default ~/.cache)

Exit codes: 0 done, 1 failed, 2 usage, 3 a part is missing.
`;

const options = {
  check: { type: "boolean" },
  json: { type: "boolean" },
  "print-path": { type: "boolean" },
  "install-plugins": { type: "string" },
  artifact: { type: "string", multiple: true },
  to: { type: "string" },
  all: { type: "boolean" },
  pin: { type: "boolean" },
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
  artifacts: readonly Part[] = allArtifacts,
): Promise<number> {
  try {
    return await run(parse(words), console, { parts, artifacts });
  } catch (error) {
    if (error instanceof SettingsError) {
      console.screen.write(`${error.message}\nHINT: npm run toolchain -- --help\n`);
      return exitCodes.usage;
    }
    if (error instanceof ObtainError) {
      console.screen.write(`${error.message}\nHINT: ${hint(readSettings(console.environment))}\n`);
      return exitCodes.failed;
    }
    if (error instanceof UnsafePath) {
      console.screen.write(`${error.message}\nHINT: ${error.mend}\n`);
      return exitCodes.failed;
    }
    throw error;
  }
}

type Request = ReturnType<typeof parse>;

function parse(words: string[]) {
  try {
    const { values } = parseArgs({ args: words, options, allowPositionals: false });
    const {
      check,
      json,
      help,
      "print-path": printPath,
      "install-plugins": pulumiHome,
      artifact,
      to,
      all,
      pin,
    } = values;
    const uses = [printPath, pin, pulumiHome !== undefined].filter(Boolean).length;
    const asked = uses + [check, to !== undefined].filter(Boolean).length;
    const chosen = [all, artifact].filter(Boolean).length;
    const isEmpty = pulumiHome === "" || to === "";
    if (
      asked > 1 ||
      chosen > 1 ||
      uses + chosen > 1 ||
      (json && !check) ||
      (to !== undefined && !artifact) ||
      isEmpty
    ) {
      throw new SettingsError("These options do not go together, or a folder is missing");
    }
    return { check, json, help, printPath, pulumiHome, artifact, to, all, pin };
  } catch (error) {
    throw codeOf(error)?.startsWith("ERR_PARSE_ARGS") ? new SettingsError(messageOf(error)) : error;
  }
}

/** Everything that can be obtained. */
interface Offer {
  readonly parts: readonly Part[];
  readonly artifacts: readonly Part[];
}

async function run(request: Request, console: Console, offer: Offer): Promise<number> {
  if (request.help) {
    console.out(usage);
    return exitCodes.done;
  }
  const settings = readSettings(console.environment);
  const sums = Sums.read(settings);
  const chosen = choose(request, offer);
  if (request.check) {
    return check(settings, sums, chosen, request.json === true, console.out);
  }
  if (request.pin) {
    return pin(settings, sums, [...offer.parts, ...offer.artifacts], console);
  }
  if (request.printPath || request.pulumiHome !== undefined) {
    return useToolchain(request.pulumiHome, console, chosen);
  }
  const progress = new StepLine(console.screen);
  const copies = await obtain(settings, sums, chosen, console, progress);
  if (request.artifact) {
    tellArtifacts(copies, request.to, console, progress);
  } else {
    progress.say('HINT: export PATH="$(npm run -s toolchain -- --print-path):$PATH"');
  }
  return exitCodes.done;
}

function choose({ artifact, all }: Request, { parts, artifacts }: Offer): readonly Part[] {
  if (artifact) {
    const unknown = artifact.filter((name) => !artifacts.some((part) => part.name === name));
    if (unknown.length > 0) {
      const known = artifacts.map((part) => part.name).join(", ");
      throw new SettingsError(`There is no artifact ${unknown.join(", ")}; there are ${known}`);
    }
    return artifacts.filter((part) => artifact.includes(part.name));
  }
  return all ? [...parts, ...artifacts.filter(({ onRequest }) => onRequest !== true)] : parts;
}

/** Where artifacts are, on standard output. */
function tellArtifacts(
  copies: readonly Copy[],
  folder: string | undefined,
  { out }: Console,
  progress: StepLine,
): void {
  for (const copy of copies) {
    if (copy.part.notice !== undefined) progress.say(`${copy.part.name}: ${copy.part.notice}`);
    out(`${folder === undefined ? copy.program : handOver(copy, folder)}\n`);
  }
  if (folder === undefined) {
    progress.say("HINT: --to FOLDER puts it where your web server finds it, with its sum beside it");
  }
}

/** Data on standard output; what to do with it on the screen. */
async function pin(
  settings: ToolchainSettings,
  sums: Sums,
  parts: readonly Part[],
  { out, screen }: Console,
): Promise<number> {
  const progress = new StepLine(screen);
  try {
    const lines = await linesToPin(parts, { settings, platform: thisPlatform(), sums, progress });
    lines.forEach((line) => out(`${line}\n`));
    progress.say(
      lines.length === 0
        ? "Every archive has its sum."
        : "HINT: compare these with what the projects publish, over another network; then add them to scripts/toolchain/sums.sha256",
    );
    return exitCodes.done;
  } catch (error) {
    if (!(error instanceof DownloadError)) {
      throw error;
    }
    progress.say(`Unable to pin: ${error.message}`);
    return exitCodes.failed;
  }
}

async function obtain(
  settings: ToolchainSettings,
  sums: Sums,
  parts: readonly Part[],
  console: Console,
  progress: StepLine,
): Promise<readonly Copy[]> {
  progress.begin(`Toolchain: looking for ${parts.map((part) => part.name).join(", ")}`);
  const platform = thisPlatform();
  const cache = new Cache(settings.cacheFolder, platform, sums);
  const { environment } = console;
  const copies = await obtainToolchain({ parts, settings, sums, cache, platform, progress, environment });
  progress.say(`Toolchain: ${copies.map((copy) => `${copy.part.name} ${copy.version} (${copy.origin})`).join(", ")}`);
  return copies;
}

async function check(
  settings: ToolchainSettings,
  sums: Sums,
  parts: readonly Part[],
  asJson: boolean,
  out: (text: string) => void,
): Promise<number> {
  const cache = new Cache(settings.cacheFolder, thisPlatform(), sums);
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
