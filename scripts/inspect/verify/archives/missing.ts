import type { BackupJob } from "../../../../proxmox/api/answers";
import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { missingForArchivesOf } from "../../../../proxmox/api/permissions";
import { parseCalendarEvent } from "../../../../proxmox/rules/calendar-events";
import { CalendarEventError } from "../../../../proxmox/rules/calendar-syntax";
import { parseRetention, parseRetentionObject, type Retention } from "../../../../proxmox/rules/retention";
import { formatMoment } from "../../../../site/restore/moments";
import type { NodeMoment } from "../../../../site/restore/doubt";
import { isSavePoint } from "../../../../site/restore/save-point";
import { isCertain, type UnderOtherNumber } from "../../../../site/coverage";
import { nodesOf } from "../../../../site/needs";
import type { Guest } from "../../../../site/settings/environment";
import { missingRuns } from "../../../../site/verify/missing-archives";
import type { LoadedEnvironment } from "../../../project/environment";
import { unless } from "../../../recovery/steps/guest/inspect-present";
import { type BareStorage, bareText, type PlacedArchive } from "../../status/backup-storages";
import { numbered } from "../../status/guest-archives";
import { bareStorage } from "../../status/guest-backups";
import { readOtherNumbers } from "../../status/other-numbers";
import { lookAtStorages } from "./listed";
import type { MomentOn } from "./node-clocks";

/** Archives of a guest that should be there. */
export interface MissingArchives {
  readonly guest: string;
  readonly id: number;
  /** Unix seconds: starts of the runs whose archive is not there. None: there is no archive at all. */
  readonly runs: readonly number[];
  readonly text: string;
}

/** What is known of a job's guests. */
interface JobFacts {
  readonly archives: readonly PlacedArchive[];
  readonly otherNumbers: ReadonlyMap<number, UnderOtherNumber>;
  readonly moments: ReadonlyMap<string, NodeMoment>;
  readonly job: BackupJob | undefined;
  /** A backup runs on one of the nodes. */
  readonly running: boolean;
}

/** Retention of a job; undefined where it says none, and its storage or node decide. */
function retentionOf({ "prune-backups": found }: BackupJob): Retention | undefined {
  if (found === undefined) return undefined;
  return typeof found === "string" ? parseRetention(found) : parseRetentionObject(found);
}

/**
 * What schedule and retention say should be there, and is not. Everything is asked anew, and in this order: while archives were
 * read for hours, runs came due, ended and left others. What runs is asked before what is there.
 *
 * @param guests of the settings, that are to be looked at
 */
export async function missingArchives(
  client: ProxmoxClient,
  { settings }: LoadedEnvironment,
  guests: readonly Guest[],
  momentOn: MomentOn,
): Promise<{ missing: MissingArchives[]; unseen: string[] }> {
  const backedUp = guests.filter(({ optOut }) => optOut === undefined);
  const [job, visible, ...tasks] = await Promise.all([
    unless(["gone"], client.backups.backupJob(settings.backup.jobId)),
    client.cluster.guests(),
    ...nodesOf(settings).map((node) => client.tasks.list(node, { source: "active" })),
  ]);
  const running = tasks.flat().some(({ type, endtime }) => type === "vzdump" && endtime === undefined);
  const nodes = [...new Set(backedUp.map(({ node }) => node))];
  const moments = new Map(await Promise.all(nodes.map(async (node) => [node, await momentOn(node)] as const)));
  const storages = await lookAtStorages(client, settings);
  const ids = backedUp.map(({ id }) => id);
  const known = new Set(visible.map(({ vmid }) => vmid));
  const blind = await missingForArchivesOf(client, settings.backup.storage.id, ids, known);
  const unseen = backedUp.flatMap(({ id, name }) => {
    const lacks = (blind.get(id) ?? []).map(({ privilege, path }) => `${privilege} on ${path}`).join(", ");
    return lacks === "" ? [] : [`archives of ${name} may not all be seen: the token lacks ${lacks}`];
  });
  const { archives, unreadable } = storages;
  const bareOf = (guest: Guest): BareStorage | undefined => bareStorage(guest, storages, settings.backup.storage.id);
  const otherNumbers = await readOtherNumbers(
    client,
    settings,
    {
      archives: archives.flatMap(numbered),
      onNode: new Map(visible.map((guest) => [guest.vmid, guest])),
      known: new Set(settings.guests.map(({ id }) => id)),
    },
    { bare: backedUp.filter((guest) => backupsOf(guest, archives).length === 0), missing: [] },
  );
  const missing = backedUp.flatMap((guest) => {
    const isSeen = isCertain({
      blind: blind.get(guest.id)?.[0]?.privilege,
      unread: unreadable[0],
      bare: bareOf(guest)?.storage,
    });
    return isSeen ? missingOf(guest, { archives, otherNumbers, moments, job, running }) : [];
  });
  const bare = new Set(backedUp.flatMap((guest) => bareOf(guest) ?? []).map(bareText));
  return { missing, unseen: [...unreadable, ...unseen, ...bare] };
}

/** Save points are none. */
function backupsOf({ id }: Guest, archives: readonly PlacedArchive[]): PlacedArchive[] {
  return archives.filter(({ vmid, notes }) => vmid === id && !isSavePoint(notes ?? ""));
}

function missingOf(guest: Guest, { job, running, archives, otherNumbers, moments }: JobFacts): MissingArchives[] {
  const { id, name, node } = guest;
  const moment = moments.get(node);
  if (moment === undefined) throw new Error(`Nobody has asked what time it is on ${node}.`);
  const { now, timeZone } = moment;
  const own = backupsOf(guest, archives);
  const times = own.map(({ ctime }) => ctime).filter((time) => time <= now);
  if (own.length === 0) return [{ guest: name, id, runs: [], text: noneText(guest, otherNumbers.get(id)) }];
  const retention = job?.enabled === true ? retentionOf(job) : undefined;
  const event = eventOf(job?.schedule);
  if (retention === undefined || event === undefined) return [];
  const runs = missingRuns(times, { event, retention, timeZone, now, running });
  if (runs.length === 0) return [];
  const dates = runs.slice(-3).map((time) => formatMoment(time, timeZone).slice(0, "2026-11-20 03:00".length));
  const more = runs.length > dates.length ? ` and ${String(runs.length - dates.length)} before` : "";
  const what = runs.length === 1 ? "the archive of the run" : "the archives of the runs";
  return [
    {
      guest: name,
      id,
      runs,
      text: `${what} of ${dates.join(", ")}${more} should be there by schedule and retention, and ${runs.length === 1 ? "is" : "are"} not`,
    },
  ];
}

function noneText({ id, name }: Guest, { archives, unknown }: UnderOtherNumber = {}): string {
  const none = `no archive of ${name} is there`;
  if (archives !== undefined) {
    const { count, id: before } = archives;
    const bear = count === 1 ? "1 of it bears" : `${String(count)} of it bear`;
    return `${none} under its number ${String(id)}, and ${bear} ${String(before)}, which it had before`;
  }
  return unknown === undefined ? none : `${none} under its number ${String(id)}; ${unknown}`;
}

function eventOf(schedule: string | undefined) {
  try {
    return schedule === undefined ? undefined : parseCalendarEvent(schedule);
  } catch (error) {
    if (error instanceof CalendarEventError) return undefined;
    throw error;
  }
}
