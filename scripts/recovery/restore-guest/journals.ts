import type { Journal } from "../engine/journal";
import { type RestorePlan, restorePlanSchema } from "../steps/guest/plan";

/** Name of restores in journals; an `undo` from a save point is one as well. */
export const restoreKind = "restore-guest";

/** A restore that was begun on this machine. */
export interface RestoreJournal {
  readonly journal: Journal;
  readonly plan: RestorePlan;
}

/** The restores among a guest's journals, in the same order. */
export function restoresAmong(journals: readonly Journal[]): RestoreJournal[] {
  return journals
    .filter(({ contents }) => contents.kind === restoreKind)
    .map((journal) => ({ journal, plan: restorePlanSchema.parse(journal.contents.plan) }));
}

/** The restore that has not ended, if there is one. */
export function unfinishedRestore(restores: readonly RestoreJournal[]): RestoreJournal | undefined {
  return restores.find(({ journal }) => journal.contents.state === "open" || journal.contents.state === "taking-back");
}
