import { randomUUID } from "node:crypto";
import { copyFileSync, linkSync, renameSync, rmSync } from "node:fs";

/** A hard link takes no space and outlives the original; where it is not possible the file is copied. */
export function linkOrCopy(source: string, target: string): void {
  try {
    linkSync(source, target);
  } catch {
    copyFileSync(source, target);
  }
}

/** Puts something new in the place of a file in one step: who looks sees the old or the new. */
export function replaceFile(file: string, write: (draft: string) => void): void {
  const draft = `${file}.${randomUUID()}`;
  write(draft);
  renameSync(draft, file);
  // Two links to the same file stay both: a rename does nothing then.
  rmSync(draft, { force: true });
}
