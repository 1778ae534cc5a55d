import type { ObjectRef } from "../../../site/state/restore-points";
import {
  backupKeys,
  backupPrefix,
  checkpointKeys,
  checkpointStem,
  historyPrefix,
  millisecondsOf,
  parseBackupKey,
  parseHistoryKey,
  parseSavedKey,
  savedPrefix,
  type StackPlace,
} from "../../../site/state/state-keys";
import { counted } from "../../terminal/text";
import { readObject } from "../../recovery/steps/state/read-object";
import { unlistedUpdates } from "../../recovery/steps/state/unlisted-history";
import type { StackObjects } from "../../recovery/steps/state/stack-objects";
import type { StateAccess } from "../../recovery/steps/state/state-access";
import type { BadState } from "./bad-state";

/** What there is to be checked of a stack in one place. */
export interface FoundObjects {
  readonly objects: readonly ObjectRef[];
  /** What is wrong by the names alone. */
  readonly bad: readonly BadState[];
}

/**
 * Every object of a stack: all versions of those that are listed, and those that no listing shows although they are there. MinIO
 * lists nothing of which it cannot read the metadata; that such an object is there is told by its other half, or by whoever
 * has seen it: `known`. What nobody has seen nobody misses: Pulumi numbers its updates nowhere.
 *
 * @param known keys that were there once. The store may have them no more; only it can say so.
 * @throws StoreError
 */
export async function findObjects(
  access: StateAccess,
  stack: StackObjects,
  known: Iterable<string>,
  withVersions: boolean,
): Promise<FoundObjects> {
  const { place } = access;
  const listed = (await listAll(access, withVersions)).filter(({ key }) => isOfState(place, key));
  const names = new Set(listed.map(({ key }) => key));
  const hidden: ObjectRef[] = [];
  const gone: BadState[] = [];
  const ask = async (key: string): Promise<boolean> => {
    if ((await readObject(access.store, key)) === "absent") return false;
    hidden.push({ key, size: 0, modified: timeOf(place, key) ?? stack.present?.modified ?? Date.now() });
    return true;
  };
  const halves = missingHalves(place, stack);
  // Versions of one that was deleted may be listed: they are no half.
  for (const [ref, half] of halves) if (!(await ask(half))) gone.push(bad(ref, halfWords(place, half)));
  const asked = new Set([...names, ...halves.map(([, half]) => half)]);
  for (const key of new Set([...known, ...(stack.present === undefined ? [] : [stack.present.key])])) {
    if (!asked.has(key) && isOfState(place, key)) await ask(key);
  }
  return {
    objects: [...listed, ...hidden],
    bad: [...gone, ...severalForms(place, stack), ...(await lostHistory(access, stack, [...known, ...names]))],
  };
}

/** @param keys that are known, or of which versions are listed */
async function lostHistory(
  access: StateAccess,
  { history, present }: StackObjects,
  keys: Iterable<string>,
): Promise<BadState[]> {
  if (history.length > 0 || present === undefined) return [];
  const { size } = await unlistedUpdates(access, keys);
  if (size === 0) return [];
  const problem = `its history is listed as empty, and ${counted(size, "update")} of it can be read`;
  return [bad({ ...present, key: historyPrefix(access.place) }, problem)];
}

async function listAll({ store, place }: StateAccess, withVersions: boolean): Promise<ObjectRef[]> {
  const prefixes = [`${checkpointStem(place)}.json`, historyPrefix(place), backupPrefix(place), savedPrefix(place)];
  const listed: ObjectRef[] = [];
  for (const prefix of prefixes) {
    const versions = withVersions ? await store.versions?.(prefix) : undefined;
    listed.push(...(versions?.filter(({ deleteMarker }) => !deleteMarker) ?? (await store.list(prefix))));
  }
  return listed;
}

function isOfState(place: StackPlace, key: string): boolean {
  return (
    checkpointKeys(place).includes(key) ||
    backupKeys(place).includes(key) ||
    parseHistoryKey(place, key) !== undefined ||
    parseBackupKey(place, key) !== undefined ||
    parseSavedKey(place, key) !== undefined
  );
}

/** Entries of which one half is listed, with the key of the other. */
function missingHalves(place: StackPlace, { history }: StackObjects): [ObjectRef, string][] {
  const names = new Set(history.flatMap(({ key }) => nameOf(place, key) ?? []));
  return history.flatMap((object): [ObjectRef, string][] => {
    const parsed = parseHistoryKey(place, object.key);
    if (parsed === undefined) return [];
    const half = parsed.half === "history" ? "checkpoint" : "history";
    if (names.has(`${parsed.nanos}.${half}`)) return [];
    const prefix = `${historyPrefix(place)}${place.stack}-${parsed.nanos}.`;
    return [[object, object.key.replace(`${prefix}${parsed.half}`, `${prefix}${half}`)]];
  });
}

/** Name of one half of an entry, whatever its form. */
function nameOf(place: StackPlace, key: string): string | undefined {
  const parsed = parseHistoryKey(place, key);
  return parsed && `${parsed.nanos}.${parsed.half}`;
}

function halfWords(place: StackPlace, missing: string): string {
  return parseHistoryKey(place, missing)?.half === "checkpoint"
    ? "the state with which this update ended is not there"
    : "what Pulumi noted about the update that ended with this state is not there";
}

/** Of several forms of one object nobody knows which is meant: Pulumi takes the one that was written last. */
function severalForms(place: StackPlace, { forms, history }: StackObjects): BadState[] {
  const groups = new Map<string, ObjectRef[]>();
  for (const object of [...forms, ...history]) {
    const name = nameOf(place, object.key) ?? "state";
    groups.set(name, [...(groups.get(name) ?? []), object]);
  }
  return [...groups.values()].flatMap(([first, ...others]) =>
    others.length === 0 || first === undefined
      ? []
      : [bad(first, `it is there in another form, too: ${others.map(({ key }) => key).join(", ")}`)],
  );
}

/** When an object was made, by its name, milliseconds since 1970. */
function timeOf(place: StackPlace, key: string): number | undefined {
  const nanos = parseHistoryKey(place, key)?.nanos ?? parseBackupKey(place, key);
  return nanos === undefined ? parseSavedKey(place, key)?.time : millisecondsOf(nanos);
}

function bad({ key, modified }: ObjectRef, problem: string): BadState {
  return { key, versionId: null, modified, problems: [problem] };
}
