import type { Journal } from "../engine/journal";
import { changedInputs } from "../engine/digest";
import { readableDigest } from "../steps/state/read-object";
import { findPresent } from "../steps/state/present-state";
import type { StateAccess } from "../steps/state/state-access";
import { inputsOf } from "./make-plan";
import { restoreStatePlanSchema } from "./plan";
import { ownLockOf } from "./steps";
import { formatInstant } from "../../terminal/durations";

/**
 * Why a restore that has not ended is planned anew: it has written nothing, and what it rests on is another now. Its own lock
 * is given back then. Undefined: it is resumed.
 */
export async function outdatedRestore(
  open: Journal,
  access: StateAccess,
  dryRun: boolean,
): Promise<string | undefined> {
  const { plan, inputs, startedAt } = open.contents;
  const parsed = restoreStatePlanSchema.safeParse(plan);
  if (!parsed.success || open.contents.state !== "open") return undefined;
  const { target, point } = parsed.data;
  if ((await readableDigest(access.store, target)) === point.sha256) return undefined;
  const digest = await readableDigest(access.store, point.key, point.versionId);
  const different = changedInputs(inputs, inputsOf(access, await findPresent(access), digest ?? "unreadable"));
  if (different.length === 0) return undefined;
  const lock = ownLockOf((path) => open.factsOf(path));
  if (lock !== undefined && !dryRun) await access.store.remove(lock);
  return `The restore of ${point.id} begun at ${formatInstant(startedAt)} has written nothing, and ${different.join(" and ")} changed since; it is planned anew.`;
}
