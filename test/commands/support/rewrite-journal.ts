import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type JournalContents, journalSchema } from "../../../scripts/recovery/engine/journal-contents";

/**
 * Puts another text in the place of the newest journal of a state folder: one as an earlier version of Lifeboat wrote it,
 * with the ids, times and digests of this run.
 */
export function rewriteJournal(stateFolder: string, write: (found: JournalContents) => unknown): void {
  const newest = readdirSync(stateFolder)
    .filter((name) => /^\w+-\d{8}T\d{9}(?:-\d+)?\.json$/u.test(name))
    .sort((a, b) => (a.split("-").at(-1) ?? "").localeCompare(b.split("-").at(-1) ?? ""))
    .at(-1);
  if (newest === undefined) throw new Error(`There is no journal in ${stateFolder}.`);
  const path = join(stateFolder, newest);
  const found = journalSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  writeFileSync(path, JSON.stringify(write(found), undefined, 2));
}
