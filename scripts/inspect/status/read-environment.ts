import type { BackupJob, Guest as NodeGuest, IncludedVolumes } from "../../../proxmox/api/answers";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { type MissingPrivilege, missingForArchivesOf, missingToSee } from "../../../proxmox/api/permissions";
import { type CalendarEvent, parseCalendarEvent } from "../../../proxmox/rules/calendar-events";
import type { UnderOtherNumber } from "../../../site/coverage";
import type { LiveDisk } from "../../../site/policies/coverage";
import { formatMoment } from "../../../site/restore/choose-archive";
import type { Guest } from "../../../site/settings/environment";
import type { LoadedEnvironment } from "../../project/environment";
import { unless } from "../../recovery/steps/guest/inspect-present";
import { type BackupRuns, inspectRuns, type ReadLog } from "./backup-runs";
import { readStorages, type StorageFacts, withoutDecided } from "./backup-storages";
import { nodesOf } from "../../../site/needs";
import { readClock } from "../node-clock";
import type { Proof } from "../../recovery/drill/history";
import { type DrillFacts, readDrills } from "./drills";
import { archivesByGuest, isUnfinished, numbered, recordsOfNewest, type GuestArchive } from "./guest-archives";
import { type LeftBackups, leftBackups } from "./left-guests";
import { ownCopiesAmong } from "./own-copies";
import { type OldDiskFacts, readOldDisks } from "./old-disks";
import { readOtherNumbers } from "./other-numbers";
import { bareGuests, type Ownership, readOwnership } from "./ownership";
import { inspectSnapshots, type SnapshotStatus } from "./snapshot-status";

/** What the nodes of an environment answered. */
export interface EnvironmentFacts {
  now: number;
  /** Seconds that the node's clock is ahead of this machine's; within half a second, and the time of one request. */
  clockDifference: number;
  timeZone: string;
  event: CalendarEvent;
  onNode: ReadonlyMap<number, NodeGuest>;
  /** Archives under a guest's number, whoever's they are. */
  archivesOf: (id: number) => readonly GuestArchive[];
  storages: StorageFacts;
  job: BackupJob | undefined;
  /** Disks of each guest in the job. */
  inJob: ReadonlyMap<number, LiveDisk[]>;
  runs: readonly BackupRuns[];
  /** What the token lacks to see guests that are not in the cluster's list: they need not be missing. */
  hidden: ReadonlyMap<number, MissingPrivilege>;
  /** What the token lacks to see the archives of each guest: those that it sees need not be all. */
  unseen: ReadonlyMap<number, readonly MissingPrivilege[]>;
  /** Guests of the node that no settings name and no job selects. */
  notCovered: { id: number; name: string; type: string; copy: { text: string; remove: string } | null }[];
  /** Backups of guests that neither the settings nor the nodes have any more. */
  left: readonly LeftBackups[];
  /** Whose the guests are that stand under declared numbers, and their archives. */
  ownership: ReadonlyMap<number, Ownership>;
  /** Guests and archives that bear the mark of a declared guest and another number, by the number that the settings have. */
  otherNumbers: ReadonlyMap<number, UnderOtherNumber>;
  /** What drills have found and left. */
  drills: DrillFacts;
  /** What dead nodes have brought along when they came back. */
  oldDisks: OldDiskFacts;
  /** By guest's id, of those with a schedule for snapshots. */
  snapshots: ReadonlyMap<number, SnapshotStatus>;
}

/** What this machine knows, and how often it looks. */
interface OwnFacts {
  readonly proofs: readonly Proof[];
  readonly readLog?: ReadLog | undefined;
  readonly isFrequent?: boolean;
}

/**
 * Asks the nodes of an environment. The number of requests depends on nodes and storages; besides, each guest's newest archive
 * is asked whose it is, and each guest that Lifeboat made whether it is that; where the settings have a drill, archives are asked
 * what the last one has found; where a guest has no backup, some archives under numbers of nobody's are.
 *
 * @param own what drills of this machine have found, and how logs of runs are read that need not be. Who looks every minute does not
 *   look under other numbers
 */
export async function readEnvironment(
  client: ProxmoxClient,
  environment: LoadedEnvironment,
  known: ReadonlySet<number>,
  { proofs, readLog, isFrequent = false }: OwnFacts,
): Promise<EnvironmentFacts> {
  const { backup, guests: declared, proxmox } = environment.settings;
  const guests = await client.cluster.guests();
  const onNode = new Map(guests.map((guest) => [guest.vmid, guest]));
  const placed = declared.map((guest) => ({ ...guest, node: nodeOf(guest, { onNode }) }));
  const nodes = [...new Set([...nodesOf(environment.settings), ...placed.map(({ node }) => node)])];
  // Before archives are listed: what is made meanwhile then has its running task.
  const runs = await Promise.all(
    nodes.map((node) =>
      inspectRuns(client, node, {
        guests: jobGuests(placed, node),
        alone: known.size === declared.length,
        readLog,
      }),
    ),
  );
  const [job, included, uncovered, storages] = await Promise.all([
    unless(["gone"], client.backups.backupJob(backup.jobId)),
    unless(["gone"], client.backups.includedVolumes(backup.jobId)),
    client.backups.notBackedUp(),
    readStorages(client, nodes, backup.storage.id).then((facts) => withoutDecided(client, facts, backup.storage.id)),
  ]);
  // Afterwards: what was begun meanwhile is not of the future.
  const { difference, ...time } = await readClock(client, proxmox.node);
  const { time: now, timezone: timeZone } = time;
  const running = runs.flatMap((run) => run.running);
  const listed = archivesByGuest(storages.archives.filter((archive) => !isUnfinished(archive, running)));
  const archivesOf = await recordsOfNewest(client, declared, listed, onNode, { now, timeZone });
  const backedUp = declared.filter(({ optOut }) => optOut === undefined).map(({ id }) => id);
  const unlisted = declared.map(({ id }) => id).filter((id) => !onNode.has(id));
  const [hidden, unseen, snapshots, oldDisks, drills, ownership] = await Promise.all([
    missingToSee(client, unlisted),
    missingForArchivesOf(client, backup.storage.id, backedUp, new Set(onNode.keys())),
    inspectSnapshots(client, declared, onNode, { now, timeZone }),
    readOldDisks(client, declared, onNode),
    readDrills(client, environment.settings, guests, { archivesOf, history: proofs }),
    readOwnership(client, environment.settings, { onNode, archivesOf, clock: { now, timeZone } }),
  ]);
  const places = { archives: storages.archives.flatMap(numbered), onNode, known };
  const otherNumbers: ReadonlyMap<number, UnderOtherNumber> = isFrequent
    ? new Map()
    : await readOtherNumbers(client, environment.settings, places, {
        bare: bareGuests(declared, { onNode, archivesOf, clock: { now, timeZone } }, ownership),
        missing: declared.filter(({ id }) => !onNode.has(id)),
      });
  const renumbered = new Set([...otherNumbers.values()].flatMap(({ guest, archives }) => [guest?.id, archives?.id]));
  const isKnown = (vmid: number): boolean => known.has(vmid) || renumbered.has(vmid);
  const strangers = uncovered.filter(
    ({ vmid }) => !isKnown(vmid) && isMade(onNode.get(vmid)) && !drills.copies.some((copy) => copy.vmid === vmid),
  );
  const made = await ownCopiesAmong(
    client,
    strangers.flatMap(({ vmid }) => onNode.get(vmid) ?? []),
    now,
  );
  return {
    now,
    clockDifference: difference,
    timeZone,
    event: parseCalendarEvent(backup.schedule),
    onNode,
    archivesOf,
    storages,
    job,
    inJob: disksByGuest(included),
    runs,
    hidden,
    unseen,
    snapshots,
    oldDisks,
    drills,
    ownership,
    otherNumbers,
    left: leftBackups(storages.archives, (id) => isKnown(id) || onNode.has(id)),
    notCovered: strangers
      .filter(({ vmid }) => made.get(vmid)?.isInUse !== true)
      .map(({ vmid, name, type }) => {
        const { text, remove } = made.get(vmid) ?? {};
        const copy = text === undefined || remove === undefined ? null : { text, remove };
        return { id: vmid, name: name ?? onNode.get(vmid)?.name ?? "", type, copy };
      }),
  };
}

/**
 * Proxmox says of a guest that is being made, or that was made since the others were listed, that nothing backs it up, and has no
 * name of it yet: the next look knows.
 */
function isMade(guest: NodeGuest | undefined): boolean {
  return guest !== undefined && guest.lock !== "create";
}

/** Where a guest is: HA or somebody may have moved it, and its backups are made there. Where it is not seen, what the settings say. */
export function nodeOf({ id, node }: Pick<Guest, "id" | "node">, { onNode }: Pick<EnvironmentFacts, "onNode">): string {
  return onNode.get(id)?.node ?? node;
}

/** Guests that the job has on a node. */
function jobGuests(guests: readonly Guest[], node: string): Set<number> {
  return new Set(guests.filter((guest) => guest.node === node && guest.optOut === undefined).map(({ id }) => id));
}

function disksByGuest(included: IncludedVolumes | undefined): Map<number, LiveDisk[]> {
  return new Map(
    (included?.children ?? []).map(({ id: vmid, children }) => [
      vmid,
      children.map(({ id, name, included: isIncluded }) => ({
        key: id.slice(id.indexOf(":") + 1),
        volume: name,
        included: isIncluded,
      })),
    ]),
  );
}

/** `2026-11-20 03:00` by the node's wall clock. */
export function minute(moment: number, { timeZone }: EnvironmentFacts): string {
  return formatMoment(moment, timeZone).slice(0, "2026-11-20 03:00".length);
}
