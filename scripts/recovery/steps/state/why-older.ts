import { whyStale } from "../../../../site/state-copies/stale";
import { parseHistoryKey } from "../../../../site/state/state-keys";
import { runBounded } from "../../../machine/bounded";
import { readableDigest } from "./read-object";
import type { PresentState } from "./present-state";
import { sendBounds } from "./send-objects";
import { newestEntry, type StackObjects } from "./stack-objects";
import type { StateAccess } from "./state-access";

/** A state in its place, with its history. */
export interface StateInPlace {
  readonly access: StateAccess;
  readonly state: PresentState;
  readonly objects: StackObjects;
}

/**
 * Why a state may be older than the one whose place it would take, as a sentence about it without a full stop; undefined
 * where it has come from it or after it, or where the winner's place has saved the other: somebody has gone back on purpose.
 *
 * @throws StoreError
 */
export async function whyOlder(winner: StateInPlace, loser: StateInPlace): Promise<string | undefined> {
  const [one, other] = [datedOf(winner), datedOf(loser)];
  // What was saved is read only where it decides.
  if (whyStale(one, other, false) === undefined) return undefined;
  return whyStale(one, other, await isSaved(winner, loser.state.sha256));
}

function datedOf({ access, state: { checkpoint, made }, objects }: StateInPlace) {
  const history = objects.history.flatMap(({ key }) => parseHistoryKey(access.place, key)?.nanos ?? []);
  return {
    version: checkpoint.version,
    resources: checkpoint.resources.length,
    made,
    history: new Set(history),
    newest: newestEntry(access, objects),
  };
}

/** Whether a place holds a state among those that were saved there. */
async function isSaved({ access, objects }: StateInPlace, sha256: string): Promise<boolean> {
  const digests = await runBounded(objects.saved, sendBounds, ({ key }) => readableDigest(access.store, key));
  return digests.includes(sha256);
}
