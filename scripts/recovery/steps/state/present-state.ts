import type { StoredObject } from "../../../clients/object-store/object-store";
import { type Checkpoint, parseCheckpoint } from "../../../../site/state/checkpoint";
import { type StateAccess, sha256Of } from "./state-access";
import { presentForm, checkpointStem } from "../../../../site/state/state-keys";
import { unpack } from "../../../clients/unpack";
import { problemOf, explained } from "./read-points";

/** The present checkpoint, whatever it holds. */
export interface PresentCheckpoint {
  readonly object: StoredObject;
  readonly content: Buffer;
  readonly sha256: string;
  /** Undefined where it is damaged; then `problem` says how. */
  readonly checkpoint: Checkpoint | undefined;
  readonly problem: string | undefined;
}

/** The present checkpoint; undefined where the stack was removed. @throws StoreError */
export async function readPresentCheckpoint(access: StateAccess): Promise<PresentCheckpoint | undefined> {
  const { store, place } = access;
  const object = presentForm(place, await store.list(`${checkpointStem(place)}.json`));
  if (object === undefined) return undefined;
  const content = await store.read(object.key);
  const base = { object, content, sha256: sha256Of(content) };
  try {
    return { ...base, checkpoint: parseCheckpoint(await unpack(content)), problem: undefined };
  } catch (error) {
    const problem = problemOf(error);
    if (problem === undefined) throw explained(error);
    return { ...base, checkpoint: undefined, problem };
  }
}
