import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { groupBy } from "../../machine/group-by";
import type { CommandContext } from "../../project/context";
import type { LoadedEnvironment, Site } from "../../project/site";
import { usageError } from "../../terminal/command-error";
import type { PackedFile } from "./tar-file";

/** Everything of the project that a recovery reads. */
export interface KitFiles {
  /** Of the project, as they lie there: secrets in the settings are encrypted. */
  readonly project: readonly PackedFile[];
  /** Files that the settings name and that could not be read. */
  readonly missing: readonly string[];
  /** SHA-256 over all of them: another digest is another site. */
  readonly digest: string;
}

/** Reads the settings of every environment, and the certificates that they name. Private keys are left where they are. */
export function readKitFiles(site: Site): KitFiles {
  const { folder, settingsFolder } = site.project;
  const environments = site.environments().usable;
  const own = [
    ...readdirSync(folder)
      .filter((name) => /^Pulumi\.ya?ml$/u.test(name))
      .map((name) => join(folder, name)),
    ...readdirSync(settingsFolder)
      .filter((name) => /^Pulumi\.[\w.-]+\.ya?ml$/u.test(name))
      .map((name) => join(settingsFolder, name)),
  ];
  const named = environments.flatMap(certificatesOf);
  const files = [...new Set([...own, ...named])].sort();
  const found = files.filter((file) => existsSync(file));
  requireOwnNames(found, folder);
  const project = found.map((file) => ({ name: nameOf(file, folder), content: readFileSync(file) }));
  const hash = createHash("sha256");
  for (const { name, content } of project) hash.update(`${name}\0${String(content.length)}\0`).update(content);
  return { project, missing: files.filter((file) => !found.includes(file)), digest: hash.digest("hex") };
}

/** Where it lies in the kit: as it does in the project. One from elsewhere has to be put back there, and keeps its path for that. */
function nameOf(file: string, folder: string): string {
  const inside = relative(folder, file);
  if (!inside.startsWith("..")) return `project/${inside}`;
  return `elsewhere/${inside.replace(/^(?:\.\.\/)+/u, "")}`;
}

/** Unpacked, one of two would lie over the other. @throws CommandError (2) */
function requireOwnNames(files: readonly string[], folder: string): void {
  const [twice] = [...groupBy(files, (file) => nameOf(file, folder)).values()].filter(({ length }) => length > 1);
  if (twice === undefined) return;
  throw usageError(
    `${twice.join(" and ")} would have one name in a kit`,
    "rename one of them, and name it in the settings",
  );
}

function certificatesOf(environment: LoadedEnvironment): string[] {
  const { proxmox, offsite, stateStore, guests } = environment.settings;
  const wal = guests.flatMap(({ data }) =>
    data.flatMap((source) => (source.kind === "postgres" ? source.pointInTime?.store?.ca : undefined)),
  );
  const names = [
    proxmox.trust.kind === "ca" ? proxmox.trust.file : undefined,
    offsite?.ca,
    stateStore?.kind === "service" ? stateStore.ca : undefined,
    stateStore?.copies.offsite?.ca,
    ...wal,
  ];
  return names.flatMap((name) => (name === undefined ? [] : [environment.path(name)]));
}

/** The program's name in a kit. */
export const programName = "lifeboat.cjs";

/** The program that is running, which is one file. @throws CommandError (2) where it is something else */
export function readProgram({ io }: Pick<CommandContext, "io">): PackedFile {
  const path = programPath(io);
  if (!isOneFile(path)) {
    throw usageError(`${path} is not the program as one file`, "run dist/lifeboat.cjs, which npm ci makes");
  }
  return { name: programName, content: readFileSync(path), executable: true };
}

/** Whether the program that is running can be put into a kit. */
export function canCarryProgram({ io }: Pick<CommandContext, "io">): boolean {
  return isOneFile(programPath(io));
}

function programPath({ workingDirectory, program }: CommandContext["io"]): string {
  const path = resolve(workingDirectory, program);
  // On PATH it is a link.
  return existsSync(path) ? realpathSync(path) : path;
}

function isOneFile(path: string): boolean {
  return path.endsWith(".cjs") && existsSync(path);
}
