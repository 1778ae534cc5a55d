import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, statfsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import * as z from "zod";
import type { CutSource, Part, UpstreamBuild } from "../parts/part";
import { upstreamFolder } from "../pins";
import { ProcessError, runProcess } from "../processes";
import { cutSource } from "./cut-source";
import { checkVersion } from "./version-check";
import { WayClosed, type Finished, type Workshop } from "./way";

/** Modules and build results of all parts and artifacts together took 8.5 GB when this was measured. */
const neededBytes = 9_000_000_000;

/**
 * Builds the program of a part from the Go module proxy, with exactly the modules of the committed go.sum. Modules and
 * build results go into the run's work folder, never into the user's own, and all builds of a run share them.
 *
 * @throws WayClosed if it has no such build, or it cannot be done here.
 */
export async function buildFromUpstream(part: Part, workshop: Workshop): Promise<Finished> {
  const build = part.upstream;
  if (!build) {
    throw new WayClosed("the Go module proxy does not have it");
  }
  const goMod = readFileSync(path.join(upstreamFolder, build.module, "go.mod"), "utf8");
  await checkGo(goMod);
  // What the run has built so far is part of the sum.
  if (!existsSync(moduleCache(workshop.workFolder))) {
    checkDiskSpace(workshop.workFolder);
  }
  try {
    const program = await new GoBuild(part, build, workshop).run();
    await checkVersion(part, program);
    return { program, source: `go module upstream/${build.module}` };
  } catch (error) {
    throw error instanceof ProcessError ? new WayClosed(`the build failed: ${error.message}`) : error;
  }
}

const moduleSchema = z.object({ Dir: z.string(), Sum: z.string() });

class GoBuild {
  /** The generator writes into the module's folder, and the project's own stays as it is. */
  private readonly folder: string;

  constructor(
    private readonly part: Part,
    private readonly build: UpstreamBuild,
    private readonly workshop: Workshop,
  ) {
    this.folder = path.join(workshop.workFolder, this.build.module);
  }

  async run(): Promise<string> {
    const { build, part } = this;
    this.begin("fetching Go modules");
    mkdirSync(path.join(this.workshop.workFolder, "go-temporary"), { recursive: true });
    cpSync(path.join(upstreamFolder, build.module), this.folder, { recursive: true });
    if (build.cut) await this.cut(build.cut);
    const packages = await this.listPackages();
    if (build.generator) {
      const generator = path.join(this.folder, "generator");
      this.begin("building what writes its schema");
      await this.goBuild(build.generator.goPackage, generator, packages);
      await this.execute(generator, build.generator.arguments);
    }
    const program = path.join(this.folder, "program", part.executable);
    this.begin("building");
    await this.goBuild(build.goPackage, program, packages);
    return program;
  }

  /**
   * Puts what is needed of another module into this one's folder. Go asks its public list of sums for no module whose sums stand in a
   * go.sum, and that list does not know every module that the proxy has.
   *
   * @throws WayClosed where the proxy gives something else than what is pinned.
   */
  private async cut(source: CutSource): Promise<void> {
    const { module, moduleVersion, sums } = source;
    const folder = path.join(this.workshop.workFolder, `${this.build.module}-source`);
    mkdirSync(folder);
    const asked = "lifeboat/toolchain/source v0.0.0-00010101000000-000000000000";
    writeFileSync(
      path.join(folder, "go.mod"),
      `module lifeboat/toolchain/cut\n\ngo 1.26.0\n\nrequire ${asked}\n\nreplace lifeboat/toolchain/source => ${module} ${moduleVersion}\n`,
    );
    const lines = [`${module} ${moduleVersion} ${sums.files}`, `${module} ${moduleVersion}/go.mod ${sums.goMod}`, ""];
    writeFileSync(path.join(folder, "go.sum"), lines.join("\n"));
    const said: string[] = [];
    await this.execute(
      "go",
      ["mod", "download", "-json", "lifeboat/toolchain/source"],
      (line) => said.push(line),
      folder,
    );
    const { Dir, Sum } = moduleSchema.parse(JSON.parse(said.slice(said.indexOf("{")).join("\n")));
    if (Sum !== sums.files) {
      throw new WayClosed(`${module}@${moduleVersion} has the sum ${Sum}, and ${sums.files} is pinned`, true);
    }
    cutSource(Dir, path.join(this.folder, "upstream"), source);
  }

  /** The number of packages to compile. Go fetches the modules for it, so this takes what the network takes. */
  private async listPackages(): Promise<number> {
    let modules = 0;
    let packages = 0;
    const goPackage = this.build.generator?.goPackage ?? this.build.goPackage;
    await this.execute("go", ["list", "-deps", "-f", "package {{.ImportPath}}", goPackage], (line) => {
      if (line.startsWith("package ")) {
        packages += 1;
      } else if (line.startsWith("go: downloading ")) {
        modules += 1;
        this.workshop.progress.update(`${modules} modules`);
      }
    });
    return packages;
  }

  private async goBuild(goPackage: string, program: string, packages: number): Promise<void> {
    const variables = Object.entries(this.build.variables).map(([name, value]) => `-X ${name}=${value}`);
    const linkerFlags = ["-s", "-w", ...variables].join(" ");
    const tags = this.build.tags === undefined ? [] : ["-tags", this.build.tags.join(",")];
    let compiled = 0;
    // With -v Go prints the name of each package that it compiles.
    await this.execute("go", ["build", "-v", ...tags, "-ldflags", linkerFlags, "-o", program, goPackage], () => {
      compiled += 1;
      this.workshop.progress.update(compiled < packages ? `${compiled} of ${packages} packages` : "linking");
    });
  }

  private begin(step: string): void {
    this.workshop.progress.begin(`${this.part.name} ${this.part.version}: ${step}`);
  }

  private execute(
    program: string,
    options: readonly string[],
    onLine?: (line: string) => void,
    folder = this.folder,
  ): Promise<void> {
    const { workFolder, environment } = this.workshop;
    return runProcess(program, options, {
      folder,
      environment: { ...environment, ...goEnvironment(workFolder) },
      noteIn: workFolder,
      ...(onLine && { onLine }),
    });
  }
}

function moduleCache(workFolder: string): string {
  return path.join(workFolder, "go-modules");
}

export function goEnvironment(workFolder: string): NodeJS.ProcessEnv {
  return {
    GOMODCACHE: moduleCache(workFolder),
    GOCACHE: path.join(workFolder, "go-build"),
    GOTMPDIR: path.join(workFolder, "go-temporary"),
    // Go would fetch another release of itself, which a closed network does not have.
    GOTOOLCHAIN: "local",
    GOWORK: "off",
    CGO_ENABLED: "0",
    // Without words for a debugger, which the linker drops anyway, and with a compiler that collects its garbage less often, the
    // same programs take a fifth less of the processor to build.
    GOGC: "400",
    // -modcacherw: Go makes modules read-only otherwise, and folders that cannot be written cannot be deleted.
    GOFLAGS: "-mod=readonly -modcacherw -trimpath -buildvcs=false -gcflags=all=-dwarf=false",
  };
}

/** @throws WayClosed if there is no Go, or one that is older than the module wants. */
export async function checkGo(goMod: string): Promise<void> {
  const wanted = /^go (\d+)\.(\d+)/m.exec(goMod);
  const { stdout } = await promisify(execFile)("go", ["env", "GOVERSION"], {
    env: { ...process.env, GOTOOLCHAIN: "local" },
  }).catch(() => {
    throw new WayClosed("there is no Go here to build it with");
  });
  const found = /^go(\d+)\.(\d+)/.exec(stdout);
  if (!wanted || !found) {
    throw new WayClosed(`the version of Go is not understood: ${stdout.trim()}`);
  }
  const isOlder =
    Number(found[1]) < Number(wanted[1]) || (found[1] === wanted[1] && Number(found[2]) < Number(wanted[2]));
  if (isOlder) {
    throw new WayClosed(`Go ${wanted[1]}.${wanted[2]} or newer is needed to build it, and here is ${stdout.trim()}`);
  }
}

export function checkDiskSpace(folder: string): void {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < neededBytes) {
    const free = Math.floor((bavail * bsize) / 1_000_000_000);
    throw new WayClosed(
      `a build needs ${neededBytes / 1_000_000_000} GB of free space in ${folder}, and ${free} GB are free`,
    );
  }
}
