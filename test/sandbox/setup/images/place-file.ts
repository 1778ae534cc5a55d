import { copyFileSync, existsSync, linkSync, mkdirSync, renameSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** Puts a file at a place on a node: a hard link where both lie on one file system, else a copy. */
export function placeFile(file: string, place: string): void {
  if (existsSync(place)) return;
  mkdirSync(dirname(place), { recursive: true });
  try {
    linkSync(file, place);
  } catch {
    const temporary = join(dirname(place), `.${basename(place)}.new`);
    copyFileSync(file, temporary);
    renameSync(temporary, place);
  }
}
