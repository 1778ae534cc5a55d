import { parseUpid } from "../../../proxmox/rules/upid";
import { doubtOf } from "../../../site/restore/doubt";
import { parseSavePoint, parseSavePointNotes } from "../../../site/restore/save-point";
import { shellQuote } from "../../machine/shell-quote";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { Journal } from "../engine/journal";
import type { GuestSession } from "../engine/session";
import { isRestore, type RestoreJournal } from "../restore-guest/journals";
import type { RestoreOptions } from "../restore-guest/restore-options";
import { restorePath } from "../restore-guest/restore-step";
import type { FoundArchive } from "../steps/guest/inspection";
import { nodeClock } from "../steps/guest/node-facts";
import { savePointPath } from "../steps/guest/save-point-steps";
import type { UndoRequest } from "./request";
import { formatInstant } from "../../terminal/durations";

/** The save point that is restored. */
export type Undoes = NonNullable<RestoreOptions["undoes"]>;

/** The save point of a restore of this machine. */
export function undoesOf({ guest }: GuestSession, { journal, plan }: RestoreJournal): Undoes {
  const savePoint = journal.factsOf(savePointPath)["archive"];
  if (typeof savePoint === "string") {
    return { operation: journal.contents.id, savePoint, start: plan.present?.running === true };
  }
  const why =
    plan.present === undefined ? `there was no guest ${guest.id} before it` : "it was made without a save point";
  throw new CommandError(
    `the restore of ${guest.name} begun at ${formatInstant(journal.contents.startedAt)} cannot be taken back: ${why}`,
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
export function startedBefore(
  { operation }: { readonly operation?: string },
  restores: readonly RestoreJournal[],
): boolean {
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
export async function newestElsewhere(
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
        hint: `restore it by its name if it is right: lifeboat restore guest ${environment.name}/${guest.name} --archive ${shellQuote(archive.volid)}`,
      },
    );
  }
  return { savePoint: archive.volid, start: record?.wasRunning ?? true };
}
