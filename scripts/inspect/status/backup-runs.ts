import type { TaskEntry } from "../../../proxmox/api/answers";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { couldNotBeAsked } from "../../../proxmox/api/errors";
import { plainText } from "../../../proxmox/api/plain-text";
import { parseVzdumpLog, type VzdumpRun } from "../../../proxmox/rules/vzdump-log";

/** A backup that is at work on a node. */
export interface RunningBackup {
  node: string;
  upid: string;
  /** Unix seconds. */
  since: number;
  /** The guest, when the run is for one alone. */
  guest: number | undefined;
}

/** A guest whose backup failed in a run. */
export interface FailedGuest {
  id: number;
  /** Proxmox's own words. */
  reason: string;
}

/** The newest run of the job on a node that has ended. */
export interface EndedRun {
  node: string;
  upid: string;
  /** Unix seconds. */
  started: number;
  seconds: number;
  /** Proxmox's exit status: `OK`, `WARNINGS: 2`, `job errors`, `unexpected status`. */
  result: string;
  succeeded: boolean;
  failed: FailedGuest[];
  /** Errors that belong to no guest. */
  errors: string[];
}

/** How long the backup of one guest took, as far as the node's list of tasks and the newest run's log tell. */
export interface TimedBackup {
  readonly vmid: number;
  /** The archive as the run named it; undefined where nobody has read the log: then it is one that began within the task. */
  readonly archive: string | undefined;
  /** Unix seconds at which the task began. */
  readonly started: number;
  readonly seconds: number;
}

export interface BackupRuns {
  running: RunningBackup[];
  last: EndedRun | undefined;
  timed: readonly TimedBackup[];
  /** Why the node's runs are not known, as a sentence. */
  unread?: string;
}

/** Gives the log of a task that has ended, all its lines. */
export type ReadLog = (client: ProxmoxClient, upid: string) => Promise<readonly string[]>;

/** Whose run is looked for. */
interface RunSearch {
  /** Ids of the environment's guests on the node that are in the job. */
  readonly guests: ReadonlySet<number>;
  /** No other environment has guests behind this endpoint, so that every run over several guests is the job's. */
  readonly alone: boolean;
  /** Reads the log also of a run that succeeded: for how long each guest took. Absent: it is not read. */
  readonly readLog?: ReadLog | undefined;
}

/** Newest tasks that are looked through for the job's last run: runs by hand may be among them. */
const listed = 100;

/** So many runs of other jobs on the node are passed over before the search is given up. */
const passedOver = 5;

/**
 * Backup runs of one node, from its list of tasks. A job leaves no trace of its own there: its run is the one over
 * several guests, or over the only guest that it has. A node of a cluster that cannot be asked does not keep the others from
 * being shown.
 */
export async function inspectRuns(client: ProxmoxClient, node: string, search: RunSearch): Promise<BackupRuns> {
  try {
    return await runsOf(client, node, search);
  } catch (error) {
    if (!couldNotBeAsked(error)) throw error;
    const unread = `the backup runs of ${node} cannot be listed: ${error.reason}`;
    return { running: [], last: undefined, timed: [], unread };
  }
}

async function runsOf(client: ProxmoxClient, node: string, search: RunSearch): Promise<BackupRuns> {
  const tasks = (await client.tasks.list(node, { typefilter: "vzdump", limit: listed })).filter(
    ({ type }) => type === "vzdump",
  );
  const ended = tasks.filter((task) => task.endtime !== undefined && mayBeJobs(task, search.guests));
  const found = await lastRun(client, node, ended.slice(0, passedOver), search);
  return {
    running: tasks.filter(({ endtime }) => endtime === undefined).map((task) => runningBackup(task, node)),
    last: found?.run,
    timed: [...(found?.timed ?? []), ...tasks.flatMap(timedTask)],
  };
}

/** A backup that somebody made of one guest alone. */
function timedTask({ id = "", starttime, endtime, status = "" }: TaskEntry): TimedBackup[] {
  if (id === "" || endtime === undefined || !hasSucceeded(status)) return [];
  return [{ vmid: Number(id), archive: undefined, started: starttime, seconds: Math.max(0, endtime - starttime) }];
}

function hasSucceeded(status: string): boolean {
  return /^(?:OK|WARNINGS: \d+)$/u.test(status);
}

function mayBeJobs({ id = "" }: TaskEntry, guests: ReadonlySet<number>): boolean {
  return id === "" || (guests.size === 1 && guests.has(Number(id)));
}

function runningBackup({ upid, starttime, id = "" }: TaskEntry, node: string): RunningBackup {
  return { node, upid, since: starttime, guest: id === "" ? undefined : Number(id) };
}

async function lastRun(
  client: ProxmoxClient,
  node: string,
  tasks: readonly TaskEntry[],
  { guests, alone, readLog }: RunSearch,
): Promise<{ run: EndedRun; timed: readonly TimedBackup[] } | undefined> {
  for (const task of tasks) {
    const isKnown = hasSucceeded(task.status ?? "") && alone;
    const log = isKnown && readLog === undefined ? [] : await (readLog ?? wholeLog)(client, task.upid);
    const told = parseVzdumpLog(log);
    // A run that came to no guest at all may be anybody's: then better one too many is shown.
    const isOurs = isKnown || told.guests.length === 0 || told.guests.some(({ vmid }) => guests.has(vmid));
    if (isOurs) return { run: endedRun(task, node, told), timed: timedIn(task, told) };
  }
  return undefined;
}

function timedIn({ starttime }: TaskEntry, { guests }: VzdumpRun): TimedBackup[] {
  return guests.flatMap(({ vmid, archive, seconds }) =>
    archive === undefined || seconds === undefined
      ? []
      : [{ vmid, archive: archive.name, started: starttime, seconds }],
  );
}

function endedRun(task: TaskEntry, node: string, { guests, errors }: VzdumpRun): EndedRun {
  const result = plainText(task.status ?? "unexpected status");
  const ended = task.endtime ?? task.starttime;
  return {
    node,
    upid: task.upid,
    started: task.starttime,
    seconds: Math.max(0, ended - task.starttime),
    result,
    succeeded: hasSucceeded(result),
    failed: guests
      .filter(({ state }) => state !== "finished")
      .map(({ vmid, reason }) => ({ id: vmid, reason: plainText(reason ?? `the run ended: ${result}`) })),
    errors: errors.map((text) => plainText(text)),
  };
}

/** The client gives a log in parts of a few thousand lines. */
export async function wholeLog(client: ProxmoxClient, upid: string): Promise<string[]> {
  const lines: string[] = [];
  for (;;) {
    const part = await client.tasks.log(upid, lines.length);
    // An empty log is shown as one line that is not in it.
    const fresh = part.filter(({ n, t }) => n > lines.length && t !== "no content");
    if (fresh.length === 0) return lines;
    lines.push(...fresh.map(({ t }) => plainText(t)));
  }
}
