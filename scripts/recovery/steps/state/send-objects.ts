import type { ObjectStore, StoredObject, WriteCondition } from "../../../clients/object-store/object-store";
import { runBounded } from "../../../machine/bounded";
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

/** Copies objects under their own keys, several at a time, and reads each back. @throws SendDamaged, StoreError */
export async function sendObjects(
  objects: readonly StoredObject[],
  from: ObjectStore,
  to: ObjectStore,
  { signal, progress }: { readonly signal: AbortSignal; readonly progress: (text: string) => void },
): Promise<void> {
  let sent = 0;
  await runBounded(objects, sendBounds, async ({ key }) => {
    signal.throwIfAborted();
    await writeChecked(to, key, await from.read(key));
    sent += 1;
    progress(`${String(sent)} of ${String(objects.length)} objects of its history`);
  });
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
