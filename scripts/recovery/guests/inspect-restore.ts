import type { NodeTime } from "../../../proxmox/api/answers";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { ProxmoxError } from "../../../proxmox/api/errors";
import { missingPrivileges } from "../../../proxmox/api/permissions";
import { type GuestConfiguration, parseGuestConfiguration } from "../../../proxmox/rules/guest-configuration";
import {
  type ArchiveChoice,
  type ArchiveWish,
  MomentError,
  chooseArchive,
  formatMoment,
  parseMoment,
} from "../../../site/restore/choose-archive";
import type { Guest } from "../../../site/settings/environment";
import { CommandError, usageError } from "../../commands/frame/command-error";
import { exitCodes } from "../../commands/frame/exit-codes";
import { inspectPresent, membershipsOf, runningTasks, unless } from "./inspect-present";
import type { ArchiveSearch, FoundArchive, Membership, PresentGuest, RunningTask, TargetStorage } from "./inspection";
import { type Location, locate } from "./locate";
import { searchArchives, targetStorages } from "./search-archives";

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
  /** The token may set a retention for one run on the backup storage. */
  readonly mayKeepAll: boolean;
  /** The id of the copy is free; true without one. */
  readonly targetIsFree: boolean;
  /** The lowest id that is free in the whole cluster. */
  readonly freeId: number;
}

/**
 * Reads what a restore needs to know. GET requests only.
 *
 * @throws CommandError (2, 10, 13, 14)
 */
export async function inspectRestore(
  client: ProxmoxClient,
  guest: Guest,
  backupStorage: string,
  wish: RestoreWish,
): Promise<RestoreInspection> {
  const location = await locate(client, guest, wish.node);
  const { node, home, homeIsOffline } = location;
  const present = homeIsOffline ? undefined : await inspectPresent(client, home ?? node, guest.id);
  const [clock, search] = await Promise.all([nodeClock(client, node), searchArchives(client, guest.id, backupStorage)]);
  const choice = choose(guest, present, search, wish, clock, node);
  const chosen = choice.chosen ?? refuseNothing(guest, search, choice.reason, node);
  const [archived, storages, memberships, tasks, mayKeepAll, targetIsFree, freeId] = await Promise.all([
    archivedConfiguration(client, node, chosen),
    targetStorages(client, node),
    membershipsOf(client, guest.id),
    runningTasks(client, node, guest.id),
    mayAllocate(client, backupStorage),
    wish.targetId === undefined ? true : client.cluster.isFree(wish.targetId),
    client.cluster.nextId(),
  ]);
  return {
    guest,
    location,
    node,
    present,
    clock,
    search,
    choice,
    chosen,
    archived,
    storages,
    memberships,
    tasks,
    mayKeepAll,
    targetIsFree,
    freeId,
  };
}

/** Without `Sys.Audit` on the node its clock cannot be read; this machine's then stands in. */
async function nodeClock(client: ProxmoxClient, node: string): Promise<NodeTime> {
  const here = { time: Date.now() / 1000, timezone: Intl.DateTimeFormat().resolvedOptions().timeZone };
  return (await unless(["forbidden"], client.cluster.nodeTime(node))) ?? here;
}

function choose(
  guest: Guest,
  present: PresentGuest | undefined,
  search: ArchiveSearch,
  wish: RestoreWish,
  clock: NodeTime,
  node: string,
): ArchiveChoice<FoundArchive> {
  const type = present?.address.type ?? (guest.kind === "container" ? "lxc" : undefined);
  const context = { vmid: guest.id, timeZone: clock.timezone, type };
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

/**
 * "None" and "not allowed to see any" look the same in Proxmox's answer (D3): the rights decide which one is said. Where
 * some storage could be searched with full rights and another not, there may be archives on the other.
 */
function refuseNothing(guest: Guest, search: ArchiveSearch, reason: string, node: string): never {
  refuseOutOfReach(guest, search, node);
  const blind = search.archives.length === 0 && search.missing.length > 0;
  if (blind && search.searched.length === 0) {
    const lacks = search.missing.map(({ privilege, path }) => `${privilege} on ${path}`).join(", ");
    throw new CommandError(`the token may not see archives of guest ${guest.id}: it lacks ${lacks}`, {
      exitCode: exitCodes.unavailable,
      hint: "lifeboat doctor --print-setup prints the lines that grant it",
    });
  }
  const where =
    search.searched.length === 0 ? "no storage could be searched" : `searched: ${search.searched.join(", ")}`;
  const gaps = search.unsearched.map(({ storage, reason: why }) => `${storage} not searched: ${why}`);
  throw new CommandError(`${reason} (${[where, ...gaps].join("; ")})`, {
    exitCode: exitCodes.nothing,
    hint: `see all archives: lifeboat backups ${guest.name}`,
  });
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
): Promise<GuestConfiguration> {
  try {
    return parseGuestConfiguration(await client.backups.extractConfiguration(node, archive.volid), archive.type);
  } catch (error) {
    if (!(error instanceof ProxmoxError) || (error.kind !== "failed" && error.kind !== "gone")) throw error;
    throw new CommandError(`${archive.volid} cannot be read: ${error.reason}`, {
      exitCode: exitCodes.refused,
      hint: "choose another archive with --archive",
    });
  }
}

async function mayAllocate(client: ProxmoxClient, storage: string): Promise<boolean> {
  const needed = [{ privilege: "Datastore.Allocate", path: `/storage/${storage}` }];
  return (await missingPrivileges(client, needed)).length === 0;
}
