import { parseSavePoint, parseSavePointNotes } from "../../../site/restore/save-point";
import { CommandError } from "../../terminal/command-error";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import { hasCommitted } from "../engine/apply";
import type { Demand, GivenAnswers } from "../engine/consent";
import { type PlacedStep, placeSteps } from "../engine/step";
import { takeBack } from "../engine/take-back";
import { type GuestSession, observerOf } from "../engine/session";
import { forceFlag, confirm } from "../engine/settle-demands";
import {
  type RestoreRequest,
  conductRestore,
  finishTakingBack,
  resumeRestore,
  stepsOf,
} from "../restore-guest/operation";
import { inputNames, configurationDigest, readConfiguration } from "../steps/guest/inputs";
import type { FoundArchive } from "../steps/guest/inspection";
import type { RestoreOptions } from "../restore-guest/make-plan";
import { type RestoreJournal, unfinishedRestore } from "../restore-guest/journals";
import { savePointPath } from "../steps/guest/save-point-steps";
import { searchArchives } from "../steps/guest/search-archives";

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
export async function conductUndo(
  session: GuestSession,
  request: UndoRequest,
  restores: readonly RestoreJournal[],
): Promise<ExitCode> {
  const open = unfinishedRestore(restores);
  if (open?.plan.undoes !== undefined) {
    const undoes = { start: true, ...open.plan.undoes };
    const resumed = await resumeRestore(session, savePointRequest(request, undoes, restores), open);
    if (resumed !== "taken-back") return resumed;
  }
  const last = restores.find((restore) => isCandidate(restore, request));
  const elsewhere = await newestElsewhere(session, request, restores, last);
  if (elsewhere !== undefined) return restoreSavePoint(session, request, elsewhere, restores);
  if (last === undefined) throw nothingToUndo(session);
  if (last.journal.contents.state === "taking-back" && !(await finishTakingBack(session, last)))
    return exitCodes.failed;
  if (last.journal.contents.state === "taken-back") return exitCodes.done;
  if (last.plan.mode === "beside" || !(await isOverwritten(session, last)))
    return takeRestoreBack(session, request, last);
  return restoreSavePoint(session, request, undoesOf(session, last), restores);
}

/** A restore that stands, whole or half; what was taken back or undone is none any more. */
function isCandidate({ journal }: RestoreJournal, { operation }: UndoRequest): boolean {
  const { state, id } = journal.contents;
  return state !== "taken-back" && state !== "undone" && (operation === undefined || operation === id);
}

function nothingToUndo({ guest }: GuestSession): CommandError {
  return new CommandError(
    `there is no restore of ${guest.name} to take back, neither in the journals of this machine nor as a save point on a storage`,
    {
      exitCode: exitCodes.nothing,
      hint: `see what there is: lifeboat backups ${guest.name}`,
    },
  );
}

/** Whether the old guest is gone: its request was sent, and the node has got it. */
async function isOverwritten(session: GuestSession, restore: RestoreJournal): Promise<boolean> {
  const { journal, plan } = restore;
  if (!hasCommitted(placeSteps(await stepsOf(session, restore, 0)), journal)) return false;
  const { upid } = journal.factsOf("restore");
  if (upid !== undefined || journal.record("restore")?.state === "done") return true;
  const { node, vmid } = plan.target;
  const tasks = await session.client.tasks.list(node, { vmid, typefilter: "vzrestore" });
  const known = String(journal.factsOf("restore")["knownTasks"]).split(" ");
  if (tasks.some((task) => !known.includes(task.upid))) return true;
  const present = await readConfiguration(session.client, node, vmid);
  return configurationDigest(present) !== journal.contents.inputs[inputNames.configuration];
}

/** Steps that were begun, undone one by one, the last first. */
async function takeRestoreBack(
  session: GuestSession,
  request: UndoRequest,
  restore: RestoreJournal,
): Promise<ExitCode> {
  const { context, dryRun, selector } = session;
  const { journal, plan } = restore;
  const steps = placeSteps(await stepsOf(session, restore, 0));
  const begun = steps.filter((placed) => isToTakeBack(placed, restore)).reverse();
  const lines = begun.map(({ step }) => `take back: ${step.does}`);
  const what =
    plan.mode === "beside"
      ? `the copy ${plan.target.vmid} of ${plan.guest}`
      : `the restore of ${plan.guest}, which has overwritten nothing`;
  context.talk.line(`Plan: take back ${what} (begun at ${journal.contents.startedAt})`);
  for (const line of lines) context.talk.hanging("  - ", line);
  const result = { guest: selector, operation: journal.contents.id, steps: lines };
  if (dryRun) {
    context.output.result({ plan: result }, (output) => output.line(`Would take back ${what}.`));
    return exitCodes.done;
  }
  const demand: Demand = { flag: forceFlag, reason: "the plan is not confirmed", question: `Take back ${what}?` };
  await confirm([demand], request.given, context);
  const leftovers = await takeBack(steps, journal, { signal: context.signal, observer: observerOf(context) });
  if (leftovers.length > 0) {
    throw new CommandError(`not everything could be taken back: ${leftovers.join("; ")}`, {
      exitCode: exitCodes.failed,
      hint: `try again: ${request.command}`,
    });
  }
  context.output.result(result, (output) => output.line(`Took back ${what}.`));
  return exitCodes.done;
}

function isToTakeBack({ path, step }: PlacedStep, { journal }: RestoreJournal): boolean {
  const record = journal.record(path);
  return step.takeBack !== undefined && record !== undefined && record.state !== "taken-back";
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

/** A save point that this machine knows nothing of and that is newer than what it knows. */
async function newestElsewhere(
  session: GuestSession,
  { operation }: UndoRequest,
  restores: readonly RestoreJournal[],
  last: RestoreJournal | undefined,
): Promise<Undoes | undefined> {
  const { client, guest, environment } = session;
  const { archives } = await searchArchives(client, guest.id, environment.settings.backup.storage.id);
  const own = new Set(restores.map(({ journal }) => journal.contents.id));
  const since = last === undefined ? 0 : Date.parse(last.journal.contents.startedAt) / 1000;
  const newest = archives.find((archive) => {
    const id = parseSavePoint(archive.notes)?.operation;
    if (id === undefined || own.has(id)) return false;
    return operation === undefined ? archive.time > since : id === operation;
  });
  return newest === undefined ? undefined : describeSavePoint(session, newest);
}

async function describeSavePoint({ client, guest }: GuestSession, archive: FoundArchive): Promise<Undoes> {
  const { notes } = await client.backups.archiveDetails(archive.nodes[0] ?? guest.node, archive.volid);
  const record = parseSavePointNotes(notes);
  // Without full notes the process died right after the backup: the guest was stopped for it then.
  if (record !== undefined && (record.vmid !== guest.id || record.guest !== guest.name)) {
    throw new CommandError(
      `the save point ${archive.volid} is of ${record.guest} (${record.vmid}), not of ${guest.name}`,
      {
        exitCode: exitCodes.refused,
        hint: `restore it by its name if it is right: lifeboat restore guest ${guest.name} --archive ${archive.volid}`,
      },
    );
  }
  return { savePoint: archive.volid, start: record?.wasRunning ?? true };
}

function restoreSavePoint(
  session: GuestSession,
  request: UndoRequest,
  undoes: Undoes,
  restores: readonly RestoreJournal[],
): Promise<ExitCode> {
  return conductRestore(session, savePointRequest(request, undoes, restores), restores);
}

function savePointRequest(
  { given, checkSeconds, command }: UndoRequest,
  undoes: Undoes,
  restores: readonly RestoreJournal[],
): RestoreRequest {
  const wish = { archive: undoes.savePoint, at: undefined, targetId: undefined, node: undefined };
  // The restore whose save point is back is neither to be continued nor to be undone again. If the process dies between
  // the two journals, the next `undo` must go on with this one, not take it back.
  const beforeEnd = (): void => {
    restores.find(({ journal }) => journal.contents.id === undoes.operation)?.journal.setState("undone");
  };
  return { wish, storage: undefined, given, checkSeconds, command, undoes, oneOfSeveral: false, beforeEnd };
}
