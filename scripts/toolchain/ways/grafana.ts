import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import * as z from "zod";
import type { Part, TreeBuild } from "../parts/part";
import { upstreamFolder } from "../pins";
import { ProcessError, runProcess } from "../processes";
import { checkDiskSpace, checkGo, goEnvironment } from "./upstream";
import { WayClosed, type Finished, type Workshop } from "./way";

/** Dependencies that come from elsewhere than a registry of packages; pages that are shown do without them. */
const packagesFromElsewhere = ["tether-drop", "xlsx"];

/** What Grafana's server reads when it runs. Of `public/app` it takes what plugins declare, never their source. */
const servedFolders = ["conf", "public"];
const notServed = [
  "*.ts",
  "*.tsx",
  "*.scss",
  "*.test.*",
  "*.map",
  "testdata",
  "__mocks__",
  "public/test",
  "public/sass",
];

const moduleSchema = z.object({ Dir: z.string(), Sum: z.string() });
const manifestSchema = z.looseObject({ dependencies: z.record(z.string(), z.string()) });

/**
 * Builds Grafana from its source in the Go module proxy: the server with Go and a C compiler (for SQLite), the pages with its own yarn
 * and webpack. Everything is pinned: the source by its sum, modules and packages by the lock files in it.
 *
 * @throws WayClosed if it cannot be done here.
 */
export async function buildGrafana(part: Part, tree: TreeBuild, workshop: Workshop): Promise<Finished> {
  await checkGo("go 1.25");
  await checkCompiler();
  checkDiskSpace(workshop.workFolder);
  try {
    const program = await new GrafanaBuild(part, tree, workshop).run();
    return { program, source: `${tree.module}@${tree.moduleVersion}` };
  } catch (error) {
    throw error instanceof ProcessError ? new WayClosed(`the build failed: ${error.message}`) : error;
  }
}

class GrafanaBuild {
  private readonly folder: string;
  private readonly source: string;
  private readonly tree: string;

  constructor(
    private readonly part: Part,
    private readonly build: TreeBuild,
    private readonly workshop: Workshop,
  ) {
    this.folder = path.join(workshop.workFolder, build.recipe);
    this.source = path.join(this.folder, "source");
    this.tree = path.join(this.folder, "tree");
  }

  async run(): Promise<string> {
    mkdirSync(path.join(this.workshop.workFolder, "go-temporary"), { recursive: true });
    cpSync(path.join(upstreamFolder, this.build.recipe), this.folder, { recursive: true });
    await this.fetchSource();
    await this.buildServer();
    await this.bundlePages();
    return this.pack();
  }

  /** @throws WayClosed where the proxy gives something else than what is pinned. */
  private async fetchSource(): Promise<void> {
    const { module, moduleVersion, sum } = this.build;
    this.begin("fetching its source");
    const lines: string[] = [];
    await this.go(this.folder, ["mod", "download", "-json", `${module}@${moduleVersion}`], (line) => lines.push(line));
    const { Dir, Sum } = moduleSchema.parse(JSON.parse(lines.slice(lines.indexOf("{")).join("\n")));
    if (Sum !== sum) {
      throw new WayClosed(`${module}@${moduleVersion} has the sum ${Sum}, and ${sum} is pinned`, true);
    }
    cpSync(Dir, this.source, { recursive: true });
  }

  private async buildServer(): Promise<void> {
    const wire = path.join(this.folder, "wire");
    this.begin("fetching Go modules");
    await this.go(this.folder, ["build", "-o", wire, "github.com/google/wire/cmd/wire"]);
    await this.go(this.source, ["mod", "download"]);
    this.begin("building what ties the server's parts together");
    await this.execute(wire, ["gen", "-tags", "oss", "./pkg/server"], this.source, this.goEnvironment);
    this.begin("building the server");
    let compiled = 0;
    const program = path.join(this.tree, "bin", "grafana");
    const linkerFlags = "-s -w -X main.version=10.0.0";
    const words = ["build", "-v", "-tags", "oss", "-ldflags", linkerFlags, "-o", program, "./pkg/cmd/grafana"];
    await this.go(this.source, words, () => this.workshop.progress.update(`${(compiled += 1)} packages`));
  }

  private async bundlePages(): Promise<void> {
    this.leaveOutPackages();
    this.begin("fetching the packages of its pages");
    let fetched = 0;
    const yarn = path.join(".yarn", "releases", "yarn-3.4.1.cjs");
    await this.execute(process.execPath, [yarn, "install"], this.source, this.yarnEnvironment, () =>
      this.workshop.progress.update(`${(fetched += 1)} lines`),
    );
    this.begin("bundling its pages");
    const bundler = path.join(this.folder, "bundle-pages.cjs");
    renameSync(bundler, path.join(this.source, "bundle-pages.cjs"));
    const environment = { NODE_ENV: "production", NODE_OPTIONS: "--max-old-space-size=4096" };
    await this.execute(process.execPath, ["-r", "./.pnp.cjs", "bundle-pages.cjs"], this.source, environment);
  }

  /** The lock file of the source stays as it is for all others. */
  private leaveOutPackages(): void {
    const file = path.join(this.source, "package.json");
    const manifest = manifestSchema.parse(JSON.parse(readFileSync(file, "utf8")));
    for (const name of packagesFromElsewhere) delete manifest.dependencies[name];
    writeFileSync(file, JSON.stringify(manifest, null, 2));
  }

  private async pack(): Promise<string> {
    this.begin("packing");
    const archive = path.join(this.folder, this.part.executable);
    const excluded = notServed.map((pattern) => `--exclude=${pattern}`);
    const words = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", ...excluded, "-cf", archive];
    await this.execute("tar", [...words, "-C", this.tree, "bin", "-C", this.source, ...servedFolders], this.folder, {});
    return archive;
  }

  private begin(step: string): void {
    this.workshop.progress.begin(`${this.part.name} ${this.part.version}: ${step}`);
  }

  private go(folder: string, words: readonly string[], onLine?: (line: string) => void): Promise<void> {
    return this.execute("go", words, folder, this.goEnvironment, onLine);
  }

  /** SQLite is written in C. */
  private get goEnvironment(): NodeJS.ProcessEnv {
    return { ...goEnvironment(this.workshop.workFolder), CGO_ENABLED: "1" };
  }

  /** Packages run nothing when they are installed, and everything stays in the run's work folder. */
  private get yarnEnvironment(): NodeJS.ProcessEnv {
    return {
      YARN_CACHE_FOLDER: path.join(this.folder, "packages"),
      YARN_ENABLE_GLOBAL_CACHE: "false",
      YARN_ENABLE_IMMUTABLE_INSTALLS: "false",
      YARN_ENABLE_SCRIPTS: "false",
      YARN_ENABLE_TELEMETRY: "false",
    };
  }

  private execute(
    program: string,
    words: readonly string[],
    folder: string,
    more: NodeJS.ProcessEnv,
    onLine?: (line: string) => void,
  ): Promise<void> {
    const { workFolder, environment } = this.workshop;
    return runProcess(program, words, {
      folder,
      environment: { ...environment, ...more },
      noteIn: workFolder,
      ...(onLine && { onLine }),
    });
  }
}

/** @throws WayClosed where there is no C compiler. */
async function checkCompiler(): Promise<void> {
  await promisify(execFile)("gcc", ["--version"]).catch(() => {
    throw new WayClosed("there is no gcc here, which its database needs");
  });
}
