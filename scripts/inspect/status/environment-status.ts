import type { Archive, BackupJob } from "../../../proxmox/api/answers";
import { nextStart } from "../../../proxmox/rules/calendar-events";
import {
  formatRetention,
  parseRetention,
  parseRetentionObject,
  type Retention,
} from "../../../proxmox/rules/retention";
import { storageLimit } from "../../../site/health";
import type { PolicyFinding } from "../../../site/policies/policy-finding";
import type { JobArchive } from "../../../site/policies/hazards";
import type { Neighbour } from "../../../site/policies/neighbours";
import { unknownFirewall } from "../../../site/policies/firewall";
import { judgePolicies, type PolicyFacts } from "../../../site/policies/policies";
import type { Environment } from "../../../site/settings/environment";
import type { LoadedEnvironment } from "../../project/environment";
import { formatBytes, formatShare } from "../../terminal/durations";
import type { Proof } from "../../recovery/drill/history";
import type { EndedRun, RunningBackup } from "./backup-runs";
import { bareText, type StorageStatus } from "./backup-storages";
import type { DataStatus } from "./data-status";
import { leftoverProblems } from "./drills";
import { bareStorage } from "./guest-backups";
import { type GuestStatus, guestStatus } from "./guest-status";
import type { MonitoringStatus } from "./monitoring-status";
import type { OffsiteStatus } from "./offsite-status";
import type { StateStatus } from "./state-status";
import { environmentProblems, type JournalStatus, type UnfinishedOperation, type UnreadableFile } from "./unfinished";
import type { LeftBackups } from "./left-guests";
import { type EnvironmentFacts, readEnvironment, minute, nodeOf } from "./read-environment";

/** What the rules over the settings say. They stop `pulumi up`, and nothing here. */
export interface PolicyStatus {
  broken: PolicyFinding[];
  /** Broken, and suspended for an emergency. */
  suspended: PolicyFinding[];
  /** Hazards that nobody has acknowledged, opt-outs that end soon. */
  notes: PolicyFinding[];
  /** A sentence for each suspension. */
  notices: string[];
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
  notCovered: EnvironmentFacts["notCovered"];
  /** Backups of guests that neither the settings nor the nodes have any more: nobody's trouble. */
  left: LeftBackups[];
  /** Operations that have not ended. */
  unfinished: UnfinishedOperation[];
  unreadable: UnreadableFile[];
  /** What is wrong with the environment as a whole. */
  problems: string[];
  policies: PolicyStatus;
  /** Its sources of data in guests. Absent: it declares none. */
  data?: DataStatus[] | undefined;
  /** Where the state of its stack is. Absent: the site has no state store. */
  state?: StateStatus | undefined;
  /** Whether the site's monitoring watches. Absent: this environment does not have it. */
  monitoring?: MonitoringStatus | undefined;
  /** Its copies elsewhere. Absent: it declares none. */
  offsite?: OffsiteStatus | undefined;
}

/**
 * How the guests of one environment are backed up. Read only.
 *
 * @param known ids of the guests of every environment behind the same endpoint: others on the node are nobody's.
 * @param neighbours the other environments of the project.
 * @param own what this machine knows of operations on it, and of its drills.
 * @throws ProxmoxError when the node cannot be asked.
 */
export async function environmentStatus(
  environment: LoadedEnvironment,
  known: ReadonlySet<number>,
  neighbours: readonly Neighbour[],
  { journals, proofs }: { readonly journals: JournalStatus; readonly proofs: readonly Proof[] },
): Promise<EnvironmentStatus> {
  const facts = await readEnvironment(await environment.client(), environment, known, { proofs });
  return statusOf(environment, facts, neighbours, journals);
}

/** What the answers of an environment's nodes mean, and what this machine knows of operations on it. */
export function statusOf(
  environment: LoadedEnvironment,
  facts: EnvironmentFacts,
  neighbours: readonly Neighbour[],
  journals: JournalStatus,
): EnvironmentStatus {
  const { settings, name } = environment;
  const { job, runs } = facts;
  const enabled = job?.enabled === true;
  const guests = settings.guests.map((guest) => guestStatus(guest, facts, environment, journals));
  const storages = shownStorages(facts, guests, settings.backup.storage.id);
  const lastRuns = runs.flatMap(({ last }) => last ?? []);
  const policies = policyStatus(settings, facts, neighbours);
  return {
    name,
    endpoint: settings.proxmox.endpoint,
    timeZone: facts.timeZone,
    now: facts.now,
    job: {
      id: settings.backup.jobId,
      schedule: settings.backup.schedule,
      enabled,
      nextRun: enabled ? nextStart(facts.event, facts.now, facts.timeZone) : undefined,
      running: runs.flatMap(({ running }) => running),
      lastRuns,
    },
    storages,
    guests,
    notCovered: facts.notCovered,
    left: [...facts.left],
    ...journals,
    problems: [
      ...environmentProblems(
        journals,
        settings.guests.map(({ id }) => id),
      ),
      ...leftoverProblems(facts.drills, journals, { environment: name, now: facts.now }),
      ...jobProblems(environment, job),
      ...lastRuns.flatMap((run) => runProblems(run, guests, facts)),
      ...storages.flatMap(storageProblems),
      ...facts.storages.unreadable,
      ...facts.oldDisks.unread,
      ...bareProblems(settings, facts),
      ...runs.flatMap(({ unread }) => unread ?? []),
      // Opt-outs that are over and disks without a backup are told with their guests.
      ...policies.broken.filter(({ policy }) => policy === "objectives").map(({ text }) => text),
    ],
    policies,
  };
}

function policyStatus(settings: Environment, facts: EnvironmentFacts, neighbours: readonly Neighbour[]): PolicyStatus {
  const { broken, suspended, notes, notices } = judgePolicies(settings, policyFacts(settings, facts, neighbours));
  return { broken: [...broken], suspended: [...suspended], notes: [...notes], notices: [...notices] };
}

/** What the nodes answered of what the rules want to know: no request is made for them alone. */
function policyFacts(
  { backup, guests }: Environment,
  facts: EnvironmentFacts,
  neighbours: readonly Neighbour[],
): PolicyFacts {
  const present = facts.job === undefined ? undefined : retentionOf(facts.job);
  const changes = present !== undefined && formatRetention(present) !== formatRetention(backup.keep);
  const ids = new Set<number | undefined>(guests.map(({ id }) => id));
  const storage = facts.storages.storages.find((entry) => entry.storage === backup.storage.id);
  return {
    now: facts.now,
    timeZone: facts.timeZone,
    lastRun: facts.runs.flatMap(({ last }) => last ?? [])[0]?.seconds,
    adoptedDisks: new Map(guests.map(({ id }) => [id, facts.inJob.get(id) ?? []])),
    storage: { shared: storage?.shared, retention: undefined },
    presentRetention: changes ? present : undefined,
    archives: changes ? facts.storages.archives.filter(({ vmid }) => ids.has(vmid)).map(jobArchive) : [],
    neighbours,
    firewall: unknownFirewall,
  };
}

export function retentionOf({ "prune-backups": found }: BackupJob): Retention | undefined {
  if (found === undefined) return undefined;
  return typeof found === "string" ? parseRetention(found) : parseRetentionObject(found);
}

function jobArchive({ volid, vmid = 0, ctime, protected: isProtected }: Archive): JobArchive {
  return { volid, vmid, time: ctime, protected: isProtected };
}

function jobProblems({ name, settings }: LoadedEnvironment, job: BackupJob | undefined): string[] {
  const { jobId, schedule } = settings.backup;
  if (job === undefined) {
    return [
      `there is no backup job ${jobId}: pulumi up makes it, unless it was deleted by hand and Pulumi still knows it; lifeboat preview ${name} tells`,
    ];
  }
  return [
    ...(job.enabled ? [] : [`the backup job ${jobId} is switched off`]),
    ...(job.schedule === schedule
      ? []
      : [`the backup job ${jobId} runs at '${job.schedule ?? "?"}', the settings say '${schedule}'`]),
  ];
}

/** A run that failed as a whole. What it did to single guests is told with them; guests of nobody are told here. */
function runProblems(run: EndedRun, guests: readonly GuestStatus[], facts: EnvironmentFacts): string[] {
  const head = `the backup run of ${minute(run.started, facts)} on ${run.node}`;
  const known = new Map(guests.map((guest) => [guest.id, guest]));
  const strangers = run.failed
    .filter(({ id }) => !known.has(id))
    .map(({ id, reason }) => `${head} failed for guest ${String(id)}: ${reason}`);
  const own = run.failed.length - strangers.length;
  if (run.succeeded || own > 0) return run.succeeded ? [] : strangers;
  // Every guest of the node has a backup that is newer than the run: whatever it was, it is over.
  const settled = guests.every(
    (guest) =>
      nodeOf(guest, facts) !== run.node || guest.optOut !== undefined || (guest.newest?.time ?? 0) >= run.started,
  );
  if (settled || strangers.length > 0) return strangers;
  return [`${head} failed: ${[...run.errors, run.result].slice(0, Math.max(1, run.errors.length)).join("; ")}`];
}

/** Told once for each storage, whatever the number of guests that wait for it. */
function bareProblems({ guests, backup }: Environment, { storages }: EnvironmentFacts): string[] {
  const concerned = guests.filter(({ optOut }) => optOut === undefined);
  const bare = concerned.flatMap((guest) => bareStorage(guest, storages, backup.storage.id) ?? []);
  return [...new Set(bare.map(bareText))];
}

/** Storages that matter: the declared one, and where newest backups lie. */
function shownStorages(
  { storages }: EnvironmentFacts,
  guests: readonly GuestStatus[],
  declared: string,
): StorageStatus[] {
  const used = new Set([declared, ...guests.flatMap(({ newest }) => newest?.storage ?? [])]);
  return storages.storages.filter(({ storage }) => used.has(storage));
}

function storageProblems({ storage, node, usedShare, used = 0, total = 0 }: StorageStatus): string[] {
  if (usedShare === undefined || usedShare < storageLimit) return [];
  return [
    `storage ${storage} on ${node} is ${formatShare(usedShare)} full (${formatBytes(total - used)} of ${formatBytes(total)} left): docs/runbooks/backup-storage-full.md`,
  ];
}
