import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { ObjectRef, PointCandidate, PointDetails } from "../../../../site/state/restore-points";
import { digestOf } from "../../engine/digest";
import { makePrivateFolder, writeDurably } from "../../../machine/durable-file";
import type { StateAccess } from "./state-access";

const detailsSchema: z.ZodType<PointDetails> = z.object({
  update: z
    .object({
      kind: z.string(),
      message: z.string(),
      result: z.string(),
      startTime: z.number(),
      endTime: z.number(),
      changes: z.record(z.string(), z.number()),
      commit: z.string().exactOptional(),
    })
    .exactOptional(),
  sha256: z.string().exactOptional(),
  resources: z.number().exactOptional(),
  managed: z.number().exactOptional(),
  pending: z.array(z.object({ urn: z.string(), type: z.string() })).exactOptional(),
  problem: z.string().exactOptional(),
  foreign: z.object({ text: z.string().nullable(), by: z.string() }).exactOptional(),
});

/** So many points that are gone are kept in mind: those of a listing with versions, for the next one. */
const spare = 1_000;

const lineSchema = z.object({ name: z.string(), details: detailsSchema });

/**
 * What reading restore points has told, in one file of the state folder, so that thousands of them are listed again
 * without being read again. An object of Pulumi's history never changes under its name; a name here also holds size and
 * time, so that another content is noticed. Losing the file costs time and nothing else.
 */
export class PointsCache {
  private readonly path: string;
  private known: Map<string, PointDetails> | undefined;
  private changed = false;

  constructor(
    private readonly folder: string,
    { store, place }: StateAccess,
  ) {
    this.path = join(folder, `points-${digestOf([store.place, place]).slice(0, 16)}.jsonl`);
  }

  get(candidate: PointCandidate): PointDetails | undefined {
    const known = this.lines().get(nameOf(candidate));
    // A version before wrote less of it.
    return known?.resources !== undefined && known.managed === undefined ? undefined : known;
  }

  /** Keys of objects that were there when somebody listed them. */
  keys(): string[] {
    const names = [...this.lines().keys()].flatMap((name) => name.split(" "));
    return names.flatMap((name) => (name.includes("@") ? [name.slice(0, name.lastIndexOf("@"))] : []));
  }

  set(candidate: PointCandidate, details: PointDetails): void {
    this.lines().set(nameOf(candidate), details);
    this.changed = true;
  }

  /** Writes down what was learnt. Points that are gone are forgotten when they have become many. */
  save(present: readonly PointCandidate[]): void {
    if (!this.changed) return;
    makePrivateFolder(this.folder);
    const known = this.lines();
    const names = known.size > 2 * present.length + spare ? new Set(present.map(nameOf)) : undefined;
    const lines = [...known].filter(([name]) => names?.has(name) ?? true);
    writeDurably(this.path, lines.map(([name, details]) => `${JSON.stringify({ name, details })}\n`).join(""));
    this.changed = false;
  }

  private lines(): Map<string, PointDetails> {
    return (this.known ??= readLines(this.path));
  }
}

function nameOf({ state, entry }: PointCandidate): string {
  return [state, entry].map(nameOfObject).join(" ");
}

function nameOfObject(object: ObjectRef | undefined): string {
  if (object === undefined) return "-";
  const { key, versionId, size, modified, etag } = object;
  return `${key}@${versionId ?? ""}:${String(size)}:${etag ?? String(modified)}`;
}

/** Lines that are not understood are left out: the points are then read again. */
function readLines(path: string): Map<string, PointDetails> {
  const known = new Map<string, PointDetails>();
  for (const line of textOf(path).split("\n")) {
    const parsed = lineSchema.safeParse(jsonOf(line));
    if (parsed.success) known.set(parsed.data.name, parsed.data.details);
  }
  return known;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
