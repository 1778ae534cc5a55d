import { type CopyMarker, markerKey, parseMarker } from "../../../../../site/state-copies/copy-marker";
import { clockSkew, isNewerThanCopy, type SeenState } from "../../../../../site/state-copies/freshness";
import { millisecondsOf } from "../../../../../site/state/state-keys";
import { NoSuchObject } from "../../../../clients/object-store/object-store";
import { type FoundState, type PresentState, readPresent } from "../present-state";
import { readableDigest, readObject } from "../read-object";
import { checkpointOfEntry, lastUpdate, listStack, newestEntry, type StackObjects } from "../stack-objects";
import type { StateAccess } from "../state-access";

/** What a place holds of a copy, and what the copy says of itself. */
export interface CopyObjects extends StackObjects {
  /** Undefined: it says nothing, or nothing that can be read. */
  readonly marker: CopyMarker | undefined;
}

/** What a copy says beside itself; undefined where it says nothing. */
export async function markerIn({ store }: Pick<StateAccess, "store">): Promise<CopyMarker | undefined> {
  try {
    return parseMarker((await store.read(markerKey)).toString("utf8"));
  } catch (error) {
    if (error instanceof NoSuchObject) return undefined;
    throw error;
  }
}

/**
 * What a place holds of a copy. Of several forms of the state the one that the copy says it is, and not the one that was
 * written last: a copier writes it at any time.
 */
export async function listCopy(access: StateAccess): Promise<CopyObjects> {
  const objects = await listStack(access);
  const text = await readObject(access.store, markerKey);
  const marker = typeof text === "string" ? undefined : parseMarker(text.toString("utf8"));
  const own = objects.forms.find(({ key }) => key === marker?.checkpoint.object);
  const isOwn =
    objects.forms.length > 1 &&
    own !== undefined &&
    (await readableDigest(access.store, own.key)) === marker?.checkpoint.sha256;
  return { ...objects, present: isOwn ? own : objects.present, marker };
}

/** The state in a copy; undefined where it has none. @throws StoreError */
export async function findCopied(access: StateAccess): Promise<FoundState | undefined> {
  const { present } = await listCopy(access);
  return present && readPresent(access, present);
}

/** What a copy is: by what it says, and by what is in it. */
export async function copyFacts(access: StateAccess, objects: CopyObjects, present: PresentState) {
  const { marker } = objects;
  const update = await lastUpdate(access, objects);
  const own = marker?.checkpoint.sha256 === present.sha256 ? marker : undefined;
  const { object, content, sha256, made, checkpoint } = present;
  return {
    object: object.key,
    sha256,
    /** Bytes. */
    size: content.length,
    /** When it was copied, and when Pulumi made it, milliseconds since 1970. What is still to come is not known. */
    time: own !== undefined && own.time <= Date.now() + clockSkew ? own.time : undefined,
    made,
    duringUpdate: own?.duringUpdate === true || checkpoint.pending.length > 0,
    update,
    /**
     * With what the store is compared. Without its own marker nobody knows when the store had this state: what was written
     * later than it was made is newer.
     */
    compared: own?.checkpoint ?? {
      object: object.key,
      size: content.length,
      sha256,
      modified: made ?? object.modified,
    },
    /** Digest of the state that lay there before this one, which Pulumi has made later; undefined where it is not known. */
    followed: own === undefined && isLater(made, marker?.checkpoint.made) ? marker?.checkpoint.sha256 : undefined,
    laterUpdate: await laterUpdate(access, objects, present),
  };
}

/**
 * Since when a copy is not what the store had last: by what this machine has seen there, and by the copy's own history.
 *
 * @returns milliseconds since 1970; undefined: nothing newer is known.
 */
export function staleSince(
  { compared, followed, laterUpdate }: Awaited<ReturnType<typeof copyFacts>>,
  seen: SeenState | undefined,
): number | undefined {
  const hasFollowed = followed !== undefined && followed === seen?.sha256;
  const isOlder = seen !== undefined && !hasFollowed && isNewerThanCopy(seen, { checkpoint: compared }, Date.now());
  return isOlder ? seen.modified : laterUpdate;
}

/**
 * When the newest update of a copy's history ended, where the state beside it knows nothing of it: a run that stopped half-way
 * leaves this. Undefined where the state is that update's or a later one, or where somebody has gone back on purpose, in the
 * store: then the marker names that update, or what it ended with was saved.
 */
export async function laterUpdate(
  access: StateAccess,
  objects: CopyObjects,
  { sha256, made }: PresentState,
): Promise<number | undefined> {
  const { marker, saved } = objects;
  const newest = newestEntry(access, objects);
  if (newest === undefined || (marker?.checkpoint.sha256 === sha256 && marker.newest === newest)) return undefined;
  const object = checkpointOfEntry(access, objects, newest);
  const state = object && (await readPresent(access, object));
  if (state?.checkpoint === undefined || state.sha256 === sha256 || !isLater(state.made, made)) return undefined;
  for (const { key } of saved) {
    if ((await readableDigest(access.store, key)) === state.sha256) return undefined;
  }
  return millisecondsOf(newest);
}

function isLater(one: number | undefined, other: number | undefined): boolean {
  return one !== undefined && other !== undefined && one > other;
}
