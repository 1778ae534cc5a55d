import { randomUUID } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hasCode } from "./error-code";

/**
 * Makes a file that only one process can have made: a link appears with its content in one step, and never over another
 * file.
 *
 * @param mode who may read it, less what the process's mask takes. Default: only its owner.
 * @returns false when there is one already.
 */
export function createExclusively(path: string, content: string, mode = 0o600): boolean {
  const draft = `${path}.${randomUUID()}`;
  writeFileSync(draft, content, { mode, flag: "wx" });
  try {
    return tryLink(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * Moves away a file whose maker is gone. Moved and looked at again, not deleted: between reading and deleting a third
 * process may have put its own there, which is put back.
 */
export function takeAway(path: string, isAbandoned: (content: string | undefined) => boolean): void {
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return;
    throw error;
  }
  if (!isAbandoned(readIfThere(aside))) tryLink(aside, path);
  rmSync(aside, { force: true });
}

/** Text of a file; undefined where there is none. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  }
}
