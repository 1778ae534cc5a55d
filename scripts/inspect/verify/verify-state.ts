import { type Checkpoint, parseCheckpoint } from "../../../site/state/checkpoint";
import { foreignLine } from "../../../site/state/foreign-parts";
import { parseHistoryEntry } from "../../../site/state/history-entry";
import { integrityProblems } from "../../../site/state/integrity";
import type { ObjectRef } from "../../../site/state/restore-points";
import { ciphertextsOf } from "../../../site/state/state-diff";
import { parseHistoryKey, type StackPlace } from "../../../site/state/state-keys";
import { md5Of } from "../../clients/object-store/written-md5";
import { unpack } from "../../clients/unpack";
import { runBounded } from "../../machine/bounded";
import { foreignIn, type OwnPartsContext } from "../../recovery/steps/state/own-parts";
import { explained, problemOf } from "../../recovery/steps/state/read-points";
import type { StackObjects } from "../../recovery/steps/state/stack-objects";
import { sha256Of, type StateAccess } from "../../recovery/steps/state/state-access";
import type { StateSecrets } from "../../recovery/steps/state/state-secrets";
import type { BadState } from "./bad-state";
import { findObjects } from "./state-objects";

/** What checking every state in one place found. */
export interface CheckedStates {
  /** States and entries, each content by itself. */
  readonly checked: number;
  /** Objects that were read and are, byte by byte, one of these. */
  readonly copies: number;
  readonly bytes: number;
  readonly bad: readonly BadState[];
  /** Nothing was proven about secrets: why. */
  readonly notOpened: readonly string[];
}

/** What is looked for besides what is listed. */
interface Wanted {
  /** Keys of objects that were there once. */
  readonly known: Iterable<string>;
  /** Older versions, too. */
  readonly versions: boolean;
  /** Which servers are the stack's own, and what this run consents to. */
  readonly own: Omit<OwnPartsContext, "place">;
}

/** Objects that are read at once. */
const readsAtOnce = 6;

const bounds = { parallel: readsAtOnce, perKey: readsAtOnce, keyOf: () => "" };

/**
 * Reads every state of a stack in one place and checks it: it unpacks, parses, is of this stack, dangles nowhere, holds nothing that the program never makes, and the
 * passphrase opens every secret in it. What a listing says of an object is no proof of its content: each is read. As many
 * objects are in memory as are read at once.
 *
 * @param progress is called with how many of how many are done.
 * @throws StoreError
 */
export async function verifyState(
  access: StateAccess,
  stack: StackObjects,
  secrets: StateSecrets,
  { known, versions, own }: Wanted,
  progress: (done: number, all: number) => void,
): Promise<CheckedStates> {
  const found = await findObjects(access, stack, known, versions);
  const bad = [...found.bad];
  const notOpened = new Set<string>();
  const judged = new Map<string, Promise<string[]>>();
  let [read, copies, bytes, done] = [0, 0, 0, 0];
  await runBounded(found.objects, bounds, async (object) => {
    const content = await contentOf(access, object);
    const name = nameOf(access.place, object, content);
    if (judged.has(name)) copies += 1;
    else if (typeof content !== "string") read += 1;
    const judgement =
      judged.get(name) ?? problemsOf({ place: access.place, ...own }, object, content, secrets, notOpened);
    judged.set(name, judgement);
    bytes += typeof content === "string" ? 0 : content.length;
    const problems = [...(await judgement), ...(await alterations(access, object, content))];
    if (problems.length > 0) bad.push(badState(object, problems));
    done += 1;
    progress(done, found.objects.length);
  });
  bad.sort((a, b) => b.modified - a.modified || (a.key < b.key ? -1 : 1));
  return { checked: read, copies, bytes, bad, notOpened: [...notOpened] };
}

/** Only what was read can be the same as another. Entries and states are checked in different ways. */
function nameOf(place: StackPlace, object: ObjectRef, content: Buffer | string): string {
  const { key, versionId = "" } = object;
  return typeof content === "string" ? `${key} ${versionId}` : `${kindOf(place, object)} ${sha256Of(content)}`;
}

function kindOf(place: StackPlace, { key }: ObjectRef): "entry" | "state" {
  return parseHistoryKey(place, key)?.half === "history" ? "entry" : "state";
}

function badState({ key, versionId, modified }: ObjectRef, problems: readonly string[]): BadState {
  return { key, versionId: versionId ?? null, modified, problems };
}

/** A text where it cannot be read: why. */
async function contentOf({ store }: StateAccess, { key, versionId }: ObjectRef): Promise<Buffer | string> {
  try {
    return await store.read(key, versionId);
  } catch (error) {
    const problem = problemOf(error);
    if (problem === undefined) throw error;
    return problem;
  }
}

/** What somebody altered may parse nevertheless: it is compared with what was noted when it was written. */
async function alterations(
  { store }: StateAccess,
  { key, versionId }: ObjectRef,
  content: Buffer | string,
): Promise<string[]> {
  if (typeof content === "string" || versionId !== undefined) return [];
  const noted = await store.notedMd5?.(key);
  return noted === undefined || noted === md5Of(content)
    ? []
    : ["it is not what was written: it does not fit the checksum beside it (.attrs)"];
}

async function problemsOf(
  context: OwnPartsContext,
  object: ObjectRef,
  content: Buffer | string,
  secrets: StateSecrets,
  notOpened: Set<string>,
): Promise<string[]> {
  if (typeof content === "string") return [content];
  try {
    const text = await unpack(content);
    if (kindOf(context.place, object) === "entry") {
      return parseHistoryEntry(text) === undefined ? ["it is no history entry, or cut off"] : [];
    }
    return await checkpointProblems(context, parseCheckpoint(text), secrets, notOpened);
  } catch (error) {
    const problem = problemOf(error);
    if (problem === undefined) throw explained(error);
    return [problem];
  }
}

/**
 * What is wrong with a state that parses: it dangles, holds what the program never makes, or has secrets that do not open.
 *
 * @param notOpened is given why nothing was proven about its secrets
 */
export async function checkpointProblems(
  context: OwnPartsContext,
  checkpoint: Checkpoint,
  secrets: StateSecrets,
  notOpened: Set<string>,
): Promise<string[]> {
  return [
    ...integrityProblems(checkpoint, context.place),
    ...foreignIn(context, checkpoint).map(foreignLine),
    ...(await secretProblems(checkpoint, secrets, notOpened)),
  ];
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
    const isLocked = checkpoint.keeper.kind === "none" && ciphertextsOf(checkpoint).length > 0;
    return isLocked ? ["it has secrets, and does not say what opens them"] : [];
  }
  const shut = ciphertextsOf(checkpoint).filter((ciphertext) => opening.open(ciphertext) === undefined).length;
  return shut === 0 ? [] : [`${String(shut)} of its secrets cannot be opened`];
}
