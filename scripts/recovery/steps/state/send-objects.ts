import {
  type ObjectStore,
  type StoredObject,
  UnreadableObject,
  type WriteCondition,
} from "../../../clients/object-store/object-store";
import { runBounded } from "../../../machine/bounded";
import type { Finding } from "../../engine/step";
import type { StackObjects } from "./stack-objects";

/** What was written does not read back: a disk or a service that loses data. */
class SendDamaged extends Error {
  override readonly name = "SendDamaged";
}

/** Objects that are on their way at the same time. */
const parallel = 8;

export const sendBounds = { parallel, perKey: parallel, keyOf: () => "" };

/**
 * Entries of the history and saved states of one place that another does not have. They never change: what is there in its
 * length is the same.
 */
export function missingFrom(there: StackObjects, wanted: StackObjects): StoredObject[] {
  const known = new Map([...there.history, ...there.saved].map(({ key, size }) => [key, size]));
  return [...wanted.history, ...wanted.saved].filter(({ key, size }) => known.get(key) !== size);
}

/**
 * Copies objects under their own keys, several at a time, and reads each back. One that cannot be read where it lies keeps
 * none of the others back.
 *
 * @returns keys of those that cannot be read
 * @throws SendDamaged, StoreError
 */
export async function sendObjects(
  objects: readonly StoredObject[],
  from: ObjectStore,
  to: ObjectStore,
  { signal, progress }: { readonly signal: AbortSignal; readonly progress: (text: string) => void },
): Promise<string[]> {
  let sent = 0;
  const unreadable: string[] = [];
  await runBounded(objects, sendBounds, async ({ key }) => {
    signal.throwIfAborted();
    const content = await readable(from, key);
    if (content === undefined) return void unreadable.push(key);
    await writeChecked(to, key, content);
    sent += 1;
    progress(`${String(sent)} of ${String(objects.length)} objects of its history`);
  });
  return unreadable.sort();
}

/** Undefined for an object that is there and cannot be read. */
async function readable(store: ObjectStore, key: string): Promise<Buffer | undefined> {
  try {
    return await store.read(key);
  } catch (error) {
    if (error instanceof UnreadableObject) return undefined;
    throw error;
  }
}

/** What somebody is told of objects that {@link sendObjects} could not read. */
export function unreadableFindings(keys: readonly string[], { place }: Pick<ObjectStore, "place">): Finding[] {
  const text = `${keys.length === 1 ? "an object" : `${String(keys.length)} objects`} of its history cannot be read in ${place}, and did not come along: ${keys.slice(0, 5).join(", ")}${keys.length > 5 ? ", …" : ""}`;
  return keys.length === 0 ? [] : [{ severity: "problem", text }];
}

/** Writes and reads back. @throws SendDamaged, ConditionFailed, StoreError */
export async function writeChecked(
  store: ObjectStore,
  key: string,
  content: Buffer,
  condition?: WriteCondition,
): Promise<void> {
  await store.write(key, content, condition);
  if (!(await store.read(key)).equals(content)) {
    throw new SendDamaged(`${key} does not read back as it was written (${store.place})`);
  }
}
