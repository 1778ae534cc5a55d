import { type Checkpoint, parseCheckpoint } from "../../../../site/state/checkpoint";
import { checkpointStem, type Compression, compressionOf, qualifiedName } from "../../../../site/state/state-keys";
import { type StoredObject, UnreadableObject } from "../../../clients/object-store/object-store";
import { unpack } from "../../../clients/unpack";
import { presentObject } from "./present-object";
import { explained, problemOf } from "./read-points";
import { sha256Of, type StateAccess } from "./state-access";

/** The object of a stack's present checkpoint, as it lies in its place. */
interface PresentObject {
  readonly object: StoredObject;
  readonly content: Buffer;
  readonly sha256: string;
  readonly compression: Compression;
}

/** The present state of a stack. */
export interface PresentState extends PresentObject {
  readonly checkpoint: Checkpoint;
  /** When Pulumi made it, milliseconds since 1970. */
  readonly made: number | undefined;
  readonly problem: undefined;
}

/** What lies in its place and is none: it is damaged, or another stack's. */
export interface DamagedState extends PresentObject {
  readonly checkpoint: undefined;
  readonly problem: string;
}

/** What lies in its place and cannot be read: nobody knows what it is. */
export interface UnreadableState {
  readonly object: StoredObject;
  readonly content: undefined;
  readonly sha256: undefined;
  readonly checkpoint: undefined;
  readonly problem: string;
}

/** What lies in the place of the present state. */
export type FoundState = PresentState | DamagedState | UnreadableState;

/** The present state; undefined where the stack has none. @throws StoreError */
export async function findPresent(access: StateAccess): Promise<FoundState | undefined> {
  const { store, place } = access;
  const object = await presentObject(access, await store.list(`${checkpointStem(place)}.json`));
  return object && readPresent(access, object);
}

/** Reads the present state by its object. @throws NoSuchObject when it is gone meanwhile, StoreError */
export async function readPresent({ store, place }: StateAccess, object: StoredObject): Promise<FoundState> {
  const content = await contentOf(store, object);
  if (typeof content === "string") {
    return { object, content: undefined, sha256: undefined, checkpoint: undefined, problem: content };
  }
  const base = { object, content, sha256: sha256Of(content), compression: compressionOf(content) };
  try {
    const checkpoint = parseCheckpoint(await unpack(content));
    const { stack, manifest } = checkpoint;
    const wanted = qualifiedName(place);
    if (stack !== wanted) {
      return { ...base, checkpoint: undefined, problem: `it is the state of ${stack}, and not of ${wanted}` };
    }
    const made = manifest.time === undefined ? Number.NaN : Date.parse(manifest.time);
    return { ...base, checkpoint, made: Number.isNaN(made) ? undefined : made, problem: undefined };
  } catch (error) {
    const problem = problemOf(error);
    if (problem === undefined) throw explained(error);
    return { ...base, checkpoint: undefined, problem };
  }
}

/** A text where it cannot be read: why. */
async function contentOf(store: StateAccess["store"], { key }: StoredObject): Promise<Buffer | string> {
  try {
    return await store.read(key);
  } catch (error) {
    if (error instanceof UnreadableObject) return problemOf(error) ?? error.message;
    throw error;
  }
}
