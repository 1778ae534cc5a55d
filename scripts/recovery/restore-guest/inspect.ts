import { shellQuote } from "../../machine/shell-quote";
import { typeOfGuest } from "../../../site/guest-types";
import type { NodeTime, TaskEntry } from "../../../proxmox/api/answers";
import type { GuestAddress } from "../../../proxmox/api/calls/guests";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import type { GuestConfiguration } from "../../../proxmox/rules/guest-configuration";
import {
  type ArchiveChoice,
  type ArchiveWish,
  MomentError,
  chooseArchive,
  formatMoment,
  parseMoment,
} from "../../../site/restore/choose-archive";
import { doubtOf } from "../../../site/restore/doubt";
import { defaultProtectionLimit } from "../../../site/restore/protection-limit";
import type { Environment, Guest } from "../../../site/settings/environment";
import { CommandError, usageError } from "../../terminal/command-error";
import { formatDuration } from "../../terminal/durations";
import { exitCodes } from "../../terminal/exit-codes";
import { inspectPresent, membershipsOf, runningTasks, unless } from "../steps/guest/inspect-present";
import type {
  ArchiveSearch,
  FoundArchive,
  Membership,
  PresentGuest,
  RunningTask,
  TargetStorage,
} from "../steps/guest/inspection";
import { type ArchiveReading, readingOf } from "../steps/guest/archive-reading";
import { type Location, locate } from "../steps/guest/locate";
import { notFound } from "../steps/guest/not-found";
import { requireRights, rightsFor } from "../steps/guest/rights";
import { searchArchives, targetStorages } from "../steps/guest/search-archives";
import type { DeclaredIds } from "../steps/guest/declared-ids";
import { type IdTraces, tracesOf, untracedId } from "../steps/guest/id-traces";
import { type Surroundings, surroundingsOf } from "./surroundings";
import { type Ownership, ownershipOf } from "./whose";
import { extractConfiguration } from "../steps/guest/archived-configuration";
import { excludedPathsOf, nodeClock, mayAllocate } from "../steps/guest/node-facts";

/** What the operator asked for. */
export interface RestoreWish {
  readonly archive: string | undefined;
  readonly at: string | undefined;
  readonly targetId: number | undefined;
  /** Node of the restore, when it is not to be the guest's own. */
  readonly node: string | undefined;
}

/** Everything that a plan of a restore depends on, read from the node and not changed. */
export interface RestoreInspection {
  readonly guest: Guest;
  readonly location: Location;
  /** Node of the restore. */
  readonly node: string;
  /** Undefined: the guest is lost. */
  readonly present: PresentGuest | undefined;
  readonly clock: NodeTime;
  readonly search: ArchiveSearch;
  readonly choice: ArchiveChoice<FoundArchive>;
  readonly chosen: FoundArchive;
  /** The configuration that the chosen archive holds. */
  readonly archived: GuestConfiguration;
  readonly storages: readonly TargetStorage[];
  /** Undefined: the token may not read jobs. */
  readonly memberships: readonly Membership[] | undefined;
  readonly tasks: readonly RunningTask[];
  /** The newest task of a guest that is locked: who may have left the lock behind. */
  readonly lastTask: TaskEntry | undefined;
  /** The token may set a retention for one run on the backup storage. */
  readonly mayKeepAll: boolean;
  /** The id of the copy is free; true without one. */
  readonly targetIsFree: boolean;
  /** What the id of the copy stands for although it is free. */
  readonly targetTraces: IdTraces;
  /** The lowest id that is free in the whole cluster and that nothing knows, as it is offered; `ID` where there is none. */
  readonly freeId: string;
  /** How many archives of a guest may be protected, by storage. */
  readonly protectionLimits: ReadonlyMap<string, number>;
  /** How the chosen archive can be read as a whole. */
  readonly reading: ArchiveReading;
  /** Whose the archive and the guest in its place are. */
  readonly ownership: Ownership;
  /** The archive was chosen by its name. */
  readonly isNamed: boolean;
  /** What belongs to the present guest beside its configuration; undefined where none is overwritten. */
  readonly surroundings: Surroundings | undefined;
  /** Patterns of files that no backup on the node holds; undefined where they cannot be read. */
  readonly excludedPaths: readonly string[] | undefined;
}

/** Whose restore is looked into. */
export interface RestoreSubject {
  readonly guest: Guest;
  /** `prod/web`. */
  readonly selector: string;
  readonly settings: Environment;
  /** Ids of every environment of the site. */
  readonly declared: DeclaredIds;
}

/**
 * Reads what a restore needs to know. GET requests only.
 *
 * @throws CommandError (2, 10, 13, 14)
 */
export async function inspectRestore(
  client: ProxmoxClient,
  { guest, selector, settings, declared }: RestoreSubject,
  wish: RestoreWish,
): Promise<RestoreInspection> {
  const backupStorage = settings.backup.storage.id;
  const location = await locate(client, guest, wish.node);
  const { node, home, homeIsOffline } = location;
  const seen = homeIsOffline ? undefined : await inspectPresent(client, home ?? node, guest.id);
  const search = await searchArchives(client, guest.id, backupStorage);
  // Afterwards: what was begun meanwhile is not of the future.
  const clock = await nodeClock(client, node);
  const choice = choose(guest, seen, search, wish, clock, node);
  refuseSlowClock({ selector, choice, node, clock, until: untilOf(wish, clock.timezone) });
  const chosen = choice.chosen ?? refuseNothing({ guest, selector, search, choice, node });
  const [archived, storages, memberships, tasks, mayKeepAll] = await Promise.all([
    archivedConfiguration(client, node, chosen, { selector, older: choice.older }),
    targetStorages(client, node),
    membershipsOf(client, guest.id),
    runningTasks(client, node, guest.id),
    mayAllocate(client, backupStorage),
  ]);
  // A lock whose task is not at work any more may have gone with it since it was read.
  const isOver = seen?.lock !== undefined && tasks.length === 0;
  const present = isOver ? await inspectPresent(client, home ?? node, guest.id) : seen;
  const lastTask = present?.lock === undefined ? undefined : await lastTaskOf(client, present.address);
  const [targetIsFree, targetTraces, offered, protectionLimits, reading] = await Promise.all([
    wish.targetId === undefined ? true : client.cluster.isFree(wish.targetId),
    wish.targetId === undefined ? noTraces : tracesOf(client, { node, vmid: wish.targetId }, declared),
    untracedId(client, node, declared),
    limitsOf(client, [backupStorage, chosen.storage]),
    readingOf(client, settings.proxmox, node, chosen.volid),
  ]);
  if (wish.targetId !== undefined) await requireSightOfDisks(client, storages);
  const [ownership, surroundings, excludedPaths] = await Promise.all([
    ownershipOf({
      guest,
      settings,
      present,
      chosen,
      archived,
      older: choice.older,
      read: (archive) => extractConfiguration(client, node, archive),
    }),
    present === undefined || wish.targetId !== undefined ? undefined : surroundingsOf(client, present.address),
    excludedPathsOf(client, node, backupStorage),
  ]);
  const isNamed = wish.archive !== undefined;
  const archive = { search, choice, chosen, archived, protectionLimits, reading, ownership, isNamed, excludedPaths };
  const freeId = offered === undefined ? "ID" : String(offered);
  const guests = { present, memberships, tasks, lastTask, targetIsFree, targetTraces, freeId };
  return { guest, location, node, clock, storages, mayKeepAll, ...archive, ...guests, surroundings };
}

/**
 * Disks that a guest has left under the number of a copy are told only to who may see them.
 *
 * @throws CommandError (14)
 */
async function requireSightOfDisks(client: ProxmoxClient, storages: readonly TargetStorage[]): Promise<void> {
  const withDisks = storages.filter(
    ({ active, content }) => active && (content.includes("rootdir") || content.includes("images")),
  );
  await requireRights(client, rightsFor(["Datastore.Audit"], { guests: [], storages: withDisks.map(({ id }) => id) }));
}

const noTraces: IdTraces = { known: [], unknown: [], elsewhere: [] };

function choose(
  guest: Guest,
  present: PresentGuest | undefined,
  search: ArchiveSearch,
  wish: RestoreWish,
  clock: NodeTime,
  node: string,
): ArchiveChoice<FoundArchive> {
  const type = present?.address.type ?? typeOfGuest(guest);
  const context = { vmid: guest.id, timeZone: clock.timezone, now: clock.time, type };
  const reached = search.archives.filter(({ nodes }) => nodes.includes(node));
  const choice = chooseArchive(reached, archiveWish(wish, clock.timezone), context);
  const elsewhere = search.archives.filter(({ nodes }) => !nodes.includes(node));
  const { chosen } = chooseArchive(elsewhere, archiveWish(wish, clock.timezone), context);
  if (chosen === undefined || choice.chosen === undefined || chosen.time <= choice.chosen.time) return choice;
  const date = formatMoment(chosen.time, clock.timezone);
  const warning = `a newer backup, of ${date}, lies on ${placeOf(chosen)}, which ${node} cannot reach: restore there with --node ${chosen.nodes[0] ?? ""}`;
  return { ...choice, warnings: [...choice.warnings, warning] };
}

function placeOf({ storage, nodes }: FoundArchive): string {
  return `storage ${storage} of ${nodes.join(", ")}`;
}

/** The latest moment of an archive that may be chosen by its date; undefined where one is named. */
function untilOf(wish: RestoreWish, timeZone: string): number | undefined {
  const meant = archiveWish(wish, timeZone);
  if (meant.kind === "named") return undefined;
  return meant.kind === "at" ? meant.time : Infinity;
}

function archiveWish({ archive, at }: RestoreWish, timeZone: string): ArchiveWish {
  if (archive !== undefined) return { kind: "named", volid: archive };
  if (at === undefined) return { kind: "newest" };
  try {
    return { kind: "at", time: parseMoment(at, timeZone) };
  } catch (error) {
    if (error instanceof MomentError) throw usageError(error.message);
    throw error;
  }
}

interface NothingToRestore {
  readonly guest: Guest;
  readonly selector: string;
  readonly search: ArchiveSearch;
  readonly choice: ArchiveChoice<FoundArchive>;
  readonly node: string;
}

/**
 * "None" and "not allowed to see any" look the same in Proxmox's answer (D3): the rights decide which one is said. Where
 * some storage could be searched with full rights and another not, there may be archives on the other.
 */
function refuseNothing({ guest, selector, search, choice, node }: NothingToRestore): never {
  refuseOutOfReach(guest, search, node);
  const blind = search.archives.length === 0 && search.missing.length > 0;
  if (blind && search.searched.length === 0) {
    const lacks = search.missing.map(({ privilege, path }) => `${privilege} on ${path}`).join(", ");
    throw new CommandError(`the token may not see archives of guest ${guest.id}: it lacks ${lacks}`, {
      exitCode: exitCodes.unavailable,
      hint: "lifeboat doctor --print-setup prints the lines that grant it",
    });
  }
  const doubtful = choice.leftOut.find((one) => one.doubtful && one.archive.nodes.includes(node))?.archive.volid;
  const nevertheless = `; to restore one nevertheless, name it: lifeboat restore guest ${selector} --archive ${shellQuote(doubtful ?? "")}`;
  const isEmpty = search.archives.length === 0;
  throw notFound(search, {
    none: choice.reason,
    unknown: isEmpty ? `no archive of guest ${guest.id} was found` : `${choice.reason}, as far as could be seen`,
    hint: `see all archives: lifeboat backups ${guest.name}${doubtful === undefined ? "" : nevertheless}`,
  });
}

interface ClockedChoice {
  readonly selector: string;
  readonly choice: ArchiveChoice<FoundArchive>;
  readonly node: string;
  readonly clock: NodeTime;
  readonly until: number | undefined;
}

/**
 * A node whose clock is behind takes good archives for ones of the future. Nothing but the clock of this machine tells that
 * from archives with a wrong date; which of the clocks is right nobody knows, and so not which archive is the newest (K6).
 *
 * @throws CommandError (14) where an archive that this machine's clock finds good is left out for the node's clock only
 */
function refuseSlowClock({ selector, choice, node, clock, until }: ClockedChoice): void {
  if (until === undefined) return;
  const here = { now: Date.now() / 1000, timeZone: clock.timezone };
  const [hidden] = choice.leftOut.filter(
    ({ archive, doubtful }) =>
      doubtful &&
      archive.nodes.includes(node) &&
      archive.time <= until &&
      archive.time > (choice.chosen?.time ?? 0) &&
      doubtOf(archive, here) === undefined,
  );
  if (hidden === undefined) return;
  const behind = formatDuration(here.now - clock.time);
  const { volid, time } = hidden.archive;
  const date = formatMoment(time, clock.timezone);
  throw new CommandError(
    `the clock of ${node} is ${behind} behind this machine's: which backup is the newest cannot be told, since ${volid}, of ${date}, is later than it`,
    {
      exitCode: exitCodes.unavailable,
      hint: `set the time on both (NTP), and again; or restore that one nevertheless: lifeboat restore guest ${selector} --archive ${shellQuote(volid)}`,
    },
  );
}

/** There are archives, and the node of the restore cannot reach any of them. */
function refuseOutOfReach(guest: Guest, { archives }: ArchiveSearch, node: string): void {
  const [newest] = archives;
  if (newest === undefined || archives.some(({ nodes }) => nodes.includes(node))) return;
  const places = [...new Set(archives.map(placeOf))].join("; ");
  throw new CommandError(`${node} cannot reach the archives of ${guest.name}: they lie on ${places}`, {
    exitCode: exitCodes.refused,
    hint: `restore on a node that reaches them: --node ${newest.nodes[0] ?? ""}`,
  });
}

async function archivedConfiguration(
  client: ProxmoxClient,
  node: string,
  archive: FoundArchive,
  { selector, older }: { readonly selector: string; readonly older: readonly FoundArchive[] },
): Promise<GuestConfiguration> {
  const found = await extractConfiguration(client, node, archive);
  if (typeof found !== "string") return found;
  throw new CommandError(`${archive.volid} cannot be read: ${found}`, {
    exitCode: exitCodes.refused,
    hint: await olderHint(client, node, selector, older),
  });
}

/** The command with the next older archive whose configuration can be read. */
async function olderHint(
  client: ProxmoxClient,
  node: string,
  selector: string,
  older: readonly FoundArchive[],
): Promise<string> {
  for (const archive of older) {
    if (typeof (await extractConfiguration(client, node, archive)) === "string") continue;
    return `the next older one can be read: lifeboat restore guest ${selector} --archive ${shellQuote(archive.volid)}`;
  }
  return older.length === 0
    ? `there is no older one; see all archives: lifeboat backups ${selector}`
    : `no older one can be read either; see all archives: lifeboat backups ${selector}`;
}

async function lastTaskOf(client: ProxmoxClient, { node, vmid }: GuestAddress): Promise<TaskEntry | undefined> {
  const [last] = await client.tasks.list(node, { vmid, limit: 1 });
  return last;
}

/** Who may not read a storage's own limit is bound by Proxmox's. */
async function limitsOf(client: ProxmoxClient, storages: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const limits = new Map<string, number>();
  for (const storage of new Set(storages)) {
    const limit = (await mayAllocate(client, storage))
      ? (await unless(["forbidden", "gone"], client.backups.storageDefinition(storage)))?.["max-protected-backups"]
      : defaultProtectionLimit;
    if (limit !== undefined && limit >= 0) limits.set(storage, limit);
  }
  return limits;
}
