import { shellQuote } from "../../machine/shell-quote";
import { parseUpid } from "../../../proxmox/rules/upid";
import { doubtOf } from "../../../site/restore/doubt";
import { parseSavePoint, parseSavePointNotes } from "../../../site/restore/save-point";
import { CommandError } from "../../terminal/command-error";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import { hasCommitted } from "../engine/apply";
import type { GivenAnswers } from "../engine/consent";
import { isOpen, type Journal } from "../engine/journal";
import { begin, begunIn, runLocked } from "../engine/run-one";
import { type GuestSession, halfDone, journalsOf, takeLock, unfinished } from "../engine/session";
import { placeSteps } from "../engine/step";
import { takeBackOne } from "../engine/take-back-one";
import { isRestore, readRestore, type RestoreJournal, restoreKind, restoresAmong } from "../restore-guest/journals";
import type { RestoreOptions } from "../restore-guest/make-plan";
import { type RestoreRequest, restoreOperation } from "../restore-guest/operation";
import { refuseDeclared, requireOwnCopy, restorePath, whyTouched } from "../restore-guest/restore-step";
import { effectOf } from "../steps/guest/effect";
import type { ArchiveSearch, FoundArchive } from "../steps/guest/inspection";
import { meantGuest } from "../steps/guest/meant-guest";
import { openWorld } from "../steps/guest/open-world";
import { waitForOwnTasks } from "../steps/guest/own-tasks";
import { savePointPath } from "../steps/guest/save-point-steps";
import { nodeClock } from "../steps/guest/node-facts";
import { notFound, unsearchedHint, unsearchedText } from "../steps/guest/not-found";
import { searchArchives } from "../steps/guest/search-archives";
import { keepWayBack } from "../steps/guest/way-back";

/** What `lifeboat undo` was asked for. */
export interface UndoRequest {
  /** Id of the operation; undefined: the guest's last one. */
  readonly operation: string | undefined;
  readonly given: GivenAnswers;
  readonly checkSeconds: number;
  readonly command: string;
}

type Undoes = NonNullable<RestoreOptions["undoes"]>;

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
  requireSettings(session);
  // Begun although the restore that it undoes may be half done: that one is not resumed any more.
  return begin(session, savePointOperation(session, request, undoesOf(session, last), restores));
}

function isCandidate(journal: Journal, { operation }: UndoRequest): boolean {
  return isUndoable(journal) && (operation === undefined || operation === journal.contents.id);
}

/** A restore that stands, whole or half. */
export function isUndoable(journal: Journal): boolean {
  const { state } = journal.contents;
  return isRestore(journal) && state !== "taken-back" && state !== "undone";
}

/** @throws CommandError (13) where the save point of a guest is to be restored that the settings do not have */
function requireSettings({ hasLeft, subject, selector }: GuestSession): void {
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

function nothingToUndo({ guest, selector }: GuestSession, search: ArchiveSearch): CommandError {
  const nowhere = "neither in the journals of this machine nor as a save point on a storage";
  return notFound(search, {
    none: `there is no restore of ${guest.name} to take back, ${nowhere}`,
    unknown: `no restore of ${guest.name} to take back was found, ${nowhere}`,
    hint: `see what there is: lifeboat backups ${selector}`,
  });
}

/** @throws CommandError (14) where a later restore, of another machine, may have its save point on a storage that hides it */
function refuseUnsure(
  { guest, environment }: GuestSession,
  { operation }: UndoRequest,
  search: ArchiveSearch,
  { journal }: RestoreJournal,
): void {
  const { id } = environment.settings.backup.storage;
  const hidesSavePoints = search.unsearched.some(({ storage }) => storage === id || storage.startsWith(`${id} (`));
  if (operation !== undefined || !hidesSavePoints) return;
  throw new CommandError(
    `whether that of ${journal.contents.startedAt} is the last restore of ${guest.name} cannot be known: ${unsearchedText(search)}`,
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
function refuseOtherName({ guest, environment, selector }: GuestSession, { journal, plan }: RestoreJournal): void {
  if (plan.guest === guest.name || plan.mode === "beside") return;
  const before = `${environment.name}/${plan.guest}`;
  const way = isOpen(journal)
    ? `give it up: lifeboat abandon ${selector}`
    : `see what there is of it: lifeboat backups ${selector}`;
  throw new CommandError(
    `the restore begun at ${journal.contents.startedAt} is of ${plan.guest} (${guest.id}), not of ${guest.name}`,
    {
      exitCode: exitCodes.refused,
      hint: `if they are one guest, name it ${plan.guest} in the settings until 'lifeboat undo ${before}' is done; else ${way}`,
    },
  );
}

/** The last restore is another than the one that is half done here. By its name that one can be taken back first. */
function anotherIsHalfDone(session: GuestSession, open: Journal): CommandError {
  const { message, exitCode, details } = halfDone(session, open);
  const { id, command } = open.contents;
  const hint = `resume it: ${command}; or take it back first: lifeboat undo ${id}`;
  return new CommandError(`${message}, and is not the last restore of ${session.guest.name}`, {
    exitCode,
    hint,
    details,
  });
}

/** Whether the old guest is gone: its request was sent, and has taken effect. */
async function isOverwritten(session: GuestSession, request: UndoRequest, restore: RestoreJournal): Promise<boolean> {
  const { journal, plan } = restore;
  const steps = await preparedOperation(session, request).steps(plan, begunIn(journal));
  if (!hasCommitted(placeSteps(steps), journal)) return false;
  const effect = await effectOf(session.client, journal, {
    target: plan.target,
    present: plan.present,
    commit: { path: restorePath, type: "vzrestore" },
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

/** The save point of a restore of this machine. */
function undoesOf({ guest }: GuestSession, { journal, plan }: RestoreJournal): Undoes {
  const savePoint = journal.factsOf(savePointPath)["archive"];
  if (typeof savePoint === "string") {
    return { operation: journal.contents.id, savePoint, start: plan.present?.running === true };
  }
  const why =
    plan.present === undefined ? `there was no guest ${guest.id} before it` : "it was made without a save point";
  throw new CommandError(
    `the restore of ${guest.name} begun at ${journal.contents.startedAt} cannot be taken back: ${why}`,
    {
      exitCode: exitCodes.nothing,
      hint:
        journal.contents.state === "open"
          ? `it has not ended; resume it: ${journal.contents.command}`
          : `restore another archive instead: lifeboat backups ${guest.name}`,
    },
  );
}

/** Whether the guest ran before the restore that is undone; a guest of which that is not known ran. */
function startedBefore({ operation }: { readonly operation?: string }, restores: readonly RestoreJournal[]): boolean {
  const undone = restores.find(({ journal }) => journal.contents.id === operation);
  return undone === undefined || undone.plan.present?.running === true;
}

/** What journals and storages tell of restores. */
interface KnownRestores {
  readonly journals: readonly Journal[];
  readonly last: RestoreJournal | undefined;
  readonly archives: readonly FoundArchive[];
}

/** A save point that this machine knows nothing of and that is newer than what it knows. */
async function newestElsewhere(
  session: GuestSession,
  { operation }: UndoRequest,
  { journals, last, archives }: KnownRestores,
): Promise<Undoes | undefined> {
  const own = new Set(journals.filter(isRestore).map(({ contents }) => contents.id));
  const since = last === undefined ? 0 : timeOf(last, archives);
  const candidates = archives.filter((archive) => {
    const id = parseSavePoint(archive.notes)?.operation;
    if (id === undefined || own.has(id)) return false;
    return operation === undefined ? archive.time > since : id === operation;
  });
  for (const candidate of candidates) {
    const undoes = await describeSavePoint(session, candidate);
    if (undoes === undefined) continue;
    if (operation === undefined) await refuseDoubtful(session, candidate);
    return undoes;
  }
  return undefined;
}

/**
 * When a restore of this machine began by its node's clock, unix seconds: this machine's may be off. That of its save point;
 * without one, of its task. One of which the node knows nothing has overwritten nothing, and is taken back before any other.
 */
function timeOf({ journal }: RestoreJournal, archives: readonly FoundArchive[]): number {
  const own = archives.find(({ notes }) => parseSavePoint(notes)?.operation === journal.contents.id);
  const { upid } = journal.factsOf(restorePath);
  return own?.time ?? parseUpid(String(upid))?.startTime ?? Infinity;
}

/** @throws CommandError (13) for a save point that only somebody who names it may take (D17) */
async function refuseDoubtful({ client, guest }: GuestSession, archive: FoundArchive): Promise<void> {
  const { time, timezone } = await nodeClock(client, archive.nodes[0] ?? guest.node);
  const doubt = doubtOf(archive, { now: time, timeZone: timezone });
  if (doubt === undefined) return;
  throw new CommandError(`the newest save point of ${guest.name}, ${archive.volid}, is doubtful: ${doubt}`, {
    exitCode: exitCodes.refused,
    hint: `if it is right, name its operation: lifeboat undo ${shellQuote(parseSavePoint(archive.notes)?.operation ?? "")}`,
  });
}

/** Undefined: it is another environment's, which shares the storage and has a guest with the same id. */
async function describeSavePoint(
  { client, guest, environment }: GuestSession,
  archive: FoundArchive,
): Promise<Undoes | undefined> {
  const { notes } = await client.backups.archiveDetails(archive.nodes[0] ?? guest.node, archive.volid);
  const record = parseSavePointNotes(notes);
  if (record?.environment !== undefined && record.environment !== environment.name) return undefined;
  // Without full notes the process died right after the backup: the guest was stopped for it then.
  if (record !== undefined && (record.vmid !== guest.id || record.guest !== guest.name)) {
    throw new CommandError(
      `the save point ${archive.volid} is of ${record.guest} (${record.vmid}), not of ${guest.name}`,
      {
        exitCode: exitCodes.refused,
        hint: `restore it by its name if it is right: lifeboat restore guest ${guest.name} --archive ${shellQuote(archive.volid)}`,
      },
    );
  }
  return { savePoint: archive.volid, start: record?.wasRunning ?? true };
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
