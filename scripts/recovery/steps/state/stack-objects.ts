import { parseHistoryEntry, type UpdateInfo } from "../../../../site/state/history-entry";
import {
  checkpointKeys,
  checkpointStem,
  type HistoryKey,
  historyPrefix,
  lockPrefix,
  parseHistoryKey,
  savedPrefix,
} from "../../../../site/state/state-keys";
import type { StoredObject } from "../../../clients/object-store/object-store";
import { unpack } from "../../../clients/unpack";
import { presentObject } from "./present-object";
import { explained, problemOf } from "./read-points";
import type { StateAccess } from "./state-access";

/** What a place holds of a stack, as a listing shows it. */
export interface StackObjects {
  /** The present checkpoint. Undefined: the stack has no state here. */
  readonly present: StoredObject | undefined;
  /** Every form of it that is listed, such as `.json` and `.json.gz`. */
  readonly forms: readonly StoredObject[];
  /** Tags of the stack. */
  readonly tags: StoredObject | undefined;
  readonly history: readonly StoredObject[];
  /** States that Lifeboat saved. */
  readonly saved: readonly StoredObject[];
  readonly locks: readonly StoredObject[];
}

export async function listStack(access: StateAccess): Promise<StackObjects> {
  const { store, place } = access;
  const stem = checkpointStem(place);
  const prefixes = [`${stem}.`, historyPrefix(place), savedPrefix(place), lockPrefix(place)];
  const [stacks = [], history = [], saved = [], locks = []] = await Promise.all(
    prefixes.map((prefix) => store.list(prefix)),
  );
  return {
    present: await presentObject(access, stacks),
    forms: stacks.filter(({ key }) => checkpointKeys(place).includes(key)),
    tags: stacks.find(({ key }) => key === `${stem}.pulumi-tags`),
    history: history.filter(({ key }) => parseHistoryKey(place, key) !== undefined),
    saved,
    locks,
  };
}

/** Nanoseconds of the newest entry of a history; undefined where it has none. */
export function newestEntry({ place }: StateAccess, { history }: Pick<StackObjects, "history">): string | undefined {
  const all = history.flatMap(({ key }) => parseHistoryKey(place, key)?.nanos ?? []);
  return all.reduce<string | undefined>((best, nanos) => (isLater(nanos, best) ? nanos : best), undefined);
}

/** Whether the newest update of a history is in no other one: what has come of the other does not know of it. */
export function hasLater(
  access: StateAccess,
  objects: Pick<StackObjects, "history">,
  other: Pick<StackObjects, "history">,
): boolean {
  const newest = newestEntry(access, objects);
  return newest !== undefined && !other.history.some(({ key }) => parseHistoryKey(access.place, key)?.nanos === newest);
}

function isLater(nanos: string, than: string | undefined): boolean {
  return than === undefined || BigInt(nanos) > BigInt(than);
}

/** The state with which an update ended; undefined where it is not listed. @param nanos the name of its entry */
export function checkpointOfEntry(
  access: StateAccess,
  objects: Pick<StackObjects, "history">,
  nanos: string,
): StoredObject | undefined {
  return halfOf(access, objects, nanos, "checkpoint");
}

function halfOf(
  { place }: StateAccess,
  { history }: Pick<StackObjects, "history">,
  nanos: string,
  half: HistoryKey["half"],
): StoredObject | undefined {
  return history.find(({ key }) => {
    const parsed = parseHistoryKey(place, key);
    return parsed?.half === half && parsed.nanos === nanos;
  });
}

/** What the newest entry of a history says; undefined where there is none, or where it cannot be read. */
export async function lastUpdate(
  access: StateAccess,
  objects: Pick<StackObjects, "history">,
): Promise<UpdateInfo | undefined> {
  const newest = newestEntry(access, objects);
  const found = newest === undefined ? undefined : halfOf(access, objects, newest, "history");
  if (found === undefined) return undefined;
  try {
    return parseHistoryEntry(await unpack(await access.store.read(found.key)));
  } catch (error) {
    if (problemOf(error) !== undefined) return undefined;
    throw explained(error);
  }
}
