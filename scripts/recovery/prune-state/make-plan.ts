import { type Keep, planPrune } from "../../../site/state/prune";
import { candidatesOf, type ObjectRef, type PointCandidate } from "../../../site/state/restore-points";
import {
  backupPrefix,
  checkpointStem,
  historyPrefix,
  parseHistoryKey,
  savedPrefix,
} from "../../../site/state/state-keys";
import type { StackSession } from "../engine/session";
import { PointsCache } from "../steps/state/points-cache";
import type { PruneStatePlan } from "./plan";
import { detailsOf } from "../steps/state/read-points";
import type { StateAccess } from "../steps/state/state-access";
import { readableDigest, readObject } from "../steps/state/read-object";
import { unlistedUpdates } from "../steps/state/unlisted-history";
import { findPresent, type FoundState } from "../steps/state/present-state";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";

/**
 * Decides what of a stack's history goes. Reads only. What stays whatever the rule says: the newest update that ended
 * well, the newest of those that left resources, and every update whose state is the present one.
 */
export async function planStatePrune(session: StackSession, access: StateAccess, keep: Keep): Promise<PruneStatePlan> {
  const { store, place } = access;
  const prefixes = [historyPrefix(place), backupPrefix(place), savedPrefix(place)];
  const live = (await Promise.all(prefixes.map((prefix) => store.list(prefix)))).flat();
  const updates = candidatesOf(place, { live }).filter(({ source }) => source === "history");
  const cache = new PointsCache(session.state.path, access);
  if (updates.length === 0) await requireNone(access, cache);
  const spared = new Set([
    ...(await lastGood(access, updates, cache)),
    ...(await presentOnes(access, updates, live.length > 0)),
  ]);
  const now = clockOf(access, [...live, ...(await store.list(`${checkpointStem(place)}.json`))]);
  const plan = planPrune(place, live, { keep, now, spared });
  return {
    environment: session.environment.name,
    where: store.place,
    remove: plan.remove.map(({ key }) => key),
    bytes: plan.remove.reduce((sum, { size }) => sum + size, 0),
    updates: plan.updates,
    backups: plan.backups,
    saved: plan.saved,
    spared: plan.spared,
    ...(plan.oldest === undefined ? {} : { oldest: plan.oldest }),
    versioned: store.versions !== undefined,
  };
}

/** Where the list of a history is wrong, nothing else that is listed is to be trusted. @throws CommandError (14), StoreError */
async function requireNone(access: StateAccess, cache: PointsCache): Promise<void> {
  if ((await unlistedUpdates(access, cache.keys())).size === 0) return;
  const { place, store } = access;
  throw new CommandError(
    `the history of ${place.stack} in ${store.place} is listed as empty, and updates of it can be read`,
    { exitCode: exitCodes.unavailable, hint: `look what is there: lifeboat verify --state ${place.stack}` },
  );
}

/**
 * A service refuses requests by a clock that is off; a folder knows no clock but this machine's, which counts only as far as
 * what lies there shows that much time to have passed.
 */
function clockOf({ store }: StateAccess, objects: readonly ObjectRef[]): number {
  const newest = Math.max(...objects.map(({ modified }) => modified));
  return store.versions === undefined ? Math.min(Date.now(), newest) : Date.now();
}

/**
 * The newest updates that succeeded and left nothing under way: of all, and of those that left any resource, as a
 * destruction that succeeded does not; by the times in their names, and by when they were written.
 */
async function lastGood(
  access: StateAccess,
  updates: readonly PointCandidate[],
  cache: PointsCache,
): Promise<string[]> {
  const byWriting = updates.toSorted((a, b) => (b.state?.modified ?? 0) - (a.state?.modified ?? 0));
  const found: string[] = [];
  for (const order of [updates, byWriting]) {
    let hasAny = false;
    for (const update of order) {
      const { problem, pending = [], update: told, managed = 0 } = await detailsOf(access, update, cache);
      if (problem !== undefined || told === undefined) await requireReadable(access, update);
      if (problem !== undefined || pending.length > 0 || told?.result !== "succeeded") continue;
      if (!hasAny || managed > 0) found.push(...nanosOf(access, update));
      hasAny = true;
      if (managed > 0) break;
    }
  }
  return found;
}

/** What cannot be read now may be the last good one. @throws CommandError (14) */
async function requireReadable(access: StateAccess, { state, entry }: PointCandidate): Promise<void> {
  for (const object of [state, entry]) {
    if (object === undefined || (await readObject(access.store, object.key)) !== "unreadable") continue;
    throw new CommandError(`${object.key} cannot be read: whether it is of the last good update is not known`, {
      exitCode: exitCodes.unavailable,
      hint: `what cannot be read: lifeboat verify --state ${access.place.stack}`,
    });
  }
}

/** A copy has the size of what it is a copy of: only those are read. */
async function presentOnes(
  access: StateAccess,
  updates: readonly PointCandidate[],
  hasHistory: boolean,
): Promise<string[]> {
  const present = await findPresent(access);
  requireUsable(access, present, hasHistory);
  const found: string[] = [];
  for (const update of updates) {
    const { state } = update;
    if (present === undefined || state === undefined || state.size !== present.object.size) continue;
    const isSame = (await readableDigest(access.store, state.key)) === present.sha256;
    if (isSame) found.push(...nanosOf(access, update));
  }
  return found;
}

/** While the present state is none, its history is what it comes back from. @throws CommandError (13) */
function requireUsable({ place, store }: StateAccess, present: FoundState | undefined, hasHistory: boolean): void {
  const problem = present === undefined && hasHistory ? "it is gone" : present?.problem;
  if (problem === undefined) return;
  throw new CommandError(`the state of ${place.stack} in ${store.place}: ${problem}; its history is needed`, {
    exitCode: exitCodes.refused,
    hint: `bring the state back first: lifeboat restore state ${place.stack} --list`,
  });
}

function nanosOf({ place }: StateAccess, { state, entry }: PointCandidate): string[] {
  const key = state?.key ?? entry?.key;
  const nanos = key === undefined ? undefined : parseHistoryKey(place, key)?.nanos;
  return nanos === undefined ? [] : [nanos];
}
