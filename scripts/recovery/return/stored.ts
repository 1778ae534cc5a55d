import { savedId } from "../../../site/state/restore-points";
import { compressionOf, savedKey } from "../../../site/state/state-keys";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { Finding } from "../engine/step";
import type { LiveAndLocal } from "../steps/state/live-and-local";
import { changed } from "../steps/state/changed";
import { lookAtHeld } from "../steps/state/held";
import type { FoundState } from "../steps/state/present-state";
import { writeOnce } from "../steps/state/send-objects";
import type { ReturnPlan } from "./plan";

/** Both states, and who is told what the store holds. */
export interface StoreWorld {
  readonly states: LiveAndLocal;
  /** Writes down what the store holds, so that a later fallback knows a copy that is older. */
  readonly remember: (found: FoundState) => void;
}

/**
 * Why the store does not hold the state that is to live there, as a sentence without a full stop. Undefined: it was read, and
 * is the one.
 *
 * @throws StoreError where the store cannot be asked
 */
export async function whyNotStored(plan: ReturnPlan, { states, remember }: StoreWorld): Promise<string | undefined> {
  const { environment, keep, present, stored } = plan;
  const { found, why } = await lookAtHeld(states.store, keep === "local" ? present.sha256 : stored?.sha256);
  if (why === undefined) {
    if (found !== undefined) remember(found);
    return undefined;
  }
  const what = keep === "local" ? "that was brought to it" : "that it had when this return was planned";
  return `the store does not hold the state of ${environment} ${what}: ${why}`;
}

/** The one on this machine is not given up for it. */
export function stillHere({ environment, local }: ReturnPlan, why: string): CommandError {
  const anew = `lifeboat abandon ${environment}, then lifeboat state return ${environment}`;
  return new CommandError(
    `${why}; the one on this machine stays where it is (${local}); to compare both anew: ${anew}`,
    {
      exitCode: exitCodes.refused,
    },
  );
}

/** The one on this machine is put away already. */
export function notThereAnyMore({ environment }: ReturnPlan, why: string, archive: string): Finding {
  return {
    severity: "problem",
    text: `${why}; what was on this machine is in ${archive}`,
    mend: `lifeboat restore state ${environment} --list`,
  };
}

/** What the state on this machine has become since it was brought to the store is kept there, too. */
export async function keepLater(
  { environment, present }: ReturnPlan,
  { store }: LiveAndLocal,
  content: Buffer,
): Promise<Finding> {
  const key = savedKey(store.place, { time: Date.now(), before: present.sha256.slice(0, 10) }, compressionOf(content));
  if (!(await writeOnce(store.store, key, content))) throw changed(key);
  return {
    severity: "problem",
    text: `the state of ${environment} on this machine changed after it was brought to the store; what it became is restore point ${savedId(key)} of the store`,
    mend: `lifeboat restore state ${environment} --to ${savedId(key)}`,
  };
}
