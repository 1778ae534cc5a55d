import { NoSuchObject, type ObjectStore, UnreadableObject } from "../../../clients/object-store/object-store";
import { sha256Of } from "./state-access";

/**
 * What an object holds. `absent`: the store says that there is none; `unreadable`: it is there, and a store that works otherwise
 * does not give it.
 *
 * @throws StoreError where the store cannot be asked
 */
export async function readObject(
  store: ObjectStore,
  key: string,
  versionId?: string,
): Promise<Buffer | "absent" | "unreadable"> {
  try {
    return await store.read(key, versionId);
  } catch (error) {
    if (error instanceof NoSuchObject) return "absent";
    if (error instanceof UnreadableObject) return "unreadable";
    throw error;
  }
}

/** SHA-256 of what an object holds; undefined where there is none, or where it cannot be read. @throws StoreError */
export async function readableDigest(store: ObjectStore, key: string, versionId?: string): Promise<string | undefined> {
  const found = await readObject(store, key, versionId);
  return typeof found === "string" ? undefined : sha256Of(found);
}
