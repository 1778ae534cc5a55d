import * as z from "zod";
import { formatMoment } from "../../site/restore/moments";
import { isSavePoint } from "../../site/restore/save-point";
import { type ArchiveSearch } from "../recovery/steps/guest/inspection";
import { isOnline, searchArchives } from "../recovery/steps/guest/search-archives";
import type { FoundGuest } from "../project/site";
import { defineCommand } from "./frame/command";
import { CommandError } from "../terminal/command-error";
import { formatAge, formatBytes } from "../terminal/durations";
import { exitCodes } from "../terminal/exit-codes";
import { type Column, fitTable, type FlexibleColumn } from "../terminal/fitted-table";
import type { Lines } from "../terminal/talk";
import { dim, shorten, type Words, yellow } from "../terminal/text";

/** A backup as it is printed. */
interface Backup {
  archive: string;
  storage: string;
  type: string;
  /** Unix seconds. */
  time: number;
  ageSeconds: number;
  /** Bytes. */
  size: number;
  /** First line. */
  notes: string;
  protected: boolean;
  savePoint: boolean;
}

export const command = defineCommand({
  description:
    "Lists the backups of a guest on every storage of its cluster, newest first, in the node's time. Ends with 10 when there are none, and with 14 when the token may not see them.",
  examples: [
    { command: "lifeboat backups web", meaning: "by name" },
    { command: "lifeboat backups prod/101", meaning: "by environment and id" },
    { command: "lifeboat restore guest web --archive <ARCHIVE>", meaning: "restore one of them" },
  ],
  arguments: [{ name: "guest", description: "id, name, or environment/name", required: true }],
  input: z.object({ guest: z.string() }),
  aim: ({ guest }) => `list the backups of ${guest}`,
  run: async ({ guest: selector }, { site, progress, output, talk }) => {
    const found = (await site()).findGuest(selector);
    const { search, timeZone, now } = await progress.step(`look for backups of ${found.guest.name}`, () => look(found));
    if (search.archives.length === 0) throw nothingFound(found, search);
    const backups = search.archives.map((archive) => describe(archive, now));
    const { guest, environment } = found;
    const value = { environment: environment.name, guest: guest.name, id: guest.id, timeZone, backups };
    output.result({ ...value, unsearched: search.unsearched }, (lines) => print(backups, timeZone, lines));
    for (const { storage, reason } of search.unsearched) talk.warning(`storage ${storage} was not searched: ${reason}`);
    const old = oldSavePoints(backups);
    if (old !== undefined)
      talk.hint(`${old}: lifeboat undo ${environment.name}/${guest.name} --forget --older-than ${oldDays}`);
    return exitCodes.done;
  },
});

/** Save points are never deleted by themselves; after so many days nobody takes a restore back any more. */
const oldDays = 30;

/** A sentence about save points that may be given up; undefined where there are none. */
function oldSavePoints(backups: readonly Backup[]): string | undefined {
  const old = backups.filter(({ savePoint, ageSeconds }) => savePoint && ageSeconds > oldDays * 86_400);
  if (old.length === 0) return undefined;
  const bytes = old.reduce((sum, { size }) => sum + size, 0);
  return `${old.length === 1 ? "1 save point is" : `${old.length} save points are`} older than ${oldDays} days (${formatBytes(bytes)}); to delete them`;
}

async function look({
  environment,
  guest,
}: FoundGuest): Promise<{ search: ArchiveSearch; timeZone: string; now: number }> {
  const client = await environment.client();
  const nodes = (await client.cluster.nodes()).filter(isOnline);
  const { node } = nodes.find((one) => one.node === guest.node) ?? nodes[0] ?? guest;
  const { time, timezone } = await client.cluster.nodeTime(node);
  const search = await searchArchives(client, guest.id, environment.settings.backup.storage.id);
  return { search, timeZone: timezone, now: time };
}

/** "There are none" and "you may not see them" are different answers. */
function nothingFound(
  { guest, environment }: FoundGuest,
  { missing, searched, unsearched }: ArchiveSearch,
): CommandError {
  if (missing.length > 0) {
    const lacking = missing.map(({ privilege, path }) => `${privilege} on ${path}`).join(", ");
    return new CommandError(`the token may not see them: it lacks ${lacking}`, {
      exitCode: exitCodes.unavailable,
      hint: "lifeboat doctor --print-setup prints the lines that give it",
      details: { missing },
    });
  }
  const others = unsearched.map(({ storage, reason }) => `${storage} was not searched: ${reason}`);
  const where = searched.length === 0 ? "no storage could be searched" : `searched: ${searched.join(", ")}`;
  return new CommandError(`there are none (${[where, ...others].join("; ")})`, {
    exitCode: exitCodes.nothing,
    hint: `make one: lifeboat backup ${environment.name}/${guest.name}`,
    details: { searched, unsearched },
  });
}

function describe(archive: ArchiveSearch["archives"][number], now: number): Backup {
  const { volid, storage, type, time, size, notes } = archive;
  return {
    archive: volid,
    storage,
    type,
    time,
    ageSeconds: Math.max(0, now - time),
    size,
    notes,
    protected: archive.protected,
    savePoint: isSavePoint(notes),
  };
}

function print(backups: readonly Backup[], timeZone: string, lines: Lines): void {
  const columns: (Column<Backup> | FlexibleColumn<Backup>)[] = [
    { heading: dim(`DATE (${timeZone})`), cell: ({ time }) => formatMoment(time, timeZone) },
    { heading: dim("AGE"), cell: ({ ageSeconds }) => formatAge(ageSeconds), align: "right" },
    { heading: dim("SIZE"), cell: ({ size }) => formatBytes(size), align: "right" },
    // The archive below begins with it.
    { heading: dim("STORAGE"), cell: ({ storage }) => storage, leaveOut: 1 },
    { heading: "", cell: markOf },
    { heading: dim("NOTES"), text: ({ notes }) => notes, readable: 40, shorten },
  ];
  lines.table(fitTable(backups, columns, lines.room), "", (row) => {
    const backup = backups[row - 1];
    if (backup !== undefined) lines.line(dim(`  ${backup.archive}`));
  });
}

function markOf(backup: Backup): Words {
  const marks = [...(backup.savePoint ? ["save point"] : []), ...(backup.protected ? ["protected"] : [])];
  return yellow(marks.join(", "));
}
