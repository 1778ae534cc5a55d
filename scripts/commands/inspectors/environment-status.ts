import type { Archive, BackupJob, Guest as NodeGuest, IncludedVolumes } from "../../../proxmox/api/answers";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { type MissingPrivilege, missingForArchivesOf } from "../../../proxmox/api/permissions";
import { type CalendarEvent, nextStart, parseCalendarEvent } from "../../../proxmox/rules/calendar-events";
import {
  formatRetention,
  parseRetention,
  parseRetentionObject,
  type Retention,
} from "../../../proxmox/rules/retention";
import { coverageProblems, type JobDisk } from "../../../site/coverage";
import { typeOfGuest } from "../../../site/guest-types";
import { dayOf, diskOptOuts } from "../../../site/opt-outs";
import { guestFindings } from "../../../site/policies/coverage";
import { isShrunk, storageLimit } from "../../../site/health";
import { chooseArchive, formatMoment, type ListedArchive } from "../../../site/restore/choose-archive";
import { isSavePoint } from "../../../site/restore/save-point";
import type { Finding } from "../../../site/policies/finding";
import type { JobArchive } from "../../../site/policies/hazards";
import type { Neighbour } from "../../../site/policies/neighbours";
import { judgePolicies, type PolicyFacts } from "../../../site/policies/policies";
import type { Environment, Guest, OptOut } from "../../../site/settings/environment";
import type { LoadedEnvironment } from "../../project/environment";
import { unless } from "../../recovery/guests/inspect-present";
import { formatBytes, formatDuration, formatShare } from "../frame/durations";
import { type BackupRuns, type EndedRun, inspectRuns, type RunningBackup } from "./backup-runs";
import { inspectStorages, type StorageLook, type StorageStatus } from "./backup-storages";
import { groupBy } from "./group-by";
import { nodesOf } from "./needs";
import { inspectSnapshots, type SnapshotStatus } from "./snapshot-status";

/** The newest real backup of a guest. */
export interface NewestBackup {
  archive: string;
  storage: string;
  /** Unix seconds. */
  time: number;
  ageSeconds: number;
  /** Bytes. */
  size: number;
  /** Bytes of the backup before it; undefined when it is the first. */
  previousSize: number | undefined;
  /** It has less than half the size of the one before. */
  shrunk: boolean;
}

/** What the rules over the settings say. They stop `pulumi up`, and nothing here. */
export interface PolicyStatus {
  broken: Finding[];
  /** Broken, and suspended for an emergency. */
  suspended: Finding[];
  /** Hazards that nobody has acknowledged, opt-outs that end soon. */
  notes: Finding[];
  /** A sentence for each suspension. */
  notices: string[];
}

export interface GuestStatus {
  name: string;
  id: number;
  node: string;
  /** `running`, `stopped`, `unknown`, or `missing` where the node has no such guest. */
  state: string;
  newest: NewestBackup | undefined;
  /** How old the newest backup may be, in seconds. */
  rpoSeconds: number;
  /** Real backups and save points that there are. */
  backups: number;
  savePoints: number;
  /** The guest is left out on purpose: why, and until when. */
  optOut: OptOut | undefined;
  /** Disks that are left out on purpose. */
  diskOptOuts: ({ disk: string } & OptOut)[];
  /** Undefined: the settings want no snapshots of it on a schedule. */
  snapshots: SnapshotStatus | undefined;
  problems: string[];
}

export interface EnvironmentStatus {
  name: string;
  endpoint: string;
  timeZone: string;
  /** The node's clock, unix seconds. */
  now: number;
  job: {
    id: string;
    schedule: string;
    enabled: boolean;
    /** Unix seconds; undefined when the schedule never comes again or the job is off. */
    nextRun: number | undefined;
    /** Backups that are at work on the nodes now, also those of others. */
    running: RunningBackup[];
    /** Newest run of the job on each node. */
    lastRuns: EndedRun[];
  };
  /** Storages for backups that hold the newest backups, and the one that the settings name. */
  storages: StorageStatus[];
  guests: GuestStatus[];
  /** Guests of the node that no settings name and no job selects. */
  notCovered: { id: number; name: string; type: string }[];
  /** What is wrong with the environment as a whole. */
  problems: string[];
  policies: PolicyStatus;
}

/** What one look at the nodes gave. */
interface Look {
  now: number;
  timeZone: string;
  event: CalendarEvent;
  onNode: ReadonlyMap<number, NodeGuest>;
  archives: ReadonlyMap<number | undefined, readonly Archive[]>;
  storages: StorageLook;
  job: BackupJob | undefined;
  /** Disks of each guest in the job. */
  inJob: ReadonlyMap<number, JobDisk[]>;
  runs: readonly BackupRuns[];
  /** What the token lacks to see archives of the guests that seem to have none. */
  unseen: ReadonlyMap<number, readonly MissingPrivilege[]>;
  notCovered: EnvironmentStatus["notCovered"];
  /** By guest's id, of those with a schedule for snapshots. */
  snapshots: ReadonlyMap<number, SnapshotStatus>;
}

/**
 * How the guests of one environment are backed up. Read only. The number of requests depends on nodes and storages, not
 * on guests.
 *
 * @param known ids of the guests of every environment behind the same endpoint: others on the node are nobody's.
 * @param neighbours the other environments of the project.
 * @throws ProxmoxError when the node cannot be asked.
 */
export async function inspectStatus(
  environment: LoadedEnvironment,
  known: ReadonlySet<number>,
  neighbours: readonly Neighbour[],
): Promise<EnvironmentStatus> {
  const { settings, name } = environment;
  const look = await lookAt(await environment.client(), environment, known);
  const { job, runs } = look;
  const enabled = job?.enabled === true;
  const guests = settings.guests.map((guest) => guestStatus(guest, look, environment));
  const storages = shownStorages(look, guests, settings.backup.storage.id);
  const lastRuns = runs.flatMap(({ last }) => last ?? []);
  const policies = policyStatus(settings, look, neighbours);
  return {
    name,
    endpoint: settings.proxmox.endpoint,
    timeZone: look.timeZone,
    now: look.now,
    job: {
      id: settings.backup.jobId,
      schedule: settings.backup.schedule,
      enabled,
      nextRun: enabled ? nextStart(look.event, look.now, look.timeZone) : undefined,
      running: runs.flatMap(({ running }) => running),
      lastRuns,
    },
    storages,
    guests,
    notCovered: look.notCovered,
    problems: [
      ...jobProblems(environment, job),
      ...lastRuns.flatMap((run) => runProblems(run, guests, look)),
      ...storages.flatMap(storageProblems),
      ...look.storages.unreadable,
      // Opt-outs that are over and disks without a backup are told with their guests.
      ...policies.broken.filter(({ policy }) => policy === "objectives").map(({ text }) => text),
    ],
    policies,
  };
}

function policyStatus(settings: Environment, look: Look, neighbours: readonly Neighbour[]): PolicyStatus {
  const { broken, suspended, notes, notices } = judgePolicies(settings, policyFacts(settings, look, neighbours));
  return { broken: [...broken], suspended: [...suspended], notes: [...notes], notices: [...notices] };
}

/** What the look at the nodes tells of what the rules want to know: no request is made for them. */
function policyFacts({ backup, guests }: Environment, look: Look, neighbours: readonly Neighbour[]): PolicyFacts {
  const present = look.job === undefined ? undefined : retentionOf(look.job);
  const changes = present !== undefined && formatRetention(present) !== formatRetention(backup.keep);
  const storage = look.storages.storages.find((entry) => entry.storage === backup.storage.id);
  return {
    now: look.now,
    timeZone: look.timeZone,
    lastRun: look.runs.flatMap(({ last }) => last ?? [])[0]?.seconds,
    adoptedDisks: new Map(guests.map(({ id }) => [id, look.inJob.get(id) ?? []])),
    storage: { shared: storage?.shared, retention: undefined },
    presentRetention: changes ? present : undefined,
    archives: changes ? guests.flatMap(({ id }) => (look.archives.get(id) ?? []).map(jobArchive)) : [],
    neighbours,
  };
}

function retentionOf({ "prune-backups": found }: BackupJob): Retention | undefined {
  if (found === undefined) return undefined;
  return typeof found === "string" ? parseRetention(found) : parseRetentionObject(found);
}

function jobArchive({ volid, vmid = 0, ctime, protected: isProtected }: Archive): JobArchive {
  return { volid, vmid, time: ctime, protected: isProtected };
}

async function lookAt(
  client: ProxmoxClient,
  environment: LoadedEnvironment,
  known: ReadonlySet<number>,
): Promise<Look> {
  const { backup, guests: declared, proxmox } = environment.settings;
  const nodes = nodesOf(environment.settings);
  const [time, guests, job, included, uncovered, storages, runs] = await Promise.all([
    client.cluster.nodeTime(proxmox.node),
    client.cluster.guests(),
    unless(["gone"], client.backups.backupJob(backup.jobId)),
    unless(["gone"], client.backups.includedVolumes(backup.jobId)),
    client.backups.notBackedUp(),
    inspectStorages(client, nodes),
    Promise.all(
      nodes.map((node) => inspectRuns(client, node, jobGuests(declared, node), known.size === declared.length)),
    ),
  ]);
  const onNode = new Map(guests.map((guest) => [guest.vmid, guest]));
  const archives = groupBy(storages.archives, ({ vmid }) => vmid);
  const { time: now, timezone: timeZone } = time;
  const without = declared.filter(({ id, optOut }) => optOut === undefined && !archives.has(id)).map(({ id }) => id);
  const [unseen, snapshots] = await Promise.all([
    missingForArchivesOf(client, backup.storage.id, without, new Set(onNode.keys())),
    inspectSnapshots(client, declared, onNode, { now, timeZone }),
  ]);
  return {
    now,
    timeZone,
    event: parseCalendarEvent(backup.schedule),
    onNode,
    archives,
    storages,
    job,
    inJob: disksByGuest(included),
    runs,
    unseen,
    snapshots,
    notCovered: uncovered
      .filter(({ vmid }) => !known.has(vmid))
      .map(({ vmid, name, type }) => ({ id: vmid, name: name ?? "", type })),
  };
}

/** Guests that the job has on a node. */
function jobGuests(guests: readonly Guest[], node: string): Set<number> {
  return new Set(guests.filter((guest) => guest.node === node && guest.optOut === undefined).map(({ id }) => id));
}

function guestStatus(guest: Guest, look: Look, environment: LoadedEnvironment): GuestStatus {
  const onNode = look.onNode.get(guest.id);
  const type = typeOfGuest(guest) ?? onNode?.type;
  const archives = (look.archives.get(guest.id) ?? []).flatMap(listed);
  const { chosen, older, leftOut } = chooseArchive(
    archives,
    { kind: "newest" },
    { vmid: guest.id, type, timeZone: look.timeZone },
  );
  const newest = chosen && newestBackup(chosen, older[0], look.now);
  const facts = {
    guest,
    exists: onNode !== undefined,
    newest: newest?.time,
    blind: whyBlind(look.unseen.get(guest.id) ?? []),
    disks: look.inJob.get(guest.id),
  };
  const snapshots = look.snapshots.get(guest.id);
  const running = look.runs.some((run) => run.running.length > 0);
  return {
    name: guest.name,
    id: guest.id,
    node: guest.node,
    state: onNode?.status ?? "missing",
    newest,
    rpoSeconds: guest.objectives.rpo,
    backups: archives.length - leftOut.length,
    savePoints: archives.filter(({ notes }) => isSavePoint(notes)).length,
    optOut: guest.optOut,
    diskOptOuts: diskOptOuts(guest).map(({ disk, optOut }) => ({ disk, ...optOut })),
    snapshots,
    problems: [
      ...coverageProblems(facts, { ...look, jobId: environment.settings.backup.jobId, running }),
      ...optOutProblems(guest, look),
      ...failedRuns(guest, newest, look),
      ...(newest === undefined ? [] : sizeProblems(newest)),
      ...(newest === undefined ? [] : ageProblems(newest, guest)),
      ...(snapshots?.problem === undefined ? [] : [snapshots.problem]),
    ],
  };
}

type FoundArchive = ListedArchive & { readonly storage: string };

function listed(archive: Archive): FoundArchive[] {
  const { volid, subtype, size, ctime, notes } = archive;
  if (subtype === undefined) return [];
  const storage = volid.slice(0, volid.indexOf(":"));
  return [{ volid, storage, type: subtype, size, time: ctime, notes: notes ?? "" }];
}

function newestBackup(chosen: FoundArchive, predecessor: FoundArchive | undefined, now: number): NewestBackup {
  const { volid, storage, time, size } = chosen;
  return {
    archive: volid,
    storage,
    time,
    ageSeconds: Math.max(0, now - time),
    size,
    previousSize: predecessor?.size,
    shrunk: isShrunk(size, predecessor?.size),
  };
}

/** An empty list may only mean that the token may not see what is there. */
function whyBlind(missing: readonly MissingPrivilege[]): string | undefined {
  if (missing.length === 0) return undefined;
  const lacking = missing.map(({ privilege, path }) => `${privilege} on ${path}`).join(", ");
  return `its backups cannot be seen: the token lacks ${lacking}`;
}

function disksByGuest(included: IncludedVolumes | undefined): Map<number, JobDisk[]> {
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

/** Opt-outs whose day is past. */
function optOutProblems(guest: Guest, { now, timeZone }: Look): string[] {
  const findings = guestFindings(guest, { today: dayOf(now, timeZone), adoptedDisks: new Map() });
  return findings.filter(({ weight }) => weight === "broken").map(({ text }) => text);
}

/** The job's last run could not back the guest up, and nothing has since. */
function failedRuns(guest: Guest, newest: NewestBackup | undefined, look: Look): string[] {
  return look.runs.flatMap(({ last }) => {
    const failed = last?.failed.find(({ id }) => id === guest.id);
    if (last === undefined || failed === undefined || (newest?.time ?? 0) >= last.started) return [];
    return [`its backup failed in the run of ${minute(last.started, look)}: ${failed.reason}`];
  });
}

function sizeProblems({ shrunk, size, previousSize = 0 }: NewestBackup): string[] {
  if (!shrunk) return [];
  const share = formatShare(size / previousSize);
  return [
    `the newest backup has ${share} of the size of the one before (${formatBytes(size)}, before ${formatBytes(previousSize)}): something may be missing`,
  ];
}

/** The objective as it is today, whatever the schedule promises (A8). */
function ageProblems({ ageSeconds }: NewestBackup, { objectives, optOut }: Guest): string[] {
  if (optOut !== undefined || ageSeconds <= objectives.rpo) return [];
  return [`the newest backup is ${formatDuration(ageSeconds)} old, its RPO allows ${formatDuration(objectives.rpo)}`];
}

function jobProblems({ settings }: LoadedEnvironment, job: BackupJob | undefined): string[] {
  const { jobId, schedule } = settings.backup;
  if (job === undefined) return [`there is no backup job ${jobId}: pulumi up makes it`];
  return [
    ...(job.enabled ? [] : [`the backup job ${jobId} is switched off`]),
    ...(job.schedule === schedule
      ? []
      : [`the backup job ${jobId} runs at '${job.schedule ?? "?"}', the settings say '${schedule}'`]),
  ];
}

/** A run that failed as a whole. What it did to single guests is told with them; guests of nobody are told here. */
function runProblems(run: EndedRun, guests: readonly GuestStatus[], look: Look): string[] {
  const head = `the backup run of ${minute(run.started, look)} on ${run.node}`;
  const known = new Map(guests.map((guest) => [guest.id, guest]));
  const strangers = run.failed
    .filter(({ id }) => !known.has(id))
    .map(({ id, reason }) => `${head} failed for guest ${String(id)}: ${reason}`);
  const own = run.failed.length - strangers.length;
  if (run.succeeded || own > 0) return run.succeeded ? [] : strangers;
  // Every guest of the node has a backup that is newer than the run: whatever it was, it is over.
  const settled = guests.every(
    ({ node, optOut, newest }) => node !== run.node || optOut !== undefined || (newest?.time ?? 0) >= run.started,
  );
  if (settled || strangers.length > 0) return strangers;
  return [`${head} failed: ${[...run.errors, run.result].slice(0, Math.max(1, run.errors.length)).join("; ")}`];
}

/** Storages that matter: the declared one, and where newest backups lie. */
function shownStorages({ storages }: Look, guests: readonly GuestStatus[], declared: string): StorageStatus[] {
  const used = new Set([declared, ...guests.flatMap(({ newest }) => newest?.storage ?? [])]);
  return storages.storages.filter(({ storage }) => used.has(storage));
}

function storageProblems({ storage, node, usedShare, used = 0, total = 0 }: StorageStatus): string[] {
  if (usedShare === undefined || usedShare < storageLimit) return [];
  return [
    `storage ${storage} on ${node} is ${formatShare(usedShare)} full (${formatBytes(total - used)} of ${formatBytes(total)} left)`,
  ];
}

/** `2026-11-20 03:00` by the node's wall clock. */
function minute(moment: number, { timeZone }: Look): string {
  return formatMoment(moment, timeZone).slice(0, "2026-11-20 03:00".length);
}
