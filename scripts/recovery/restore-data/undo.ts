import { CommandError } from "../../terminal/command-error";
import { formatInstant } from "../../terminal/durations";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import type { GivenAnswers } from "../engine/consent";
import { isOpen, type Journal } from "../engine/journal";
import { begin, planIn, runLocked } from "../engine/run-one";
import { type GuestSession, halfDone, journalsOf, takeLock, unfinished } from "../engine/session";
import { takeBackOne } from "../engine/take-back-one";
import { recoveryOf, sourcePlace } from "./find-source";
import { guestShelf } from "./guest-shelf";
import { hasExchanged, restoreDataOperation } from "./operation";
import { restoreDataKind, type RestoreDataPlan, restoreDataPlanSchema } from "./plan";
import type { RestoreDataRequest, RestorePoint } from "./request";
import { releasePath, savePointPath } from "./steps";

/** What `lifeboat undo` was asked for, where the last restore was of data. */
export interface UndoDataRequest {
  /** Id of the operation; undefined: the guest's last one. */
  readonly operation: string | undefined;
  readonly identity: string | undefined;
  readonly given: GivenAnswers;
  readonly command: string;
}

/** A restore of data that stands, whole or half. */
export function isUndoableData({ contents: { kind, state } }: Journal): boolean {
  return kind === restoreDataKind && state !== "taken-back" && state !== "undone" && state !== "given-up";
}

/**
 * Takes the last restore of data back. What has replaced nothing yet is taken back step by step; what was put aside gets its
 * name again; what is given up already comes back from the dump that was made of it.
 *
 * @throws CommandError (1, 10, 11, 13)
 */
export async function undoData(session: GuestSession, request: UndoDataRequest): Promise<ExitCode> {
  if (!session.dryRun) takeLock(session, request.command);
  const journals = journalsOf(session);
  const open = unfinished(journals, restoreDataKind);
  if (open !== undefined && open.contents.kind !== restoreDataKind) throw halfDone(session, open);
  const undone = open?.contents.request["undo"];
  if (undone !== undefined && open !== undefined)
    return runLocked(session, fromSavePoint(session, request, journals, open, undone));
  const last = journals.find(
    (journal) => isUndoableData(journal) && (request.operation ?? journal.contents.id) === journal.contents.id,
  );
  if (last === undefined) {
    throw new CommandError(`there is no restore of data of ${session.selector} to take back`, {
      exitCode: exitCodes.nothing,
      hint: `see what there is: lifeboat data ${session.selector}`,
    });
  }
  if (open !== undefined && open !== last) throw halfDone(session, open);
  const plan = readPlan(last);
  const replaced = plan.items.some(({ present }) => present !== undefined);
  if (!hasExchanged(last) || !replaced || (isOpen(last) && last.record(releasePath) === undefined)) {
    const names = plan.items.map(({ into }) => into).join(", ");
    const operation = restoreDataOperation(session, requestOf(session, request, plan, { kind: "newest" }));
    const what = `the restore of ${names}`;
    return takeBackOne(session, operation, last, { what, value: { guest: session.selector } });
  }
  return begin(session, fromSavePoint(session, request, journals, last, last.contents.id));
}

/** Puts back what was dumped before it was replaced. @param journal whose plan says what that was */
function fromSavePoint(
  session: GuestSession,
  request: UndoDataRequest,
  journals: readonly Journal[],
  journal: Journal,
  undone: string,
) {
  const plan = readPlan(journal);
  const isUndo = journal.contents.request["undo"] === undone;
  if (!isUndo && journal.factsOf(savePointPath)["dump"] === undefined) {
    throw new CommandError(
      `the restore begun at ${formatInstant(journal.contents.startedAt)} cannot be taken back: it was made without a save point`,
      {
        exitCode: exitCodes.nothing,
        hint: `restore a dump instead: lifeboat data ${session.selector}`,
      },
    );
  }
  const base = requestOf(session, request, plan, { kind: "save-point", operation: undone });
  return restoreDataOperation(session, {
    ...base,
    request: { undo: undone },
    // If the process dies between the two journals, the next undo resumes this one, and does not take it back.
    beforeEnd: () => journals.find(({ contents }) => contents.id === undone)?.setState("undone"),
  });
}

function readPlan(journal: Journal): RestoreDataPlan {
  return planIn({ schema: restoreDataPlanSchema, name: "restore of data" }, journal);
}

function requestOf(
  session: GuestSession,
  { identity, given, command }: UndoDataRequest,
  { to, items }: RestoreDataPlan,
  point: RestorePoint,
): RestoreDataRequest {
  const source = session.guest.data.find(({ name }) => name === to.source);
  if (source === undefined) {
    throw new CommandError(`the settings do not have the source ${to.source} of ${session.selector} any more`, {
      exitCode: exitCodes.refused,
      hint: "put it back into the settings, and again",
    });
  }
  const place = sourcePlace(session, source);
  const replaced = items.filter(({ present }) => present !== undefined);
  return {
    from: place,
    to: place,
    shelf: guestShelf(place, session.context.signal),
    what: items.map(({ into }) => into).join(", "),
    isWanted: ({ type, name }) => replaced.some((item) => item.type === type && item.into === name),
    names: [],
    point,
    recovery: recoveryOf(session, source),
    into: undefined,
    identity,
    given,
    command,
    plain: command,
    request: {},
  };
}
