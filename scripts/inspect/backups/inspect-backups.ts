import { counted } from "../../terminal/text";
import { doubtOf, type NodeMoment } from "../../../site/restore/doubt";
import { hasLeft } from "../../../site/left-guest";
import { isOwn, mendAnother, tellAnother, tellArchive, whosePresent } from "../../../site/restore/identity";
import { formatMoment } from "../../../site/restore/moments";
import { isSavePoint } from "../../../site/restore/save-point";
import type { CommandContext } from "../../project/context";
import { runBounded } from "../../machine/bounded";
import type { FoundGuest } from "../../project/site";
import type { ArchiveSearch, FoundArchive } from "../../recovery/steps/guest/inspection";
import { notFound } from "../../recovery/steps/guest/not-found";
import { askWhoseArchive } from "../../recovery/steps/guest/archived-identity";
import { meantGuest, presentIdentity } from "../../recovery/steps/guest/meant-guest";
import { isOnline, listArchives, searchArchives } from "../../recovery/steps/guest/search-archives";
import { unreadText } from "../../recovery/steps/guest/verified-archives";
import { CommandError } from "../../terminal/command-error";
import { formatBytes } from "../../terminal/durations";
import { exitCodes } from "../../terminal/exit-codes";
import type { ValueOf } from "../../terminal/shapes";
import type { Inspection } from "../inspection";
import { readOtherNumbers } from "../status/other-numbers";
import { type Backup, printBackups } from "./backups-page";
import type { backupsShape } from "./shape";

/** The backups of a guest, on every storage of its cluster. @throws CommandError (10, 14) where none is seen */
export async function inspectBackups(
  found: FoundGuest,
  { progress }: Pick<CommandContext, "progress">,
): Promise<Inspection<ValueOf<typeof backupsShape>>> {
  const { guest, environment } = found;
  const { search, timeZone, now } = await progress.step(`look for backups of ${guest.name}`, () => searchFor(found));
  const { archives, unsearched, missing } = search;
  if (archives.length === 0) {
    throw (
      (await progress.step("look under other numbers", () => underOtherNumber(found, timeZone))) ??
      nothingFound(found, search)
    );
  }
  const { strangers, another } = await progress.step(`look whose they are`, () => strangersAmong(found, archives));
  const backups = archives.map((archive, index) => describe(archive, strangers[index], { now, timeZone }));
  const unread = archives.filter(({ isUnread }) => isUnread === true);
  const old = hasLeft(guest) ? undefined : oldSavePoints(backups);
  return {
    value: { environment: environment.name, guest: guest.name, id: guest.id, timeZone, backups, unsearched },
    print: (lines) => printBackups(backups, timeZone, lines),
    // What was not searched may hold more, and newer ones.
    exitCode: unsearched.length + missing.length + unread.length > 0 ? exitCodes.partly : exitCodes.done,
    remark: (talk) => {
      for (const { volid } of unread) talk.warning(unreadText(volid));
      for (const { storage, reason } of unsearched) talk.warning(`storage ${storage} was not searched: ${reason}`);
      const lacks = missing.map(({ privilege, path }) => `${privilege} on ${path}`).join(", ");
      if (lacks !== "") talk.warning(`not every backup can be seen: the token lacks ${lacks}`);
      if (another !== undefined) {
        talk.warning(another.text);
        talk.hint(another.mend);
      }
      if (hasLeft(guest)) {
        talk.warning(`${guest.name} is in no settings: no job of theirs backs it up, and none removes these`);
        talk.hint(`to bring it back: lifeboat restore guest ${environment.name}/${guest.name} --dry-run`);
      }
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
  return `${counted(old.length, "save point is", "save points are")} older than ${oldDays} days (${formatBytes(bytes)}); to delete them`;
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

/** Its number in the settings was changed: there is none under that, and all of them under the one that it had. */
async function underOtherNumber(
  { guest, environment }: FoundGuest,
  timeZone: string,
): Promise<CommandError | undefined> {
  if (hasLeft(guest)) return undefined;
  const { name, settings } = environment;
  const client = await environment.client();
  const listed = await listArchives(client, undefined, settings.backup.storage.id);
  const found = await readOtherNumbers(
    client,
    settings,
    {
      archives: listed.archives.map((archive) => ({ ...archive, node: archive.nodes[0] ?? guest.node })),
      onNode: new Map((await client.cluster.guests()).map((one) => [one.vmid, one])),
      known: new Set(settings.guests.map(({ id }) => id)),
    },
    { bare: [guest], missing: [] },
  );
  const { archives, unknown } = found.get(guest.id) ?? {};
  const none = `there are none under ${String(guest.id)}, its number in the settings`;
  if (archives !== undefined) {
    const { id, count, newest } = archives;
    const which = `${count === 1 ? "it is" : "the newest is"} of ${formatMoment(newest, timeZone)}`;
    const bear = count === 1 ? "1 archive of it bears" : `${String(count)} archives of it bear`;
    return new CommandError(`${none}, and ${bear} ${String(id)}, which it had before: ${which}`, {
      exitCode: exitCodes.nothing,
      hint: `to see them: lifeboat backups ${name}/${String(id)}; to bring it back, write \`id: ${String(id)}\` in the settings of ${guest.name} again, then: lifeboat restore guest ${name}/${guest.name}`,
    });
  }
  if (unknown === undefined) return undefined;
  return new CommandError(`${none}, and whether there are under another is not known: ${unknown}`, {
    exitCode: exitCodes.unavailable,
    hint: `lifeboat restore guest ${name}/${guest.name} --dry-run looks under all of them`,
  });
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

/** Archives that are read at the same time. */
const readAtOnce = 4;

interface Strangers {
  /** Why each archive is not the guest's own, or may not be (D15): its number may have been another's. Undefined: it is. */
  readonly strangers: readonly (string | undefined)[];
  /** The guest that has the number now is another. */
  readonly another?: { readonly text: string; readonly mend: string };
}

async function strangersAmong(
  { environment, guest }: FoundGuest,
  archives: readonly FoundArchive[],
): Promise<Strangers> {
  const client = await environment.client();
  const meant = meantGuest(guest, environment.settings);
  const selector = `${environment.name}/${guest.name}`;
  const there = (await client.cluster.guests()).find(({ vmid }) => vmid === guest.id);
  const identity = there && (await presentIdentity(client, there));
  const present = typeof identity === "string" ? undefined : identity;
  const bounds = { parallel: readAtOnce, perKey: readAtOnce, keyOf: () => "" };
  const judged = await runBounded(archives, bounds, async (archive) => ({
    whose: await askWhoseArchive(client, archive.nodes[0] ?? guest.node, archive, { meant, present }),
  }));
  const strangers = judged.map(({ whose }) => {
    if (typeof whose === "string") return `it does not tell whose it is: ${whose}`;
    return isOwn(whose) ? undefined : tellArchive("it", whose, selector);
  });
  const whose = present && whosePresent(present, meant);
  if (there === undefined || whose?.kind !== "another") return { strangers };
  const text = tellAnother(`guest ${guest.id} on ${there.node}`, whose, selector);
  return { strangers, another: { text, mend: mendAnother(there, selector) } };
}

function describe(archive: FoundArchive, stranger: string | undefined, clock: NodeMoment): Backup {
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
    verification:
      archive.verification === undefined ? null : { state: archive.verification, time: archive.verifiedAt ?? null },
    encrypted: archive.encrypted !== undefined,
    doubt: doubtOf(archive, clock) ?? null,
    stranger: stranger ?? null,
    savePoint: isSavePoint(notes),
  };
}
