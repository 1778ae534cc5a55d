import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { siteFolderName } from "../../../../scripts/machine/state-home";
import { bundle, type RunOptions, type RunResult, runLifeboat, runProgram } from "../run-bundle";
import { type Settings, settingsText } from "./settings";

/** An empty folder for a site. */
export function siteFolder(kind: string): string {
  return mkdtempSync(join(tmpdir(), `lifeboat-${kind}-`));
}

export interface ProjectOptions {
  /** Of the Pulumi project. */
  readonly name: string;
  /** Where an environment's node answers. */
  readonly endpoint: (environment: string) => string;
  /** Of Pulumi; it lies in a file that the command line is given. Default: none is given. */
  readonly passphrase?: string;
  /** Variables of the command line besides the usual ones, or in their place. */
  readonly variables?: Readonly<Record<string, string>>;
}

/**
 * What every test site is made of: a folder with a Pulumi project, a home of the command line beside it, and the command line
 * itself. Sites add what they have besides: nodes (`NodeSite`), states, stores.
 */
export class ProjectSite {
  readonly project: string;
  /** The whole environment of the command line; also what a person needs to run it by hand. */
  readonly env: Readonly<Record<string, string>>;

  constructor(
    readonly folder: string,
    private readonly options: ProjectOptions,
  ) {
    this.project = join(folder, "project");
    mkdirSync(this.project);
    this.write("Pulumi.yaml", `name: ${options.name}\nruntime: nodejs\n`);
    this.env = {
      PATH: process.env["PATH"] ?? "",
      HOME: folder,
      LIFEBOAT_PROJECT: this.project,
      XDG_STATE_HOME: join(folder, "state"),
      XDG_DATA_HOME: join(folder, "data"),
      ...givenPassphrase(folder, options.passphrase),
      ...options.variables,
    };
  }

  /** Ends what the site started and removes its folder. */
  async stop(): Promise<void> {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Writes the settings of an environment. */
  declare(environment: string, settings: Settings): void {
    this.write(`Pulumi.${environment}.yaml`, settingsText(this.options.endpoint(environment), settings));
  }

  /** Writes a file of the project. */
  write(name: string, text: string): void {
    writeFileSync(join(this.project, name), text);
  }

  /** Text of a file of the project. */
  read(name: string): string {
    return readFileSync(join(this.project, name), "utf8");
  }

  /** Runs the command line without a terminal. */
  lifeboat(argv: readonly string[], options?: RunOptions): Promise<RunResult> {
    return runLifeboat(argv, { cwd: this.project, env: this.env }, options);
  }

  /** Runs it in a terminal of so many columns, by `script` of util-linux. Both streams come as one. */
  inTerminal(argv: readonly string[], columns: number, env: Readonly<Record<string, string>> = {}): Promise<RunResult> {
    const command = `stty cols ${String(columns)}; exec '${process.execPath}' '${bundle}' ${argv.join(" ")}`;
    const variables = { ...this.env, TERM: "xterm", ...env };
    return runProgram(["script", "-qec", command, "/dev/null"], { cwd: this.project, env: variables });
  }

  /** Where the command line keeps the journals of an environment; that of another machine where its variables say so. */
  stateFolder(environment = "prod", env: Readonly<Record<string, string>> = this.env): string {
    const name = siteFolderName(environment, this.options.endpoint(environment));
    return join(env["XDG_STATE_HOME"] ?? "", "lifeboat", name);
  }

  /** Variables of another machine: same settings and secrets, no journals. */
  otherMachine(): Record<string, string> {
    return { XDG_STATE_HOME: mkdtempSync(join(this.folder, "state-")) };
  }

  /** Texts of an environment's journals, newest first. */
  journals(environment?: string): string[] {
    const folder = this.stateFolder(environment);
    const names = existsSync(folder) ? readdirSync(folder) : [];
    return names
      .filter((name) => /-\d{8}T\d{9}(?:-\d+)?\.json$/u.test(name))
      .sort()
      .reverse()
      .map((name) => readFileSync(join(folder, name), "utf8"));
  }

  /** Where it keeps data of the project on this machine, such as copies of states. */
  dataPath(...path: string[]): string {
    return join(this.folder, "data", "lifeboat", this.options.name, ...path);
  }
}

function givenPassphrase(folder: string, passphrase: string | undefined): Record<string, string> {
  if (passphrase === undefined) return {};
  const file = join(folder, "passphrase");
  writeFileSync(file, `${passphrase}\n`);
  return { PULUMI_CONFIG_PASSPHRASE_FILE: file };
}
