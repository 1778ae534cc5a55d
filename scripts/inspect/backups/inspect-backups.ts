import { doubtOf, type NodeMoment } from "../../../site/restore/doubt";
import { isSavePoint } from "../../../site/restore/save-point";
import type { CommandContext } from "../../project/context";
import type { FoundGuest } from "../../project/site";
import type { ArchiveSearch, FoundArchive } from "../../recovery/steps/guest/inspection";
import { notFound } from "../../recovery/steps/guest/not-found";
import { isOnline, searchArchives } from "../../recovery/steps/guest/search-archives";
import { CommandError } from "../../terminal/command-error";
import { formatBytes } from "../../terminal/durations";
import { exitCodes } from "../../terminal/exit-codes";
import type { ValueOf } from "../../terminal/shapes";
import type { Inspection } from "../inspection";
import { type Backup, printBackups } from "./backups-page";
import type { backupsShape } from "./shape";

/** The backups of a guest, on every storage of its cluster. @throws CommandError (10, 14) where none is seen */
export async function inspectBackups(
  found: FoundGuest,
  { progress }: Pick<CommandContext, "progress">,
): Promise<Inspection<ValueOf<typeof backupsShape>>> {
  const { guest, environment } = found;
  const { search, timeZone, now } = await progress.step(`look for backups of ${guest.name}`, () => searchFor(found));
  const { archives, unsearched } = search;
  if (archives.length === 0) throw nothingFound(found, search);
  const backups = archives.map((archive) => describe(archive, { now, timeZone }));
  const old = oldSavePoints(backups);
  return {
    value: { environment: environment.name, guest: guest.name, id: guest.id, timeZone, backups, unsearched },
    print: (lines) => printBackups(backups, timeZone, lines),
    exitCode: exitCodes.done,
    remark: (talk) => {
      for (const { storage, reason } of unsearched) talk.warning(`storage ${storage} was not searched: ${reason}`);
      if (old === undefined) return;
      talk.hint(`${old}: lifeboat undo ${environment.name}/${guest.name} --forget --older-than ${oldDays}`);
    },
  };
}

/** Save points are never deleted by themselves; after so many days nobody takes a restore back any more. */
const oldDays = 30;

/** A sentence about save points that may be given up; undefined where there are none. */
function oldSavePoints(backups: readonly Backup[]): string | undefined {
  const old = backups.filter(({ savePoint, ageSeconds }) => savePoint && ageSeconds > oldDays * 86_400);
  if (old.length === 0) return undefined;
  const bytes = old.reduce((sum, { size }) => sum + (size ?? 0), 0);
  return `${old.length === 1 ? "1 save point is" : `${old.length} save points are`} older than ${oldDays} days (${formatBytes(bytes)}); to delete them`;
}

interface Found {
  readonly search: ArchiveSearch;
  readonly timeZone: string;
  /** The node's clock, unix seconds. */
  readonly now: number;
}

async function searchFor({ environment, guest }: FoundGuest): Promise<Found> {
  const client = await environment.client();
  const nodes = (await client.cluster.nodes()).filter(isOnline);
  const { node } = nodes.find((one) => one.node === guest.node) ?? nodes[0] ?? guest;
  const search = await searchArchives(client, guest.id, environment.settings.backup.storage.id);
  const { time, timezone } = await client.cluster.nodeTime(node);
  return { search, timeZone: timezone, now: time };
}

/** "There are none" and "you may not see them" are different answers. */
function nothingFound({ guest, environment }: FoundGuest, search: ArchiveSearch): CommandError {
  const { missing } = search;
  if (missing.length > 0) {
    const lacking = missing.map(({ privilege, path }) => `${privilege} on ${path}`).join(", ");
    return new CommandError(`the token may not see them: it lacks ${lacking}`, {
      exitCode: exitCodes.unavailable,
      hint: "lifeboat doctor --print-setup prints the lines that give it",
      details: { missing },
    });
  }
  return notFound(search, {
    none: "there are none",
    unknown: "none were found",
    hint: `make one: lifeboat backup ${environment.name}/${guest.name}`,
  });
}

function describe(archive: FoundArchive, clock: NodeMoment): Backup {
  const { volid, storage, type, time, size, notes } = archive;
  return {
    archive: volid,
    storage,
    type,
    time,
    ageSeconds: Math.max(0, clock.now - time),
    size: size ?? null,
    notes,
    protected: archive.protected,
    doubt: doubtOf(archive, clock) ?? null,
    savePoint: isSavePoint(notes),
  };
}
