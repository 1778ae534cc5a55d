import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { makePrivateFolder } from "../../machine/durable-file";

/** What a drill has found of a dump. */
export interface DumpProof {
  readonly guest: string;
  readonly source: string;
  readonly dump: string;
  readonly proven: boolean;
  /** ISO 8601, by the clock of the machine that held the drill. */
  readonly at: string;
  readonly seconds: number;
  readonly reasons: readonly string[];
}

/** Adds it to the history of the site, one line each, beside that of guests. The guest itself knows the last one of any machine. */
export function addDumpProof(folder: string, proof: DumpProof): void {
  makePrivateFolder(folder);
  appendFileSync(join(folder, "dump-drills.ndjson"), `${JSON.stringify(proof)}\n`, { mode: 0o600 });
}
