import { checkpointKeys, presentForm } from "../../../../site/state/state-keys";
import { NoSuchObject, type StoredObject, UnreadableObject } from "../../../clients/object-store/object-store";
import type { StateAccess } from "./state-access";

/**
 * The object of a stack's present checkpoint; undefined where the store says that there is none. A listing alone does not say
 * that: MinIO leaves out what it cannot read. What the listing does not show is asked for by name.
 *
 * @param listed what the store listed of the stack.
 * @throws StoreError
 */
export async function presentObject(
  { store, place }: StateAccess,
  listed: readonly StoredObject[],
): Promise<StoredObject | undefined> {
  const found = presentForm(place, listed);
  if (found !== undefined) return found;
  for (const key of checkpointKeys(place)) {
    try {
      const { length: size } = await store.read(key);
      return { key, size, modified: Date.now() };
    } catch (error) {
      if (error instanceof NoSuchObject) continue;
      // Nobody knows when it was written.
      if (error instanceof UnreadableObject) return { key, size: 0, modified: Date.now() };
      throw error;
    }
  }
  return undefined;
}
