import type { TaskEntry } from "../../../proxmox/api/answers";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { couldNotBeAsked } from "../../../proxmox/api/errors";
import { plainText } from "../../../proxmox/api/plain-text";
import { parseVzdumpLog } from "../../../proxmox/rules/vzdump-log";

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

export interface BackupRuns {
  running: RunningBackup[];
  last: EndedRun | undefined;
  /** Why the node's runs are not known, as a sentence. */
  unread?: string;
}

/** Newest tasks that are looked through for the job's last run: runs by hand may be among them. */
const listed = 100;

/** So many runs of other jobs on the node are passed over before the search is given up. */
const passedOver = 5;

/**
 * Backup runs of one node, from its list of tasks. A job leaves no trace of its own there: its run is the one over
 * several guests, or over the only guest that it has.
 *
 * @param guests ids of the environment's guests on the node that are in the job.
 * A node of a cluster that cannot be asked does not keep the others from being shown.
 *
 * @param alone no other environment has guests behind this endpoint, so that every run over several guests is the job's.
 */
export async function inspectRuns(
  client: ProxmoxClient,
  node: string,
  guests: ReadonlySet<number>,
  alone: boolean,
): Promise<BackupRuns> {
  try {
    return await runsOf(client, node, guests, alone);
  } catch (error) {
    if (!couldNotBeAsked(error)) throw error;
    return { running: [], last: undefined, unread: `the backup runs of ${node} cannot be listed: ${error.reason}` };
  }
}

async function runsOf(
  client: ProxmoxClient,
  node: string,
  guests: ReadonlySet<number>,
  alone: boolean,
): Promise<BackupRuns> {
  const tasks = (await client.tasks.list(node, { typefilter: "vzdump", limit: listed })).filter(
    ({ type }) => type === "vzdump",
  );
  const ended = tasks.filter((task) => task.endtime !== undefined && mayBeJobs(task, guests));
  return {
    running: tasks.filter(({ endtime }) => endtime === undefined).map((task) => runningBackup(task, node)),
    last: await lastRun(client, node, ended.slice(0, passedOver), { guests, alone }),
  };
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
  { guests, alone }: { guests: ReadonlySet<number>; alone: boolean },
): Promise<EndedRun | undefined> {
  for (const task of tasks) {
    const succeeded = /^(?:OK|WARNINGS: \d+)$/u.test(task.status ?? "");
    if (succeeded && alone) return endedRun(task, node, []);
    const log = await wholeLog(client, task.upid);
    const run = parseVzdumpLog(log);
    // A run that came to no guest at all may be anybody's: then better one too many is shown.
    const isOurs = run.guests.length === 0 || run.guests.some(({ vmid }) => guests.has(vmid));
    if (isOurs) return endedRun(task, node, log);
  }
  return undefined;
}

function endedRun(task: TaskEntry, node: string, log: readonly string[]): EndedRun {
  const { guests, errors } = parseVzdumpLog(log);
  const result = plainText(task.status ?? "unexpected status");
  const ended = task.endtime ?? task.starttime;
  return {
    node,
    upid: task.upid,
    started: task.starttime,
    seconds: Math.max(0, ended - task.starttime),
    result,
    succeeded: /^(?:OK|WARNINGS: \d+)$/u.test(result),
    failed: guests
      .filter(({ state }) => state !== "finished")
      .map(({ vmid, reason }) => ({ id: vmid, reason: plainText(reason ?? `the run ended: ${result}`) })),
    errors: errors.map((text) => plainText(text)),
  };
}

/** The client gives a log in parts of a few thousand lines. */
async function wholeLog(client: ProxmoxClient, upid: string): Promise<string[]> {
  const lines: string[] = [];
  for (;;) {
    const part = await client.tasks.log(upid, lines.length);
    // An empty log is shown as one line that is not in it.
    const fresh = part.filter(({ n, t }) => n > lines.length && t !== "no content");
    if (fresh.length === 0) return lines;
    lines.push(...fresh.map(({ t }) => plainText(t)));
  }
}
