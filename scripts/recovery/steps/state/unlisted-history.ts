import { parseHistoryKey } from "../../../../site/state/state-keys";
import { readObject } from "./read-object";
import type { StateAccess } from "./state-access";

/**
 * Updates of a stack that are there, where its history is listed as empty. A list can be wrong; of what `pulumi stack rm` has removed, the
 * store says by name that it is gone.
 *
 * @param keys of objects that were there once. @returns numbers that Pulumi gave the updates
 * @throws StoreError
 */
export async function unlistedUpdates({ store, place }: StateAccess, keys: Iterable<string>): Promise<Set<string>> {
  const there = new Set<string>();
  for (const key of new Set(keys)) {
    const update = parseHistoryKey(place, key)?.nanos;
    if (update === undefined || there.has(update)) continue;
    if ((await readObject(store, key)) !== "absent") there.add(update);
  }
  return there;
}
