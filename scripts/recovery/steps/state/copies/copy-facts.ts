import { type CopyMarker, markerKey, parseMarker } from "../../../../../site/state-copies/copy-marker";
import { NoSuchObject } from "../../../../clients/object-store/object-store";
import type { PresentState } from "../present-state";
import { lastUpdate, type StackObjects } from "../stack-objects";
import type { StateAccess } from "../state-access";

/** What a copy says beside itself; undefined where it says nothing. */
export async function markerIn({ store }: Pick<StateAccess, "store">): Promise<CopyMarker | undefined> {
  try {
    return parseMarker((await store.read(markerKey)).toString("utf8"));
  } catch (error) {
    if (error instanceof NoSuchObject) return undefined;
    throw error;
  }
}

/** What a copy is: by what it says, and by what is in it. */
export async function copyFacts(access: StateAccess, objects: StackObjects, present: PresentState) {
  const marker = await markerIn(access);
  const update = await lastUpdate(access, objects);
  const own = marker?.checkpoint.sha256 === present.sha256 ? marker : undefined;
  const { object, content, sha256, made, checkpoint } = present;
  return {
    object: object.key,
    sha256,
    /** Bytes. */
    size: content.length,
    /** When it was copied, and when Pulumi made it, milliseconds since 1970. */
    time: own?.time,
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
  };
}
