import type { Journal } from "../engine/journal";
import { planIn } from "../engine/run-one";
import { type RestorePlan, restorePlanSchema } from "../steps/guest/plan";

/** Name of restores in journals; an `undo` from a save point is one as well. */
export const restoreKind = "restore-guest";

/** A restore that was begun on this machine. */
export interface RestoreJournal {
  readonly journal: Journal;
  readonly plan: RestorePlan;
}

/** The restores among a guest's journals, in the same order. @throws CommandError (1) for a plan that cannot be read */
export function restoresAmong(journals: readonly Journal[]): RestoreJournal[] {
  return journals
    .filter(({ contents }) => contents.kind === restoreKind)
    .map((journal) => ({ journal, plan: planIn({ schema: restorePlanSchema, name: "restore" }, journal) }));
}
