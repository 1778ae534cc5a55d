import type { UpdateInfo } from "../../../../../site/state/history-entry";
import { foreignText } from "../../../../../site/state/foreign-parts";
import type { StackPlace } from "../../../../../site/state/state-keys";
import type { SeenState } from "../../../../../site/state-copies/freshness";
import { type CopyMarker, formatMarker, markerKey } from "../../../../../site/state-copies/copy-marker";
import { type ObjectStore, type StoredObject, StoreError } from "../../../../clients/object-store/object-store";
import { listCopy } from "./copy-facts";
import { lastUpdate, listStack, newestEntry, type StackObjects } from "../stack-objects";
import { foreignIn, type OwnPartsContext } from "../own-parts";
import { type PresentState, readPresent } from "../present-state";
import { compareHistory, sendMissing, sendTags, writeChecked, writeOnce } from "../send-objects";
import { readableDigest, readObject } from "../read-object";
import { sha256Of, type StateAccess } from "../state-access";
import { whyOlder } from "../why-older";
import { type LostState, lostState } from "../lost-state";

/** One stack that is copied. */
export interface CopyJob extends OwnPartsContext {
  readonly source: ObjectStore;
  readonly target: ObjectStore;
  /** What the source showed when this machine last looked. */
  readonly seen?: SeenState | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Only look what would be copied. */
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  /** What it is at, for people. */
  readonly progress: (text: string) => void;
}

export type CopyResult =
  /** The copy is the present state. `objects`: how many were written that were not there before. */
  | {
      readonly kind: "copied";
      readonly marker: CopyMarker;
      readonly objects: number;
      readonly seen: StoredObject;
      /** Objects of the history that cannot be read. */
      readonly unreadable: readonly string[];
      readonly differing: readonly string[];
    }
  /** What a dry run would have copied; `state`: whether the present state is another than the copy. */
  | {
      readonly kind: "planned";
      readonly objects: number;
      readonly state: boolean;
      /** Keys of entries of the history that the copy has with another content: one of both is damaged. */
      readonly differing: readonly string[];
    }
  /** The copy stays as it was, because the present state must not take its place. */
  | { readonly kind: "kept"; readonly why: string; readonly hint?: string }
  /** There is nothing to copy. */
  | { readonly kind: "empty" };

/**
 * Copies history, saved states and the present state of one stack, in this order, and then says beside them what the copy
 * is. Only what is not there yet is sent; nothing is given up, and no history overwritten; everything that was written is
 * read back. A state that cannot be read, that holds what the program never makes, or that is older than the copy and knows
 * nothing of it, does not take the copy's place.
 *
 * @throws StoreError, SendDamaged
 */
export async function copyState(job: CopyJob): Promise<CopyResult> {
  const { source, target, place } = job;
  const [there, copied] = await Promise.all([listStack(sourceOf(job)), listCopy(targetOf(job))]);
  const { present } = there;
  if (present === undefined) {
    const lost = await lostState(sourceOf(job), there, { seen: job.seen, copy: targetOf(job) });
    return lost === undefined ? { kind: "empty" } : keptFor(job, lost);
  }
  const state = await readPresent(sourceOf(job), present);
  if (state.checkpoint === undefined) {
    return {
      kind: "kept",
      why: `the state in ${source.place} cannot be read: ${state.problem}`,
      hint: bringBack(place),
    };
  }
  const foreign = foreignIn(job, state.checkpoint);
  if (foreign.length > 0) {
    return { kind: "kept", why: foreignText(foreign, `the state in ${source.place}`), hint: bringBack(place) };
  }
  const older = await isOlderThanCopy(job, state, there, copied);
  if (older !== undefined) return older;
  const [from, to] = [
    { store: source, objects: there },
    { store: target, objects: copied },
  ];
  const difference = await compareHistory(from, to);
  const isSame = await isCopied(targetOf(job), state, copied);
  if (job.dryRun) {
    const { missing, differing } = difference;
    return { kind: "planned", objects: missing.length, state: !isSame, differing };
  }
  const { sent, differing, unreadable } = await sendMissing(difference, source, target, job);
  for (const key of differing) await keepBeside(job, key);
  const lostTags = await sendTags(from, target);
  if (!isSame) await writeChecked(target, present.key, state.content);
  const marker = await markerOf(job, state, there);
  await writeChecked(target, markerKey, Buffer.from(formatMarker(marker)));
  for (const { key } of copied.forms) if (key !== present.key) await setAside(job, key);
  return { kind: "copied", marker, objects: sent, seen: present, differing, unreadable: [...unreadable, ...lostTags] };
}

function keptFor({ source }: CopyJob, { why, mend }: LostState): CopyResult {
  return { kind: "kept", why: `the state in ${source.place} is not there: ${why}`, hint: `bring it back: ${mend}` };
}

function bringBack({ stack }: StackPlace): string {
  return `bring an earlier state back: lifeboat restore state ${stack} --list`;
}

/** Nobody knows which of two contents is the good one: the store's, too, is in the copy, under a key of its own. */
async function keepBeside({ source, target }: CopyJob, key: string): Promise<void> {
  const content = await readObject(source, key);
  if (typeof content !== "string") await writeOnce(target, besideKey(key, content), content);
}

/** The store has had its state in another form: of two nobody would know which is the copy. */
async function setAside({ target }: CopyJob, key: string): Promise<void> {
  const content = await readObject(target, key);
  if (typeof content === "string") return;
  await writeOnce(target, besideKey(key, content), content);
  try {
    await target.remove(key);
  } catch (error) {
    // A key that may not remove anything leaves both, and verification names it.
    if (!(error instanceof StoreError) || error.kind !== "denied") throw error;
  }
}

function besideKey(key: string, content: Buffer): string {
  return `.lifeboat/differing/${sha256Of(content)}/${key}`;
}

async function isOlderThanCopy(
  job: CopyJob,
  state: PresentState,
  there: StackObjects,
  copied: StackObjects,
): Promise<CopyResult | undefined> {
  const copy = copied.present && (await readPresent(targetOf(job), copied.present));
  // One that cannot be read is worth nothing to anybody.
  if (copy?.checkpoint === undefined || copy.sha256 === state.sha256) return undefined;
  const own = { access: sourceOf(job), state, objects: there };
  const why = await whyOlder(own, { access: targetOf(job), state: copy, objects: copied });
  if (why === undefined) return undefined;
  const { target, source } = job;
  return {
    kind: "kept",
    why: `the state in ${source.place} may be older than its copy in ${target.place}: ${why}`,
    hint: "look which of them is right; to copy it nevertheless, name another place: --to FOLDER",
  };
}

async function isCopied(
  target: StateAccess,
  { object, sha256 }: PresentState,
  { present }: StackObjects,
): Promise<boolean> {
  return present?.key === object.key && (await readableDigest(target.store, object.key)) === sha256;
}

async function markerOf(job: CopyJob, state: PresentState, there: StackObjects): Promise<CopyMarker> {
  const { source, place, now } = job;
  const { object, content, sha256, made, checkpoint } = state;
  const update = await lastUpdate(sourceOf(job), there);
  const newest = newestEntry(sourceOf(job), there);
  const after = await listStack(sourceOf(job));
  const moved = after.present?.etag !== object.etag || after.present?.modified !== object.modified;
  return {
    version: 1,
    project: place.project,
    environment: place.stack,
    time: now,
    by: "command",
    from: source.place,
    checkpoint: {
      object: object.key,
      size: content.length,
      sha256,
      modified: object.modified,
      ...(made === undefined ? {} : { made }),
      pulumi: checkpoint.manifest.pulumi,
    },
    ...(update === undefined ? {} : { update: updateOf(update) }),
    ...(newest === undefined ? {} : { newest }),
    duringUpdate: moved || there.locks.length > 0 || after.locks.length > 0 || checkpoint.pending.length > 0,
  };
}

function updateOf({ kind, result, endTime, message }: UpdateInfo): NonNullable<CopyMarker["update"]> {
  return { kind, result, ended: endTime * 1_000, ...(message === "" ? {} : { message }) };
}

function sourceOf({ source: store, place }: CopyJob): StateAccess {
  return { store, place };
}

function targetOf({ target: store, place }: CopyJob): StateAccess {
  return { store, place };
}
