import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import {
  logLineAnswer,
  nodeTimeAnswer,
  taskEntryAnswer,
  taskStatusAnswer,
  type LogLine,
  type TaskEntry,
  type TaskStatus,
} from "./answers";
import type { Parameters, Path } from "./encoding";
import { parseUpid } from "../rules/upid";
import { ProxmoxError } from "./errors";
import { plainText } from "./plain-text";
import type { Requests } from "./requests";
import type { TaskOutcome } from "./task-outcome";

export { requireSuccess, TaskFailed, type TaskOutcome, wasNotAllowed } from "./task-outcome";

/** What a waiting caller is told. */
export type TaskEvent =
  /** New lines of the log, control characters removed. */
  | { kind: "log"; lines: readonly string[] }
  /** The node did not answer this time; the task goes on there, and asking goes on here. */
  | { kind: "silent"; error: ProxmoxError };

export interface WaitOptions {
  onEvent?: (event: TaskEvent) => void;
  /** Stops waiting, not the task. The promise is rejected with the signal's reason. */
  signal?: AbortSignal;
  /** How long the node may stay silent before waiting is given up, in milliseconds. Default two minutes. */
  patience?: number;
}

/** A request that starts a task, and what such a task is called in the node's list. */
export interface TaskStart {
  node: string;
  method: "POST" | "DELETE" | "PUT";
  path: Path;
  parameters: Parameters;
  /** Task type, such as `vzdump`. */
  type: string;
  /** The task's id field: a guest's number, or empty. */
  vmid: number | undefined;
}

/** Short first, so that a quick task is quick; then each second, so that an hour costs 3,600 small requests. */
const pollDelays = [100, 200, 300, 500, 1_000];

const defaultPatience = 120_000;

/** After a lost answer the worker may still be on its way: it is looked for this often, a second apart. */
const searches = 8;

/** Calls about tasks. A task is asked for at the node that its id names, through the endpoint. */
export class TaskCalls {
  /** @param patience how long a node may be silent while a task of it is waited for, in milliseconds. */
  constructor(
    private readonly requests: Requests,
    private readonly patience = defaultPatience,
  ) {}

  /** @throws ProxmoxError of kind `gone` for an unknown task. */
  async status(upid: string): Promise<TaskStatus> {
    const path = [...taskPath(upid), "status"];
    const status = await this.requests.read(taskStatusAnswer, path);
    if (status.upid === upid) return status;
    throw new ProxmoxError("unexpected", {
      endpoint: this.requests.transport.endpoint,
      request: `GET /${path.join("/")}`,
      reason: `it tells of another task, ${status.upid}`,
    });
  }

  /** Lines of a task's log from line `start` (0 is the first) on. */
  log(upid: string, start = 0): Promise<LogLine[]> {
    return this.requests.read(z.array(logLineAnswer), [...taskPath(upid), "log"], { start, limit: 5_000 });
  }

  /** A node's tasks, newest first: running ones too (`source: "all"`). Without `Sys.Audit` only the token's own. */
  list(
    node: string,
    filter: {
      vmid?: number;
      typefilter?: string;
      since?: number;
      source?: "active" | "all" | "archive";
      limit?: number;
    } = {},
  ): Promise<TaskEntry[]> {
    return this.requests.read(z.array(taskEntryAnswer), ["nodes", node, "tasks"], { source: "all", ...filter });
  }

  /**
   * Sends a request that starts a task, once, and gives the task's id. When the answer is lost, or that to another request, the
   * task is looked for in the node's list.
   *
   * @throws ProxmoxError of kind `lost` when no such task shows up: then nobody knows, and the caller must look.
   */
  async start(start: TaskStart): Promise<string> {
    const sent = performance.now();
    try {
      const answer = await this.requests.change(z.string(), start.method, start.path, start.parameters);
      if (isTaskOf(answer, start)) return answer;
      const isNone = !answer.startsWith("UPID:");
      throw new ProxmoxError(isNone ? "failed" : "lost", {
        endpoint: this.requests.transport.endpoint,
        request: `${start.method} /${start.path.join("/")}`,
        reason: isNone
          ? `no task was started on node ${start.node} (answer: ${answer})`
          : `what came names another task, ${answer}`,
      });
    } catch (error) {
      if (!(error instanceof ProxmoxError) || error.kind !== "lost") throw error;
      return this.find(start, sent, error);
    }
  }

  /** Waits until a task has ended. Ends with an error only when the node stays silent or the task is unknown. */
  async wait(upid: string, options: WaitOptions = {}): Promise<TaskOutcome> {
    const log: string[] = [];
    let lastAnswer = performance.now();
    for (let round = 0; ; round += 1) {
      options.signal?.throwIfAborted();
      try {
        const status = await this.status(upid);
        await this.readLog(upid, log, options);
        lastAnswer = performance.now();
        if (status.status !== "running") return outcomeOf(status, log);
      } catch (error) {
        tolerate(error, performance.now() - lastAnswer, options.patience ?? this.patience, options);
      }
      await pause(pollDelays[Math.min(round, pollDelays.length - 1)], options.signal);
    }
  }

  private async readLog(upid: string, log: string[], options: WaitOptions): Promise<void> {
    const fresh = (await this.log(upid, log.length)).filter((line) => line.n > log.length);
    // An empty log is shown as one line that is not in it.
    const lines = fresh.map((line) => plainText(line.t)).filter((text) => log.length > 0 || text !== "no content");
    if (lines.length === 0) return;
    log.push(...lines);
    options.onEvent?.({ kind: "log", lines });
  }

  private async find(start: TaskStart, sent: number, lost: ProxmoxError): Promise<string> {
    const began = performance.now();
    // A search that the node did not answer says nothing: it counts against the patience only.
    for (let search = 0; search < searches;) {
      await sleep(search === 0 ? 200 : 1_000);
      const found = await this.candidates(start, sent).catch(() => undefined);
      if (found === undefined && performance.now() - began > this.patience) break;
      if (found === undefined) continue;
      search += 1;
      const [task, another] = found;
      // Two that fit do not become one by looking again.
      if (another !== undefined) break;
      if (task !== undefined) return task.upid;
    }
    throw new ProxmoxError("lost", {
      endpoint: lost.endpoint,
      request: lost.request,
      ...(lost.status === undefined ? {} : { status: lost.status }),
      reason: `${lost.reason}; no single task '${start.type}' was found on node ${start.node} afterwards, so nobody knows whether it was started`,
      cause: lost,
    });
  }

  /** Tasks that may be the one whose start was not confirmed, by the node's own clock. */
  private async candidates(start: TaskStart, sent: number): Promise<TaskEntry[]> {
    const { time } = await this.requests.read(nodeTimeAnswer, ["nodes", start.node, "time"]);
    const since = Math.floor(time - (performance.now() - sent) / 1_000) - 1;
    const vmid = start.vmid === undefined ? {} : { vmid: start.vmid };
    const tasks = await this.list(start.node, { typefilter: start.type, since, ...vmid });
    return tasks.filter((task) => task.type === start.type && task.starttime >= since);
  }
}

/** Whether a task's name is that of what was asked for. For a guest that HA has, its manager starts and stops by tasks of its own. */
function isTaskOf(upid: string, { node, type, vmid }: TaskStart): boolean {
  const task = parseUpid(upid);
  if (task?.node !== node || (vmid !== undefined && task.id !== String(vmid))) return false;
  return task.type === type || /^ha(?:start|stop)$/u.test(task.type);
}

function taskPath(upid: string): Path {
  const node = upid.split(":")[1];
  if (node === undefined || node === "") throw new RangeError(`'${plainText(upid)}' is not a task's id.`);
  return ["nodes", node, "tasks", upid];
}

function outcomeOf(status: TaskStatus, log: readonly string[]): TaskOutcome {
  const exitStatus = plainText(status.exitstatus ?? "unexpected status");
  const warnings = /^WARNINGS: (\d+)$/u.exec(exitStatus)?.[1];
  return {
    upid: status.upid,
    type: status.type,
    exitStatus,
    succeeded: exitStatus === "OK" || warnings !== undefined,
    warnings: Number(warnings ?? 0),
    log,
  };
}

/** A node that is silent for a moment does not end a task; anything else does end the waiting. */
function tolerate(error: unknown, silentFor: number, patience: number, options: WaitOptions): void {
  const silent = error instanceof ProxmoxError && (error.kind === "lost" || error.kind === "unreachable");
  if (!silent || silentFor > patience) throw error;
  options.onEvent?.({ kind: "silent", error });
}

/** A pause that ends with the signal's own reason. */
async function pause(milliseconds: number | undefined, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(milliseconds, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
