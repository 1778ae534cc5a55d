import { shellQuote } from "../../machine/shell-quote";
import type { NodeTime, TaskEntry } from "../../../proxmox/api/answers";
import { extractConfiguration } from "../../../proxmox/api/archived-configuration";
import type { GuestAddress } from "../../../proxmox/api/calls/guests";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import type { GuestConfiguration } from "../../../proxmox/rules/guest-configuration";
import type { ArchiveChoice } from "../../../site/restore/choose-archive";
import { defaultProtectionLimit } from "../../../site/restore/protection-limit";
import type { Environment, Guest } from "../../../site/settings/environment";
import { CommandError } from "../../terminal/command-error";
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
import { requireKey } from "../steps/guest/server-snapshot";
import { type ArchiveReading, readingOf } from "../steps/guest/archive-reading";
import { type Location, locate } from "../steps/guest/locate";
import { requireRights, rightsFor } from "../steps/guest/rights";
import { searchArchives, targetStorages } from "../steps/guest/search-archives";
import { findTargetId, type IdSearch, type TargetId, type WantedId } from "./target-id";
import { type Surroundings, surroundingsOf } from "./surroundings";
import { type Ownership, ownershipOf } from "./whose";
import { excludedPathsOf, nodeClock, mayAllocate } from "../steps/guest/node-facts";
import { type BackupFacts, type BackupWish, chooseBackup } from "./choose-backup";
import { refuseOtherNumber } from "./other-number";

/** What the operator asked for. */
export interface RestoreWish extends BackupWish {
  readonly targetId: WantedId | undefined;
  /** Node of the restore, when it is not to be the guest's own. */
  readonly node: string | undefined;
}

/** Everything that a plan of a restore depends on, read from the node and not changed. */
export interface RestoreInspection extends TargetId {
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
export interface RestoreSubject extends Pick<IdSearch, "declared" | "takeId"> {
  readonly guest: Guest;
  /** `prod/web`. */
  readonly selector: string;
  readonly settings: Environment;
}

/**
 * Reads what a restore needs to know. GET requests only.
 *
 * @throws CommandError (2, 10, 13, 14)
 */
export async function inspectRestore(
  client: ProxmoxClient,
  { guest, selector, settings, declared, takeId }: RestoreSubject,
  wish: RestoreWish,
): Promise<RestoreInspection> {
  const backupStorage = settings.backup.storage.id;
  const location = await locate(client, guest, wish.node, wish.targetId === undefined);
  const { node, home, homeIsOffline } = location;
  const seen = homeIsOffline ? undefined : await inspectPresent(client, home ?? node, guest.id);
  const search = await searchArchives(client, guest.id, backupStorage);
  // Afterwards: what was begun meanwhile is not of the future.
  const clock = await nodeClock(client, node);
  const { choice, chosen } = await chooseOrLookFurther(
    client,
    settings,
    { guest, selector, present: seen, search, clock, node },
    wish,
  );
  await requireKey(client, chosen);
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
  const [target, protectionLimits, reading] = await Promise.all([
    findTargetId(client, wish.targetId, { node, declared, takeId }),
    limitsOf(client, [backupStorage, chosen.storage]),
    readingOf(client, settings.proxmox, node, { archive: chosen, timeZone: clock.timezone }),
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
  const guests = { present, memberships, tasks, lastTask, ...target };
  return { guest, location, node, clock, storages, mayKeepAll, ...archive, ...guests, surroundings };
}

/** @throws CommandError (2, 10, 13, 14): that there is no archive only where none lies under another number either */
async function chooseOrLookFurther(
  client: ProxmoxClient,
  settings: Environment,
  facts: BackupFacts,
  wish: BackupWish,
): Promise<ReturnType<typeof chooseBackup>> {
  try {
    return chooseBackup(facts, wish);
  } catch (error) {
    const isNone = error instanceof CommandError && error.exitCode === exitCodes.nothing;
    if (isNone && (wish.at === undefined || facts.search.archives.length === 0)) {
      const { guest, selector, clock } = facts;
      await refuseOtherNumber(client, { guest, selector, settings, timeZone: clock.timezone });
    }
    throw error;
  }
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
