import { createRequire } from "node:module";
import path from "node:path";
import type { RunRequest } from "@pulumi/pulumi/proto/language_pb";

/** A program that cannot be started, for a reason that its author can mend. */
export class ProgramError extends Error {}

export interface PreparedRun {
  /** What Node is started with. */
  readonly words: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly folder: string;
}

/** The settings below `runtime.options` of Pulumi.yaml that this host knows. */
interface RuntimeOptions {
  readonly typescript: boolean;
  readonly tsconfig: string | undefined;
  readonly nodeArguments: readonly string[];
}

const knownOptions = new Set(["typescript", "tsconfig", "nodeargs", "packagemanager"]);

/**
 * How the program of a request is started: by `cmd/run` of the @pulumi/pulumi that the program itself would import.
 *
 * @throws ProgramError
 */
export function prepareRun(request: RunRequest, engineAddress: string): PreparedRun {
  const info = request.getInfo();
  const folder = info?.getProgramDirectory() || request.getPwd();
  const options = readOptions(info?.getOptions()?.toJavaScript() ?? {});
  const words = [
    ...options.nodeArguments,
    resolveRunner(folder),
    ...flag("monitor", request.getMonitorAddress()),
    ...flag("engine", engineAddress),
    ...flag("organization", request.getOrganization()),
    ...flag("project", request.getProject()),
    ...flag("root-directory", info?.getRootDirectory() ?? ""),
    ...flag("stack", request.getStack()),
    ...flag("pwd", request.getPwd()),
    ...(request.getDryrun() ? ["--dry-run"] : []),
    ...flag("parallel", String(request.getParallel())),
    info?.getEntryPoint() || request.getProgram() || ".",
    ...request.getArgsList(),
  ];
  return { words, environment: { ...process.env, ...programEnvironment(request, options) }, folder };
}

function programEnvironment(request: RunRequest, options: RuntimeOptions): NodeJS.ProcessEnv {
  const settings = Object.fromEntries(
    request
      .getConfigMap()
      .getEntryList()
      .map(([key, value]) => [longKey(key), value]),
  );
  return {
    PULUMI_CONFIG: JSON.stringify(settings),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList().map(longKey)),
    PULUMI_NODEJS_TYPESCRIPT: String(options.typescript),
    ...(options.tsconfig !== undefined && { PULUMI_NODEJS_TSCONFIG_PATH: options.tsconfig }),
  };
}

/** The engine says `namespace:name`, the SDK for Node wants `namespace:config:name`. */
function longKey(key: string): string {
  const [namespace, name, ...rest] = key.split(":");
  return name === undefined || rest.length > 0 ? key : `${namespace}:config:${name}`;
}

function flag(name: string, value: string): string[] {
  return value === "" ? [] : [`--${name}`, value];
}

function resolveRunner(folder: string): string {
  try {
    return createRequire(path.join(folder, "package.json")).resolve("@pulumi/pulumi/cmd/run");
  } catch {
    throw new ProgramError(`@pulumi/pulumi is not installed for the program in ${folder}: run npm ci there`);
  }
}

function readOptions(values: Record<string, unknown>): RuntimeOptions {
  const unknown = Object.keys(values).filter((name) => !knownOptions.has(name));
  if (unknown.length > 0) {
    throw new ProgramError(
      `The stand-in for pulumi-language-nodejs does not know runtime option ${unknown.join(", ")}`,
    );
  }
  const { typescript = true, tsconfig, nodeargs = "" } = values;
  if (typeof typescript !== "boolean" || typeof nodeargs !== "string") {
    throw new ProgramError("runtime.options of Pulumi.yaml: typescript is true or false, nodeargs is a text");
  }
  return {
    typescript,
    tsconfig: typeof tsconfig === "string" ? tsconfig : undefined,
    nodeArguments: splitWords(nodeargs),
  };
}

/** Words as a shell would split them, with single and double quotes. */
export function splitWords(text: string): string[] {
  const words = text.match(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g) ?? [];
  return words.map((word) => word.replaceAll(/"([^"]*)"|'([^']*)'/g, (_, double, single) => double ?? single));
}
