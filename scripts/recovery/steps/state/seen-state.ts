import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { SeenState } from "../../../../site/state-copies/freshness";
import type { StoredObject } from "../../../clients/object-store/object-store";
import { hasCode } from "../../../machine/error-code";
import { makePrivateFolder, writeDurably } from "../../../machine/durable-file";
import type { StateFolder } from "../../engine/state-folder";

const seenSchema = z.object({
  at: z.number(),
  modified: z.number(),
  object: z.string(),
  size: z.number(),
  sha256: z.string().optional(),
});

/**
 * Writes down what an environment's state in the store was when a command looked, or has written it, so that later, when the store does not
 * answer, a copy can be told from what is lost without it. A command does not fail because it cannot be written.
 */
export function rememberSeen(
  folder: StateFolder,
  { key, modified, size }: StoredObject,
  sha256: string | undefined,
): void {
  const seen: SeenState = { at: Date.now(), modified, object: key, size, sha256 };
  try {
    makePrivateFolder(folder.path);
    writeDurably(seenFile(folder), `${JSON.stringify(seen)}\n`);
  } catch {
    // The copy is then compared with what was seen before.
  }
}

/**
 * What the store last showed on this machine; undefined when nobody has looked yet. Of a file that was cut off only its own
 * time is known: somebody looked then, so that only what the store was written with later is newer.
 *
 * @throws Error for one that may not be read
 */
export function lastSeen(folder: StateFolder): SeenState | undefined {
  const file = seenFile(folder);
  try {
    const seen = seenSchema.safeParse(parsed(readFileSync(file, "utf8")));
    if (seen.success) return seen.data;
    const { mtimeMs } = statSync(file);
    return { at: mtimeMs, modified: mtimeMs, object: "", size: 0 };
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Where it is written down. */
export function seenFile({ path }: StateFolder): string {
  return join(path, "state-seen.json");
}
