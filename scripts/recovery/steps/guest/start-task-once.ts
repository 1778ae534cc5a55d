import { setTimeout as sleep } from "node:timers/promises";
import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { ProxmoxError, type ProxmoxErrorKind } from "../../../../proxmox/api/errors";
import { copyProgressIn, tellsNothing } from "../../../../proxmox/rules/task-progress";
import { copiedText } from "../../../terminal/copied";
import type { TaskOutcome } from "../../../../proxmox/api/tasks";
import type { Facts, StepContext } from "../../engine/step";

/** A task that a step starts, and how it is recognised in the node's list. */
export interface TaskRequest {
  readonly node: string;
  /** Undefined: a task over several guests, whose id names none. */
  readonly vmid: number | undefined;
  /** `vzdump`, `vzrestore`. */
  readonly type: string;
  /** Sends the request and gives the task's id. */
  start(signal: AbortSignal): Promise<string>;
  /** What new lines of the task's log mean for people. Default: each by itself, of which the last stays. */
  tell?(lines: readonly string[]): string;
}

/** How many tasks of one type and guest are compared. A newer one is always among the newest. */
const listed = 20;

/** How many of a guest are noted, of whatever type: by them is told what came later, since a clock may be put back. */
const noted = 50;

/** A request that was on the wire when its process died shows up in the node's list within this many looks. */
const looks = 3;
const betweenLooks = 700;

/**
 * Runs a task to its end and never starts it twice. Which tasks of its kind the node knew is noted before the request
 * leaves, and the task's id the moment the node gave it. A later process so finds the task that an earlier one started,
 * whether or not the node's answer came back, and whatever the clocks say.
 *
 * A task that failed before is not found again: a step that is repeated after a failure starts a new one.
 */
export async function runTaskOnce(
  context: StepContext,
  client: ProxmoxClient,
  request: TaskRequest,
): Promise<TaskOutcome> {
  const upid = (await findStarted(context, client, request)) ?? (await startNew(context, client, request));
  const outcome = await client.tasks.wait(upid, {
    signal: context.signal,
    onEvent: (event) => {
      if (event.kind === "log") tellLog(context, request, event.lines);
      else context.progress(`the node does not answer; the task goes on there (${event.error.reason})`);
    },
  });
  if (!outcome.succeeded) context.note({ failedTask: upid, asked: false });
  return outcome;
}

/** Numbers of blocks tell nobody anything: a line before them, or none, is what is shown. */
function tellLog({ progress }: StepContext, { tell }: Pick<TaskRequest, "tell">, lines: readonly string[]): void {
  const telling = lines.filter((line) => !tellsNothing(line));
  if (telling.length === 0) return;
  if (tell !== undefined) return progress(tell(telling));
  for (const line of telling) progress(logWords(line));
}

/** A line of a task's log for people: how far it is with its rate and what is left, where it says that. */
export function logWords(line: string): string {
  const found = copyProgressIn(line);
  return found === undefined ? line.replace(/^INFO: /u, "") : copiedText(found.done, found.total, found.seconds);
}

/** Whether a step may have begun a task: its request has left, or was about to, and was not refused. */
export function mayHaveBegun({ upid, asked }: Facts): boolean {
  return upid !== undefined || asked === true;
}

/** The task that an interrupted attempt at this step has started; undefined when there is none. */
export async function findStarted(
  context: StepContext,
  client: ProxmoxClient,
  request: Pick<TaskRequest, "node" | "vmid" | "type">,
): Promise<string | undefined> {
  const { upid, failedTask, asked } = context.facts;
  if (typeof upid === "string" && upid !== failedTask) return upid;
  if (asked !== true) return undefined;
  const found = await newTaskSince(context.facts, client, request, context.signal);
  if (found !== undefined) context.note({ upid: found });
  return found;
}

/** A task that the node did not know when it was asked for one, which an answer that got lost would have named. */
export async function newTaskSince(
  facts: Facts,
  client: ProxmoxClient,
  request: Pick<TaskRequest, "node" | "vmid" | "type">,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const known = knownTasksIn(facts);
  for (let look = 0; look < looks; look += 1) {
    if (look > 0) await sleep(betweenLooks, undefined, signal === undefined ? {} : { signal });
    // The list begins with the newest; a task that others have started since is not the one.
    const found = (await tasksLike(client, request)).findLast((candidate) => !known.has(candidate));
    if (found !== undefined) return found;
  }
  return undefined;
}

async function startNew(context: StepContext, client: ProxmoxClient, request: TaskRequest): Promise<string> {
  const known = await tasksBefore(client, request);
  // A refusal says that nothing was done this time. What an earlier attempt has done stays done.
  const { sent = false } = context.facts;
  context.note({ knownTasks: known.join(" "), task: taskText(request), asked: true, sent: true });
  try {
    const upid = await startedAnew(context, client, request, known);
    context.note({ upid });
    return upid;
  } catch (error) {
    if (isRefusal(error)) context.note({ asked: false, sent });
    throw error;
  }
}

/**
 * The client looks for the task of a lost answer by its time, which one of a moment before has too: that is not the one.
 *
 * @throws ProxmoxError of kind `lost` when no new one shows up: then nobody knows
 */
async function startedAnew(
  context: StepContext,
  client: ProxmoxClient,
  request: TaskRequest,
  known: readonly string[],
): Promise<string> {
  const upid = await request.start(context.signal);
  if (!known.includes(upid)) return upid;
  const found = await findStarted(context, client, request);
  if (found !== undefined) return found;
  throw new ProxmoxError("lost", {
    endpoint: client.endpoint,
    request: request.type,
    reason: `the answer was lost, and no new task '${request.type}' was found on node ${request.node} afterwards, so nobody knows whether it was started`,
  });
}

/** What was asked for, as a journal keeps it: `pve-1 vzrestore 101`. */
function taskText({ node, vmid, type }: Pick<TaskRequest, "node" | "vmid" | "type">): string {
  return [node, type, vmid ?? ""].join(" ");
}

/** What a step has asked a node for; undefined in a journal of a version that did not note it, or where nothing was. */
export function requestedTask({ task }: Facts): Pick<TaskRequest, "node" | "vmid" | "type"> | undefined {
  if (typeof task !== "string") return undefined;
  const [node = "", type = "", vmid = ""] = task.split(" ");
  return { node, type, vmid: vmid === "" ? undefined : Number(vmid) };
}

/** What the node knows before the request leaves: tasks like it, and all others of its guest. */
async function tasksBefore(client: ProxmoxClient, request: TaskRequest): Promise<string[]> {
  const { node, vmid } = request;
  const alike = await tasksLike(client, request);
  if (vmid === undefined) return alike;
  const all = await client.tasks.list(node, { vmid, limit: noted });
  return [...new Set([...alike, ...all.map(({ upid }) => upid)])];
}

/** Tasks that the node knew before a step sent its request, whatever their times. */
export function knownTasksIn({ knownTasks }: Facts): ReadonlySet<string> {
  return new Set(typeof knownTasks === "string" ? knownTasks.split(" ") : []);
}

async function tasksLike(
  client: ProxmoxClient,
  { node, vmid, type }: Pick<TaskRequest, "node" | "vmid" | "type">,
): Promise<string[]> {
  const ofGuest = vmid === undefined ? {} : { vmid };
  const tasks = await client.tasks.list(node, { ...ofGuest, typefilter: type, limit: listed });
  const id = vmid === undefined ? "" : String(vmid);
  return tasks.filter((task) => task.type === type && (task.id ?? "") === id).map((task) => task.upid);
}

const refusals: ReadonlySet<ProxmoxErrorKind> = new Set([
  "unreachable",
  "untrusted",
  "unauthorized",
  "forbidden",
  "invalid",
  "gone",
  "failed",
]);

/** True when the node certainly did nothing. */
export function isRefusal(error: unknown): boolean {
  return error instanceof ProxmoxError && refusals.has(error.kind);
}
