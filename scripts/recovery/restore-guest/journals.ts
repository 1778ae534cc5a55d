import { isOpen, type Journal } from "../engine/journal";
import { planIn } from "../engine/run-one";
import { type RestorePlan, restorePlanSchema } from "../steps/guest/plan";

/** Name of restores in journals; an `undo` from a save point is one as well. */
export const restoreKind = "restore-guest";

/** A restore that was begun on this machine. */
export interface RestoreJournal {
  readonly journal: Journal;
  readonly plan: RestorePlan;
}

/**
 * The restores among a guest's journals, in the same order. The plan of one that has ended says nothing that a later one
 * needs: where another version wrote it in another form, it is left out.
 *
 * @throws CommandError (1) for a plan of one that is half done and cannot be read
 */
export function restoresAmong(journals: readonly Journal[]): RestoreJournal[] {
  return journals
    .filter(isRestore)
    .filter((journal) => isOpen(journal) || restorePlanSchema.safeParse(journal.contents.plan).success)
    .map(readRestore);
}

export function isRestore({ contents }: Journal): boolean {
  return contents.kind === restoreKind;
}

/** @throws CommandError (1) for a plan that cannot be read */
export function readRestore(journal: Journal): RestoreJournal {
  return { journal, plan: planIn({ schema: restorePlanSchema, name: "restore" }, journal) };
}
