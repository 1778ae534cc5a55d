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
import type { EndedRun, RunningBackup } from "./backup-runs";
import type { StorageStatus } from "./backup-storages";
import { type GuestStatus, guestStatus } from "./guest-status";
import type { StateStatus } from "./state-status";
import { type Look, lookAt, minute } from "./read-environment";

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
  notCovered: Look["notCovered"];
  /** What is wrong with the environment as a whole. */
  problems: string[];
  policies: PolicyStatus;
  /** Where the state of its stack is. Absent: the site has no state store. */
  state?: StateStatus | undefined;
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
    firewall: unknownFirewall,
  };
}

function retentionOf({ "prune-backups": found }: BackupJob): Retention | undefined {
  if (found === undefined) return undefined;
  return typeof found === "string" ? parseRetention(found) : parseRetentionObject(found);
}

function jobArchive({ volid, vmid = 0, ctime, protected: isProtected }: Archive): JobArchive {
  return { volid, vmid, time: ctime, protected: isProtected };
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
