import { existsSync, symlinkSync } from "node:fs";
import { basename } from "node:path";
import { hasCode } from "../../machine/error-code";
import { createExclusively, readIfThere } from "../../machine/exclusive-file";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { NewProject } from "./place";

/** A file that is made whole or not at all, and never in the place of another. */
export interface NewFile {
  readonly path: string;
  readonly text: string;
}

/** @throws CommandError (13) where another one is there meanwhile */
export function writeNew({ path, text }: NewFile): void {
  if (createExclusively(path, text, 0o644) || readIfThere(path) === text) return;
  throw new CommandError(`${path} is there already, and is never written over`, {
    exitCode: exitCodes.refused,
    hint: `look at it; lifeboat init with another name makes settings beside ${basename(path)}`,
  });
}

/** `Pulumi.yaml` last: with it the folder is a project. */
export function writeProject({ file, text, link, target }: NewProject): void {
  try {
    if (!existsSync(link)) symlinkSync(target, link);
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
  }
  writeNew({ path: file, text });
}
