import { existsSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { hasCode } from "../machine/error-code";
import { shellQuote } from "../machine/shell-quote";
import { usageError } from "../terminal/command-error";

/** Names that Pulumi gives its project file. */
const projectFiles = ["Pulumi.yaml", "Pulumi.yml"];

export interface ProjectSearch {
  /** Folder from `--project`. */
  project: string | undefined;
  environment: Readonly<Record<string, string | undefined>>;
  workingDirectory: string;
}

/** A project's folder and its project file, both absolute. */
export interface FoundProject {
  folder: string;
  file: string;
}

/**
 * The project to work on: from `--project`, else `LIFEBOAT_PROJECT`, else the nearest folder upwards from the working
 * directory that holds a project file.
 *
 * @throws CommandError (2) when there is none, or when the folder that was named has none.
 */
export function findProject(search: ProjectSearch): FoundProject {
  const named = search.project ?? search.environment["LIFEBOAT_PROJECT"];
  if (named === undefined || named === "") return findUpwards(search.workingDirectory);
  const folder = resolve(search.workingDirectory, named);
  const origin = search.project === undefined ? "LIFEBOAT_PROJECT" : "--project";
  const file = projectFileIn(folder);
  if (file !== undefined) return { folder, file };
  throw usageError(
    existsSync(folder)
      ? `${folder} (from ${origin}) holds no Pulumi.yaml`
      : `${folder} (from ${origin}) does not exist`,
    `give the folder of the project: --project FOLDER, or export LIFEBOAT_PROJECT=FOLDER`,
  );
}

/**
 * Where a project is, or where one is to be: the folder that was named, else the nearest that holds a project file, else the
 * working directory.
 *
 * @throws CommandError (2) when the folder that was named does not exist.
 */
export function projectPlace(search: ProjectSearch): { readonly folder: string; readonly file: string | undefined } {
  const named = search.project ?? search.environment["LIFEBOAT_PROJECT"];
  if (named === undefined || named === "") {
    return nearestProject(search.workingDirectory) ?? { folder: resolve(search.workingDirectory), file: undefined };
  }
  const folder = resolve(search.workingDirectory, named);
  if (!existsSync(folder)) throw usageError(`${folder} does not exist`, `mkdir -p ${folder}`);
  return { folder, file: projectFileIn(folder) };
}

function nearestProject(start: string): FoundProject | undefined {
  for (let folder = resolve(start); ; folder = dirname(folder)) {
    const file = projectFileIn(folder);
    if (file !== undefined) return { folder, file };
    if (folder === dirname(folder)) return undefined;
  }
}

function findUpwards(start: string): FoundProject {
  const found = nearestProject(start);
  if (found !== undefined) return found;
  throw usageError(
    `neither ${start} nor a folder above it holds a Pulumi.yaml`,
    "change to the project's folder, or give it: --project FOLDER, or export LIFEBOAT_PROJECT=FOLDER; lifeboat init makes one",
  );
}

/** @throws CommandError (2) for a folder that this user may not look into: there may be a project */
function projectFileIn(folder: string): string | undefined {
  try {
    return projectFiles
      .map((name) => join(folder, name))
      .find((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
  } catch (error) {
    if (!hasCode(error, "EACCES")) throw error;
    throw usageError(
      `whether ${folder} holds a Pulumi.yaml cannot be seen: this user may not look into it, or into a folder above it`,
      `run it as the user whose project it is, or allow it; who may: namei -l ${shellQuote(folder)}`,
    );
  }
}
