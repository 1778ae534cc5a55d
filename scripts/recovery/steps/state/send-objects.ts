import { createHash } from "node:crypto";
import {
  ConditionFailed,
  type ObjectStore,
  type StoredObject,
  StoreError,
  type WriteCondition,
} from "../../../clients/object-store/object-store";
import { knowsNoConditions } from "../../../clients/object-store/s3-errors";
import { runBounded } from "../../../machine/bounded";
import { CommandError } from "../../../terminal/command-error";
import { exitCodes } from "../../../terminal/exit-codes";
import type { Finding } from "../../engine/step";
import { readObject } from "./read-object";
import type { StackObjects } from "./stack-objects";

/** What was written does not read back: a disk or a service that loses data. */
class SendDamaged extends CommandError {
  constructor(key: string, place: string, why: string) {
    super(`${key} does not read back as it was written${why} (${place})`, {
      exitCode: exitCodes.failed,
      hint: "look at the disks of the store, and at what stands between it and here; the same command can be run again",
    });
  }
}

/** Objects that are on their way at the same time. */
const parallel = 8;

export const sendBounds = { parallel, perKey: parallel, keyOf: () => "" };

/** One place of a stack, and what it holds there. */
export interface HistorySide {
  readonly store: ObjectStore;
  readonly objects: StackObjects;
}

/** Entries of the history and saved states of one place, compared with those of another. */
export interface HistoryDifference {
  /** The other place does not have them. */
  readonly missing: readonly StoredObject[];
  /** Keys of those that the other place has with another content: one of both is damaged. */
  readonly differing: readonly string[];
}

/** What became of a history that was sent. */
export interface SentHistory {
  /** How many were written. */
  readonly sent: number;
  /** Keys of those that the other place has with another content. Nothing was written there. */
  readonly differing: readonly string[];
  /** Keys of those that are there and cannot be read. */
  readonly unreadable: readonly string[];
}

/** What a history has, compared with where it is to be sent. @throws StoreError */
export async function compareHistory(from: HistorySide, to: HistorySide): Promise<HistoryDifference> {
  const known = new Map([...to.objects.history, ...to.objects.saved].map((object) => [object.key, object]));
  const all = [...from.objects.history, ...from.objects.saved];
  const missing = all.filter(({ key }) => !known.has(key));
  const differing = await runBounded(all, sendBounds, async (object) => {
    const there = known.get(object.key);
    return there === undefined || (await isSame(object, from.store, there, to.store)) ? [] : [object.key];
  });
  return { missing, differing: differing.flat() };
}

/** By their checksums, where the store tells one; else they are read. What cannot be read is not the same. */
async function isSame(one: StoredObject, from: ObjectStore, other: StoredObject, to: ObjectStore): Promise<boolean> {
  if (one.size !== other.size) return false;
  const [checksum, otherChecksum] = [await md5Of(one, from), await md5Of(other, to)];
  if (checksum !== undefined && checksum === otherChecksum) return true;
  // Not every store's checksum is that of the content.
  const [content, otherContent] = [await readObject(from, one.key), await readObject(to, other.key)];
  return typeof content !== "string" && typeof otherContent !== "string" && content.equals(otherContent);
}

async function md5Of({ key, etag = "" }: StoredObject, store: ObjectStore): Promise<string | undefined> {
  const told = /^"?([0-9a-f]{32})"?$/u.exec(etag)?.[1];
  if (told !== undefined) return told;
  const content = await readObject(store, key);
  return typeof content === "string" ? undefined : createHash("md5").update(content).digest("hex");
}

/** How far sending is, and who ends it. */
interface Sending {
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
}

/**
 * Copies what another place does not have of a history under its own keys, several objects at a time, and reads each back.
 * An entry or a saved state never changes: what is there is never overwritten, whichever of both is damaged. One that
 * cannot be read where it lies keeps none of the others back.
 *
 * @throws SendDamaged, StoreError
 */
export async function sendHistory(from: HistorySide, to: HistorySide, sending: Sending): Promise<SentHistory> {
  const { missing, differing } = await compareHistory(from, to);
  return sendMissing({ missing, differing }, from.store, to.store, sending);
}

/** {@link sendHistory} of what was compared already. @throws SendDamaged, StoreError */
export async function sendMissing(
  { missing, differing }: HistoryDifference,
  from: ObjectStore,
  to: ObjectStore,
  { signal, progress }: Sending,
): Promise<SentHistory> {
  const [refused, unreadable]: [string[], string[]] = [[], []];
  let sent = 0;
  await runBounded(missing, sendBounds, async ({ key }) => {
    signal.throwIfAborted();
    const content = await readObject(from, key);
    // Somebody has removed it meanwhile, unless it is listed for all that: then the store has lost what was in it.
    if (content === "absent" && (await isFree(from, key))) return;
    if (typeof content === "string") return void unreadable.push(key);
    if (!(await writeOnce(to, key, content))) return void refused.push(key);
    sent += 1;
    progress(`${String(sent)} of ${String(missing.length)} objects of its history`);
  });
  return { sent, differing: [...differing, ...refused].sort(), unreadable: unreadable.sort() };
}

/** Tags change: they are written anew. @returns their key where they cannot be read */
export async function sendTags({ store, objects: { tags } }: HistorySide, to: ObjectStore): Promise<string[]> {
  if (tags === undefined) return [];
  const content = await readObject(store, tags.key);
  if (content === "absent" && (await isFree(store, tags.key))) return [];
  if (typeof content === "string") return [tags.key];
  await writeChecked(to, tags.key, content);
  return [];
}

/** What an operation says about objects that differ, or that could not be read. */
export function historyFindings(
  { differing, unreadable }: Pick<SentHistory, "differing" | "unreadable">,
  from: Pick<ObjectStore, "place">,
  to: Pick<ObjectStore, "place">,
): Finding[] {
  const count = unreadable.length === 1 ? "an object" : `${String(unreadable.length)} objects`;
  const texts = [
    ...(unreadable.length === 0
      ? []
      : [`${count} of its history cannot be read in ${from.place}, and did not come along: ${named(unreadable)}`]),
    ...(differing.length === 0 ? [] : [differingText(differing, from.place, to.place)]),
  ];
  return texts.map((text) => ({ severity: "problem", text }));
}

/** Keys that are named one by one. */
const listed = 5;

function named(keys: readonly string[]): string {
  return keys.slice(0, listed).join(", ") + (keys.length > listed ? ", …" : "");
}

export function differingText(differing: readonly string[], from: string, to: string): string {
  const what =
    differing.length === 1
      ? "1 object of its history differs"
      : `${String(differing.length)} objects of its history differ`;
  return `${what} between ${from} and ${to}, so that one of the two is damaged; both stay as they are: ${named(differing)}`;
}

/**
 * Writes an object that is never replaced, and reads it back.
 *
 * @returns false where something else lies there. Nothing was written then.
 * @throws SendDamaged, StoreError
 */
export async function writeOnce(store: ObjectStore, key: string, content: Buffer): Promise<boolean> {
  try {
    await writeChecked(store, key, content, { ifNoneMatch: true });
    return true;
  } catch (error) {
    if (error instanceof StoreError && knowsNoConditions(error) && (await isFree(store, key))) {
      await writeChecked(store, key, content);
      return true;
    }
    if (!(error instanceof ConditionFailed)) throw error;
    // Another process has written it meanwhile, or the answer to the first of two tries was lost.
    const found = await readObject(store, key);
    return typeof found !== "string" && found.equals(content);
  }
}

async function isFree(store: ObjectStore, key: string): Promise<boolean> {
  return !(await store.list(key)).some((object) => object.key === key);
}

/** Writes and reads back. @throws SendDamaged, ConditionFailed, StoreError */
export async function writeChecked(
  store: ObjectStore,
  key: string,
  content: Buffer,
  condition?: WriteCondition,
): Promise<void> {
  await store.write(key, content, condition);
  await requireWritten(store, key, content);
}

/** Reads back what was written. @throws SendDamaged, StoreError */
export async function requireWritten(store: ObjectStore, key: string, content: Buffer): Promise<void> {
  const found = await readObject(store, key);
  if (found === "absent") throw new SendDamaged(key, store.place, ": it is not there");
  if (found === "unreadable") throw new SendDamaged(key, store.place, ": it cannot be read");
  if (!found.equals(content)) throw new SendDamaged(key, store.place, "");
}
