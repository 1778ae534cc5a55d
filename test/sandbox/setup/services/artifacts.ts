import { spawnSync } from "node:child_process";
import * as z from "zod";
import { typeScript } from "../../machine/type-script";

/** Programs for guests, which the toolchain has built: what the site's mirror offers. */
export interface Artifacts {
  readonly minio: Artifact;
  /** The same server under another release name, for upgrades. */
  readonly minioHotfix: Artifact;
}

export interface Artifact {
  /** Path of the program in the toolchain's cache. */
  readonly program: string;
  /** Name of the file on the mirror. */
  readonly name: string;
}

/** How they are had. */
export const ARTIFACTS_COMMAND = "npm run toolchain -- --all";

const SERVER = "minio-server";
const HOTFIX = "minio-server-hotfix";

const GRAFANA = "grafana";

const DOCKER_COMPOSE = "docker-compose";

const report = z.object({
  parts: z.array(z.object({ part: z.string(), version: z.string(), path: z.string().nullable() })),
});

/** The programs for guests by the toolchain's own command; undefined where they were not built on this machine. */
export function findArtifacts(projectFolder: string): Artifacts | undefined {
  const { parts } = report.parse(JSON.parse(askToolchain(projectFolder, [SERVER, HOTFIX]).stdout));
  const artifact = (name: string): Artifact | undefined => {
    const found = parts.find(({ part }) => part === name);
    return found?.path ? { program: found.path, name: `minio.${found.version}` } : undefined;
  };
  const [minio, minioHotfix] = [artifact(SERVER), artifact(HOTFIX)];
  return minio && minioHotfix && { minio, minioHotfix };
}

/** Path of the archive with Grafana; undefined where nobody has built it on this machine: a site does without. */
export function findGrafana(projectFolder: string): string | undefined {
  return findOne(projectFolder, GRAFANA);
}

/** Path of Docker Compose 2, a plugin of Docker; undefined where nobody has built it on this machine: Debian's guests have Compose 1. */
export function findDockerCompose(projectFolder: string): string | undefined {
  return findOne(projectFolder, DOCKER_COMPOSE);
}

function findOne(projectFolder: string, name: string): string | undefined {
  const { status, stdout } = askToolchain(projectFolder, [name]);
  return status === 0 ? (report.parse(JSON.parse(stdout)).parts[0]?.path ?? undefined) : undefined;
}

function askToolchain(projectFolder: string, names: readonly string[]): { status: number | null; stdout: string } {
  const words = ["--check", "--json", ...names.flatMap((name) => ["--artifact", name])];
  const [node = "", ...rest] = [...typeScript(projectFolder, "scripts/toolchain/main.ts"), ...words];
  return spawnSync(node, rest, {
    cwd: projectFolder,
    encoding: "utf8",
    // Nobody publishes them: wherever the toolchain may take its own parts from, these are built.
    env: { ...process.env, LIFEBOAT_TOOLCHAIN: "build" },
  });
}
