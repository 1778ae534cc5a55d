import { type Checkpoint, UnreadableCheckpoint } from "../../../site/state/checkpoint";
import { integrityProblems } from "../../../site/state/integrity";
import type { ObjectRef } from "../../../site/state/restore-points";
import { ciphertextsOf } from "../../../site/state/state-diff";
import {
  backupKeys,
  backupPrefix,
  checkpointKeys,
  checkpointStem,
  historyPrefix,
  parseBackupKey,
  parseHistoryKey,
  parseSavedKey,
  savedPrefix,
  type StackPlace,
} from "../../../site/state/state-keys";
import { parseHistoryEntry } from "../../../site/state/history-entry";
import { unpack } from "../../clients/unpack";
import { runBounded } from "../../machine/bounded";
import { explained, problemOf } from "../../recovery/steps/state/read-points";
import { type LostState, lostState, type Traces } from "../../recovery/steps/state/lost-state";
import { listStack } from "../../recovery/steps/state/stack-objects";
import { readState, type StateAccess } from "../../recovery/steps/state/state-access";
import type { StateSecrets } from "../../recovery/steps/state/state-secrets";

/** A state, or a history entry, that cannot be used. */
export interface BadState {
  readonly key: string;
  readonly versionId: string | null;
  /** Milliseconds since 1970. */
  readonly modified: number;
  readonly problems: readonly string[];
}

/** What checking every state of a stack found. */
export interface StateVerification {
  /** States that were read, each version by itself. */
  readonly checked: number;
  /** Objects that are, byte by byte, one that was checked. */
  readonly copies: number;
  readonly bytes: number;
  readonly bad: readonly BadState[];
  /** Nothing was proven about secrets: why. */
  readonly notOpened: readonly string[];
  /** The present state was there, and is not. */
  readonly lost: LostState | undefined;
}

/** Objects that are read at once. */
const readsAtOnce = 6;

/**
 * Reads every version of every state of a stack and checks it: it unpacks, parses, is of this stack, dangles nowhere, and
 * the passphrase opens every secret in it. One object is in memory at a time for each reader.
 *
 * @param progress is called with how many of how many are done.
 */
export async function verifyState(
  access: StateAccess,
  secrets: StateSecrets,
  traces: Traces,
  progress: (done: number, all: number) => void,
): Promise<StateVerification> {
  const objects = await objectsOf(access);
  const lost = await lostState(access, await listStack(access), traces);
  const bad: BadState[] = [];
  const notOpened = new Set<string>();
  // The etag of a bucket is that of the content: a copy has it too.
  const good = new Set<string>();
  let [copies, bytes, done] = [0, 0, 0];
  await runBounded(objects, { parallel: readsAtOnce, perKey: readsAtOnce, keyOf: () => "" }, async (object) => {
    const name = access.store.versions === undefined || object.etag === undefined ? undefined : nameOf(access, object);
    if (name !== undefined && good.has(name)) copies += 1;
    else {
      const problems = await problemsOf(access, object, secrets, notOpened);
      bytes += object.size;
      if (problems.length > 0) bad.push(badState(object, problems));
      else if (name !== undefined) good.add(name);
    }
    done += 1;
    progress(done, objects.length);
  });
  bad.sort((a, b) => b.modified - a.modified);
  return { checked: objects.length - copies, copies, bytes, bad, notOpened: [...notOpened], lost };
}

/** Entries and states are checked in different ways. */
function nameOf({ place }: StateAccess, { key, etag }: ObjectRef): string {
  return `${parseHistoryKey(place, key)?.half ?? "state"} ${etag ?? ""}`;
}

function badState({ key, versionId, modified }: ObjectRef, problems: readonly string[]): BadState {
  return { key, versionId: versionId ?? null, modified, problems };
}

/** Every version where the store keeps them, else every object. */
async function objectsOf(access: StateAccess): Promise<ObjectRef[]> {
  const { store, place } = access;
  const prefixes = [`${checkpointStem(place)}.json`, historyPrefix(place), backupPrefix(place), savedPrefix(place)];
  const listed: ObjectRef[] = [];
  for (const prefix of prefixes) {
    const versions = await store.versions?.(prefix);
    listed.push(...(versions?.filter(({ deleteMarker }) => !deleteMarker) ?? (await store.list(prefix))));
  }
  const ofState = listed.filter(({ key }) => isOfState(place, key));
  const { present } = await listStack(access);
  // A store may list neither an object nor its versions when it cannot read it.
  return present === undefined || ofState.some(({ key }) => key === present.key) ? ofState : [...ofState, present];
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

async function problemsOf(
  access: StateAccess,
  object: ObjectRef,
  secrets: StateSecrets,
  notOpened: Set<string>,
): Promise<string[]> {
  try {
    if (parseHistoryKey(access.place, object.key)?.half === "history") return await entryProblems(access, object);
    const { checkpoint } = await readState(access, object);
    return [...integrityProblems(checkpoint, access.place), ...(await secretProblems(checkpoint, secrets, notOpened))];
  } catch (error) {
    const problem = problemOf(error);
    if (problem === undefined) throw explained(error);
    return [problem];
  }
}

async function entryProblems({ store }: StateAccess, { key, versionId }: ObjectRef): Promise<string[]> {
  const text = await unpack(await store.read(key, versionId));
  if (parseHistoryEntry(text) === undefined) throw new UnreadableCheckpoint("it is no history entry, or cut off");
  return [];
}

async function secretProblems(
  checkpoint: Checkpoint,
  secrets: StateSecrets,
  notOpened: Set<string>,
): Promise<string[]> {
  const opening = await secrets.try(checkpoint.keeper);
  if (opening.kind === "shut") return [opening.why];
  if (opening.kind === "no-passphrase") {
    if (checkpoint.keeper.kind === "other") notOpened.add(opening.why);
    return [];
  }
  const shut = ciphertextsOf(checkpoint).filter((ciphertext) => opening.open(ciphertext) === undefined).length;
  return shut === 0 ? [] : [`${String(shut)} of its secrets cannot be opened`];
}
