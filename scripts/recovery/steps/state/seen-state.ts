import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { SeenState } from "../../../../site/state-copies/freshness";
import type { StoredObject } from "../../../clients/object-store/object-store";
import { makePrivateFolder, writeDurably } from "../../../machine/durable-file";
import type { StateFolder } from "../../engine/state-folder";

const seenSchema = z.object({ at: z.number(), modified: z.number(), object: z.string(), size: z.number() });

/**
 * Writes down what an environment's state in the store was when a command looked, or has written it, so that later, when the store does not
 * answer, a copy can be told from what is lost without it. A command does not fail because it cannot be written.
 */
export function rememberSeen(folder: StateFolder, { key, modified, size }: StoredObject): void {
  const seen: SeenState = { at: Date.now(), modified, object: key, size };
  try {
    makePrivateFolder(folder.path);
    writeDurably(seenFile(folder), `${JSON.stringify(seen)}\n`);
  } catch {
    // The copy is then compared with what was seen before.
  }
}

/** What the store last showed on this machine; undefined when nobody has looked yet. */
export function lastSeen(folder: StateFolder): SeenState | undefined {
  try {
    return seenSchema.parse(JSON.parse(readFileSync(seenFile(folder), "utf8")));
  } catch {
    return undefined;
  }
}

/** Where it is written down. */
export function seenFile({ path }: StateFolder): string {
  return join(path, "state-seen.json");
}
