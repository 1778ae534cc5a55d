import { StoreError } from "../../../clients/object-store/object-store";
import { CommandError } from "../../../terminal/command-error";
import { exitCodes } from "../../../terminal/exit-codes";
import { changed } from "./changed";
import { readObject } from "./read-object";
import { requireWritten, writeChecked } from "./send-objects";
import { compressionOf, savedKey } from "../../../../site/state/state-keys";
import type { FoundState } from "./present-state";
import { sha256Of, type StateAccess } from "./state-access";

/**
 * Writes an object in the place of one that cannot be read. A store may be unable to write over it, too: MinIO reads the
 * metadata of an object before every write. Then the old one is forced away first; nobody could read it any more.
 *
 * @throws CommandError (13) when it can be read after all, (14) when it cannot be removed; StoreError
 */
export async function replaceUnreadable(access: StateAccess, key: string, content: Buffer): Promise<void> {
  // Once the new one is there, nothing is removed any more: that it cannot be read back either would not be mended by it.
  if (await canBeWritten(access, key, content)) return requireWritten(access.store, key, content);
  await discardUnreadable(access, key);
  await writeChecked(access.store, key, content, { ifNoneMatch: true });
}

async function canBeWritten({ store }: StateAccess, key: string, content: Buffer): Promise<boolean> {
  try {
    await store.write(key, content);
    return true;
  } catch (error) {
    // As MinIO refuses where it cannot read what is there; whoever may not write there has no reason to remove it.
    if (error instanceof StoreError && error.kind === "unreachable") return false;
    throw error;
  }
}

/** Removes an object that cannot be read, with every version of it. @throws CommandError (13, 14) */
export async function discardUnreadable(access: StateAccess, key: string): Promise<void> {
  if ((await readObject(access.store, key)) !== "unreadable") throw changed(key);
  const store = (await access.root?.()) ?? access.store;
  try {
    await (store.discard?.(key) ?? store.remove(key));
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    const advice =
      "whoever runs the store has to remove it with every version, its folder among the data of the server; then the same command again";
    throw new CommandError(`${key} can be neither read nor removed: ${error.message}; ${advice}`, {
      exitCode: exitCodes.unavailable,
    });
  }
}

/** A state that is none makes room for another; what can be read of it is kept. */
export async function replaceUnusable(
  to: StateAccess,
  { object, content: old }: FoundState,
  key: string,
  content: Buffer,
): Promise<void> {
  const { store, place } = to;
  if (old === undefined) {
    if (object.key !== key) await discardUnreadable(to, object.key);
    return replaceUnreadable(to, key, content);
  }
  const before = sha256Of(content).slice(0, 10);
  await writeChecked(store, savedKey(place, { time: Date.now(), before }, compressionOf(old)), old);
  const condition = object.key === key && object.etag !== undefined ? { ifMatch: object.etag } : undefined;
  await writeChecked(store, key, content, condition);
  if (object.key !== key) await store.remove(object.key);
}
