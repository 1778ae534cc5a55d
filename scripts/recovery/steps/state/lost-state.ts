import { formatMoment } from "../../../terminal/durations";
import {
  backupPrefix,
  checkpointKeys,
  checkpointStem,
  historyPrefix,
  savedPrefix,
} from "../../../../site/state/state-keys";
import type { SeenState } from "../../../../site/state-copies/freshness";
import { CommandError } from "../../../terminal/command-error";
import { exitCodes } from "../../../terminal/exit-codes";
import { listStack, type StackObjects } from "./stack-objects";
import type { StateAccess } from "./state-access";

/** What is known of a stack's state outside the place where it lives. */
export interface Traces {
  /** What the store showed when this machine last looked. */
  readonly seen?: SeenState | undefined;
  /** Where its copies go: perhaps none is there. */
  readonly copy?: StateAccess | undefined;
}

/** A state that was there and is not. */
export interface LostState {
  /** What shows that there was one, as half a sentence. */
  readonly why: string;
  /** Brings it back. */
  readonly mend: string;
}

/**
 * Why a stack without a state is no new one; undefined where it has one, and where nothing of it was ever there. That a
 * listing is empty does not make a stack new: what was saved, old versions, a copy, or that it was seen show that it was there.
 *
 * @throws StoreError
 */
export async function lostState(
  access: StateAccess,
  objects: StackObjects,
  traces: Traces = {},
): Promise<LostState | undefined> {
  if (objects.present !== undefined) return undefined;
  const { stack } = access.place;
  const remains = await remainsIn(access, objects);
  if (remains !== undefined) return { why: remains, mend: `lifeboat restore state ${stack} --list` };
  return lostWholly(traces);
}

/** The same for a stack of which its backend holds nothing at all. @throws StoreError */
export async function lostWholly({ copy, seen }: Traces): Promise<LostState | undefined> {
  if (copy !== undefined && holdsAny(await listStack(copy))) {
    return { why: `a copy of it is in ${copy.store.place}`, mend: "lifeboat rebuild state-store" };
  }
  if (seen === undefined) return undefined;
  const mend = "from another copy: lifeboat rebuild state-store --from FOLDER";
  return { why: `a state of ${formatMoment(seen.modified)} was there`, mend };
}

/** A stack is not made a second time over what is lost: 14. */
export function stateLost(stack: string, place: string, { why, mend }: LostState): CommandError {
  return new CommandError(`the state of ${stack} in ${place} cannot be used: ${why}, and it is not`, {
    exitCode: exitCodes.unavailable,
    hint: `bring it back: ${mend}; or, if nothing of it is wanted any more: eval "$(lifeboat env ${stack})" && pulumi stack init ${stack}`,
  });
}

function holdsAny({ present, history, saved }: StackObjects): boolean {
  return present !== undefined || history.length + saved.length > 0;
}

async function remainsIn(access: StateAccess, { history, saved }: StackObjects): Promise<string | undefined> {
  const { store, place } = access;
  if (history.length > 0) return "its history is there";
  if (saved.length > 0) return "states that were saved of it are there";
  if ((await store.list(backupPrefix(place))).length > 0) return "Pulumi's own copies of it are there";
  const stem = `${checkpointStem(place)}.json`;
  for (const prefix of [stem, historyPrefix(place), savedPrefix(place)]) {
    const versions = (await store.versions?.(prefix)) ?? [];
    if (versions.some(({ key }) => prefix !== stem || checkpointKeys(place).includes(key)))
      return "old versions of it are there";
  }
  return undefined;
}
