import type { ExitCode } from "../../terminal/exit-codes";
import { hasCommitted } from "../engine/apply";
import type { Journal } from "../engine/journal";
import { begin, begunIn, runLocked } from "../engine/run-one";
import { type GuestSession, halfDone, journalsOf, takeLock, unfinished } from "../engine/session";
import { placeSteps } from "../engine/step";
import { takeBackOne } from "../engine/take-back-one";
import { isRestore, readRestore, type RestoreJournal, restoreKind, restoresAmong } from "../restore-guest/journals";
import { type RestoreRequest, restoreOperation } from "../restore-guest/operation";
import { commitOf, refuseDeclared, requireOwnCopy, restorePath, whyTouched } from "../restore-guest/restore-step";
import { effectOf } from "../steps/guest/effect";
import { meantGuest } from "../steps/guest/meant-guest";
import { openWorld } from "../steps/guest/open-world";
import { waitForOwnTasks } from "../steps/guest/own-tasks";
import { searchArchives } from "../steps/guest/search-archives";
import { keepWayBack } from "../steps/guest/way-back";
import { anotherIsHalfDone, nothingToUndo, refuseOtherName, refuseUnsure, requireSettings } from "./refuse";
import type { UndoRequest } from "./request";
import { newestElsewhere, startedBefore, type Undoes, undoesOf } from "./save-points";

/**
 * Takes the last restore of a guest back. How depends on how far it came: what was only prepared is taken back step by
 * step, a copy is deleted, and an overwritten guest is restored from its save point. Which one that is says the journal
 * on this machine or, on any other, the notes of the save points.
 */
export async function undoRestore(session: GuestSession, request: UndoRequest): Promise<ExitCode> {
  if (!session.dryRun) takeLock(session, request.command);
  const journals = journalsOf(session);
  const open = unfinished(journals, restoreKind);
  if (open !== undefined && open.contents.kind !== restoreKind) throw halfDone(session, open);
  const restores = restoresAmong(journals);
  const half = restores.find(({ journal }) => journal === open);
  const resumed = half?.plan.undoes;
  if (half !== undefined && resumed !== undefined) {
    refuseOtherName(session, half);
    requireSettings(session);
    const undoes = { ...resumed, start: startedBefore(resumed, restores) };
    return runLocked(session, savePointOperation(session, request, undoes, restores));
  }
  // Also one whose plan cannot be read: an older one must not be taken for the last.
  const lastJournal = journals.filter(isRestore).find((journal) => isCandidate(journal, request));
  const last = lastJournal === undefined ? undefined : readRestore(lastJournal);
  // What a task of it does comes after whatever is found out before its end.
  if (last !== undefined && !session.dryRun) await waitForOwnTasks(session, last.journal);
  const search = await searchArchives(session.client, session.guest.id, session.environment.settings.backup.storage.id);
  const elsewhere = await newestElsewhere(session, request, { journals, last, archives: search.archives });
  if (open !== undefined && (elsewhere !== undefined || open !== last?.journal)) throw anotherIsHalfDone(session, open);
  if (elsewhere !== undefined) requireSettings(session);
  if (elsewhere !== undefined) return begin(session, savePointOperation(session, request, elsewhere, restores));
  if (last === undefined) throw nothingToUndo(session, search);
  refuseUnsure(session, request, search, last);
  refuseOtherName(session, last);
  if (last.plan.mode === "beside" || !(await isOverwritten(session, request, last))) {
    if (!session.dryRun && last.journal.factsOf(restorePath)["upid"] !== undefined) keepWayBack(last.journal);
    return takeRestoreBack(session, request, last);
  }
  const undoes = undoesOf(session, last);
  requireSettings(session);
  // Begun although the restore that it undoes may be half done: that one is not resumed any more.
  return begin(session, savePointOperation(session, request, undoes, restores));
}

function isCandidate(journal: Journal, { operation }: UndoRequest): boolean {
  return isUndoable(journal) && (operation === undefined || operation === journal.contents.id);
}

/** A restore that stands, whole or half. */
export function isUndoable(journal: Journal): boolean {
  const { state } = journal.contents;
  return isRestore(journal) && state !== "taken-back" && state !== "undone";
}

/** Whether the old guest is gone: its request was sent, and has taken effect. */
async function isOverwritten(session: GuestSession, request: UndoRequest, restore: RestoreJournal): Promise<boolean> {
  const { journal, plan } = restore;
  const steps = await preparedOperation(session, request).steps(plan, begunIn(journal));
  if (!hasCommitted(placeSteps(steps), journal)) return false;
  const effect = await effectOf(session.client, journal, {
    target: plan.target,
    present: plan.present,
    commit: commitOf(plan),
  });
  if (effect !== "none") return effect !== "failed";
  const meant = meantGuest(session.guest, session.environment.settings);
  return (await whyTouched(session.client, plan, journal.contents, meant)) !== undefined;
}

async function takeRestoreBack(
  session: GuestSession,
  request: UndoRequest,
  { journal, plan }: RestoreJournal,
): Promise<ExitCode> {
  if (plan.mode === "beside") await refuseOtherCopy(session, request, { journal, plan });
  const what =
    plan.mode === "beside"
      ? `the copy ${plan.target.vmid} of ${plan.guest}`
      : `the restore of ${plan.guest}, which has overwritten nothing`;
  const value = { guest: session.selector };
  return takeBackOne(session, preparedOperation(session, request), journal, { what, value });
}

/** @throws CommandError (13) before anything is taken back, when the copy is not this restore's to delete */
async function refuseOtherCopy(
  session: GuestSession,
  { checkSeconds }: UndoRequest,
  { journal, plan }: RestoreJournal,
): Promise<void> {
  const facts = journal.factsOf(restorePath);
  if (facts["sent"] !== true || !(await session.client.guests.exists(plan.target))) return;
  const world = await openWorld(session, checkSeconds, false);
  await requireOwnCopy(plan, world, journal.contents, facts);
  await refuseDeclared(plan, world);
}

/** The restore whose steps are taken back: what it was to restore says its own plan. */
function preparedOperation(session: GuestSession, { given, checkSeconds, command }: UndoRequest) {
  const wish = { archive: undefined, at: undefined, targetId: undefined, node: undefined };
  const request = { wish, storage: undefined, given, checkSeconds, command, undoes: undefined, inBatch: false };
  return restoreOperation(session, request);
}

function savePointOperation(
  session: GuestSession,
  { given, checkSeconds, command }: UndoRequest,
  undoes: Undoes,
  restores: readonly RestoreJournal[],
) {
  const wish = { archive: undoes.savePoint, at: undefined, targetId: undefined, node: undefined };
  // The restore whose save point is back is neither to be resumed nor to be undone again. If the process dies between
  // the two journals, the next `undo` must resume this one, not take it back.
  const beforeEnd = (): void => {
    restores.find(({ journal }) => journal.contents.id === undoes.operation)?.journal.setState("undone");
  };
  const request: RestoreRequest = {
    wish,
    storage: undefined,
    given,
    checkSeconds,
    command,
    undoes,
    inBatch: false,
    beforeEnd,
  };
  return restoreOperation(session, request);
}
