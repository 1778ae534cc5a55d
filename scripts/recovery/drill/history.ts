import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { makePrivateFolder } from "../../machine/durable-file";

const proofSchema = z.object({
  guest: z.string(),
  vmid: z.number(),
  proven: z.boolean(),
  /** ISO 8601, by the clock of the machine that held the drill. */
  at: z.string(),
  reasons: z.array(z.string()),
  archive: z.string().exactOptional(),
  node: z.string().exactOptional(),
  seconds: z.number().exactOptional(),
});

/** What a drill has found out about a guest's backup. */
export type Proof = z.infer<typeof proofSchema>;

const fileName = "drills.ndjson";

/** Adds what a drill has found to the history of the site, one line each. */
export function addProof(folder: string, proof: Proof): void {
  makePrivateFolder(folder);
  appendFileSync(join(folder, fileName), `${JSON.stringify(proof)}\n`, { mode: 0o600 });
}

/** What earlier drills have found, oldest first. A line that a crash has cut off says nothing. */
export function readProofs(folder: string): Proof[] {
  const path = join(folder, fileName);
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8")
    .split("\n")
    .flatMap((line) => {
      try {
        return [proofSchema.parse(JSON.parse(line))];
      } catch {
        return [];
      }
    });
}
