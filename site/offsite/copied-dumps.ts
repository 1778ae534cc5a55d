import { type DumpName, parseDumpName } from "../data/dump-name";
import { type CopiedFiles, type ListedVersion, wholeCopies } from "./copied-files";

/** A dump as it lies elsewhere, whole: its sums were written, and they come last. */
export interface CopiedDump extends DumpName {
  /** Versions of each file, by its name; never none. Copies are written once: further ones are nobody's own. */
  readonly files: CopiedFiles;
  readonly bytes: number;
  /** What somebody has done to it since: sentences. Empty: nothing. */
  readonly doubts: readonly string[];
}

/**
 * The whole dumps of a guest among what lies below its folder.
 *
 * @param folder of the guest's dumps, without a slash at its end
 * @param versions every version below it
 * @returns by name
 */
export function copiedDumps(folder: string, versions: readonly ListedVersion[]): CopiedDump[] {
  return wholeCopies(folder, versions)
    .flatMap((copy): CopiedDump[] => {
      const dump = parseDumpName(copy.name);
      return dump === undefined || !copy.files.has("manifest.json") ? [] : [{ ...copy, ...dump }];
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
