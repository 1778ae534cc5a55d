import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { isOpen, type Journal } from "../engine/journal";
import { type GuestSession, halfDone } from "../engine/session";
import type { RestoreJournal } from "../restore-guest/journals";
import type { ArchiveSearch } from "../steps/guest/inspection";
import { notFound, unsearchedHint, unsearchedText } from "../steps/guest/not-found";
import type { UndoRequest } from "./request";
import { formatInstant } from "../../terminal/durations";

/** @throws CommandError (13) where the save point of a guest is to be restored that the settings do not have */
export function requireSettings({ hasLeft, subject, selector }: GuestSession): void {
  if (hasLeft !== true) return;
  const { environment, name, id } = subject;
  throw new CommandError(
    `${environment}/${name} was overwritten, and its save point is not restored without what the settings say of its disks, checks and backups: they do not have it any more`,
    {
      exitCode: exitCodes.refused,
      hint: `put it back into Pulumi.${environment}.yaml as ${name} with the id ${id}, and again: lifeboat undo ${environment}/${name}; what is half done can be given up: lifeboat abandon ${selector}`,
    },
  );
}

export function nothingToUndo({ guest, selector }: GuestSession, search: ArchiveSearch): CommandError {
  const nowhere = "neither in the journals of this machine nor as a save point on a storage";
  return notFound(search, {
    none: `there is no restore of ${guest.name} to take back, ${nowhere}`,
    unknown: `no restore of ${guest.name} to take back was found, ${nowhere}`,
    hint: `see what there is: lifeboat backups ${selector}`,
  });
}

/** @throws CommandError (14) where a later restore, of another machine, may have its save point on a storage that hides it */
export function refuseUnsure(
  { guest, environment }: GuestSession,
  { operation }: UndoRequest,
  search: ArchiveSearch,
  { journal }: RestoreJournal,
): void {
  const { id } = environment.settings.backup.storage;
  const hidesSavePoints = search.unsearched.some(({ storage }) => storage === id || storage.startsWith(`${id} (`));
  if (operation !== undefined || !hidesSavePoints) return;
  throw new CommandError(
    `whether that of ${formatInstant(journal.contents.startedAt)} is the last restore of ${guest.name} cannot be known: ${unsearchedText(search)}`,
    {
      exitCode: exitCodes.unavailable,
      hint: `${unsearchedHint(search)}; or, if it is, name it: lifeboat undo ${journal.contents.id}`,
    },
  );
}

/**
 * A guest of the settings may have the number that another had when it was restored. A copy is known by its own notes.
 *
 * @throws CommandError (13)
 */
export function refuseOtherName(
  { guest, environment, selector }: GuestSession,
  { journal, plan }: RestoreJournal,
): void {
  if (plan.guest === guest.name || plan.mode === "beside") return;
  const before = `${environment.name}/${plan.guest}`;
  const way = isOpen(journal)
    ? `give it up: lifeboat abandon ${selector}`
    : `see what there is of it: lifeboat backups ${selector}`;
  throw new CommandError(
    `the restore begun at ${formatInstant(journal.contents.startedAt)} is of ${plan.guest} (${guest.id}), not of ${guest.name}`,
    {
      exitCode: exitCodes.refused,
      hint: `if they are one guest, name it ${plan.guest} in the settings until 'lifeboat undo ${before}' is done; else ${way}`,
    },
  );
}

/** The last restore is another than the one that is half done here. By its name that one can be taken back first. */
export function anotherIsHalfDone(session: GuestSession, open: Journal): CommandError {
  const { message, exitCode, details } = halfDone(session, open);
  const { id, command } = open.contents;
  const hint = `resume it: ${command}; or take it back first: lifeboat undo ${id}`;
  return new CommandError(`${message}, and is not the last restore of ${session.guest.name}`, {
    exitCode,
    hint,
    details,
  });
}
