import { existsSync, lstatSync, readlinkSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { CommandContext } from "../../project/context";
import { projectPlace } from "../../project/find-project";
import { environmentNames, readPulumiProject } from "../../project/pulumi-project";
import { CommandError, usageError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";

/** Where settings are made. */
export interface InitPlace {
  readonly folder: string;
  /** The settings file of the environment. */
  readonly file: string;
  /** It is there already. */
  readonly isThere: boolean;
  /** `Pulumi.yaml`, and the link to the program in it, where the folder holds no project yet. */
  readonly project: NewProject | undefined;
}

/** A project that is to be made in an empty folder: its program is that of Lifeboat's own folder, by a link. */
export interface NewProject {
  readonly file: string;
  readonly text: string;
  readonly link: string;
  /** Lifeboat's own folder. */
  readonly target: string;
}

/** Name of the link in a project, and so the beginning of `main`. */
const linkName = "lifeboat";

const program = `${linkName}/stacks/start.cjs`;

/** @throws CommandError (2, 13) */
export function initPlace(environment: string, context: Pick<CommandContext, "io" | "project">): InitPlace {
  const { io, project: named } = context;
  const { environment: variables, workingDirectory } = io;
  const { folder, file } = projectPlace({ project: named, environment: variables, workingDirectory });
  if (file === undefined) {
    const project = newProject(folder, io.program, workingDirectory);
    return { folder, file: join(folder, `Pulumi.${environment}.yaml`), isThere: false, project };
  }
  const project = readPulumiProject({ folder, file });
  const isThere = environmentNames(project).includes(environment);
  return { folder, file: join(project.settingsFolder, `Pulumi.${environment}.yaml`), isThere, project: undefined };
}

/** @throws CommandError (2, 13) */
function newProject(folder: string, started: string, workingDirectory: string): NewProject {
  const target = programFolder(started, workingDirectory);
  const link = join(folder, linkName);
  requireNothingElse(link, target);
  return { file: join(folder, "Pulumi.yaml"), text: projectText(basename(folder)), link, target };
}

/** Lifeboat's own folder, from the bundle that was started. @throws CommandError (2) */
function programFolder(started: string, workingDirectory: string): string {
  const path = resolve(workingDirectory, started);
  const folder = existsSync(path) ? dirname(dirname(realpathSync(path))) : "";
  if (existsSync(join(folder, "stacks", "start.cjs"))) return folder;
  throw usageError(
    "this lifeboat is a single file, and the program that pulumi runs does not lie beside it",
    "use the one of a clone: npm ci and npm link there, and then lifeboat init in your folder",
  );
}

function requireNothingElse(link: string, target: string): void {
  const found = lstatSync(link, { throwIfNoEntry: false });
  if (found === undefined || (found.isSymbolicLink() && readlinkSync(link) === target)) return;
  throw new CommandError(`${link} is there already, and the project needs it as a link to ${target}`, {
    exitCode: exitCodes.refused,
    hint: "use an empty folder",
  });
}

/**
 * Pulumi keeps states by the project's name: two sites with the same one would share the states of environments that are called
 * alike.
 */
function projectText(folderName: string): string {
  const name = folderName.replaceAll(/[^A-Za-z0-9_.-]/gu, "-").slice(0, 100);
  return [
    "# Written by lifeboat init. The settings are in Pulumi.<environment>.yaml beside it; `lifeboat` is a link to the program.",
    `name: ${JSON.stringify(/^[A-Za-z]/u.test(name) ? name : `site-${name}`)}`,
    "description: Backups and disaster recovery of a Proxmox VE site, by Lifeboat",
    `main: ${program}`,
    "runtime:",
    "  name: nodejs",
    "  options:",
    "    typescript: false",
    "",
  ].join("\n");
}
