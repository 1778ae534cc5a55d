import { type Keep, planPrune } from "../../../site/state/prune";
import { candidatesOf, type PointCandidate } from "../../../site/state/restore-points";
import { backupPrefix, historyPrefix, parseHistoryKey, savedPrefix } from "../../../site/state/state-keys";
import type { StackSession } from "../engine/session";
import { PointsCache } from "../steps/state/points-cache";
import type { PruneStatePlan } from "./plan";
import { detailsOf } from "../steps/state/read-points";
import type { StateAccess } from "../steps/state/state-access";
import { readableDigest } from "../steps/state/changed";
import { findPresent, type FoundState } from "../steps/state/present-state";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";

/**
 * Decides what of a stack's history goes. Reads only. What stays whatever the rule says: the newest update that ended
 * well, and every update whose state is the present one.
 */
export async function planStatePrune(session: StackSession, access: StateAccess, keep: Keep): Promise<PruneStatePlan> {
  const { store, place } = access;
  const prefixes = [historyPrefix(place), backupPrefix(place), savedPrefix(place)];
  const live = (await Promise.all(prefixes.map((prefix) => store.list(prefix)))).flat();
  const updates = candidatesOf(place, { live }).filter(({ source }) => source === "history");
  const cache = new PointsCache(session.state.path, access);
  const spared = new Set([...(await lastGood(access, updates, cache)), ...(await presentOnes(access, updates))]);
  const plan = planPrune(place, live, { keep, now: Date.now(), spared });
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

/** The newest update that succeeded and left nothing under way. */
async function lastGood(
  access: StateAccess,
  updates: readonly PointCandidate[],
  cache: PointsCache,
): Promise<string[]> {
  for (const update of updates) {
    const { problem, pending = [], update: told } = await detailsOf(access, update, cache);
    if (problem === undefined && pending.length === 0 && told?.result === "succeeded") return nanosOf(access, update);
  }
  return [];
}

/** A copy has the size of what it is a copy of: only those are read. */
async function presentOnes(access: StateAccess, updates: readonly PointCandidate[]): Promise<string[]> {
  const present = await findPresent(access);
  requireUsable(access, present, updates.length > 0);
  const found: string[] = [];
  for (const update of updates) {
    const { state } = update;
    if (present === undefined || state === undefined || state.size !== present.object.size) continue;
    const isSame = (await readableDigest(access, state.key)) === present.sha256;
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
