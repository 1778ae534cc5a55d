import type { TaskEntry } from "../../../../proxmox/api/answers";
import type { GuestAddress } from "../../../../proxmox/api/calls/guests";
import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { parseUpid } from "../../../../proxmox/rules/upid";
import type { Journal } from "../../engine/journal";
import { unless } from "./inspect-present";
import { isOwn } from "./own-tasks";
import { knownTasksIn, newTaskSince } from "./start-task-once";
import { whyBroken } from "./whole-guest";

/** The request of an operation that overwrites. */
export interface CommittingRequest {
  readonly target: GuestAddress;
  /** What was there when it was planned; undefined: nothing. */
  readonly present: unknown;
  /** Path of the step that sends it, and what its task is called. */
  readonly commit: CommittingStep;
}

export interface CommittingStep {
  readonly path: string;
  readonly type: string;
  /** Tells the line of its task after which a guest that is not whole looks whole. Undefined: there is no such moment. */
  readonly looksWhole?: ((line: string) => boolean) | undefined;
}

/**
 * What became of a request that overwrites:
 * - `none`: it has not reached the node;
 * - `taken`: its task is at work or has succeeded, or it failed and nothing shows that the guest is whole;
 * - `failed`: its task failed, and the guest, or the free id, is what it was;
 * - `replaced`: its task failed, and somebody has restored the guest since.
 */
export type Effect = "none" | "taken" | "failed" | "replaced";

/** @throws ProxmoxError when the node cannot be asked: then nobody knows */
export async function effectOf(client: ProxmoxClient, open: Journal, request: CommittingRequest): Promise<Effect> {
  const { target, present, commit } = request;
  const { looksWhole } = commit;
  if (open.record(commit.path)?.state === "done") return "taken";
  const upid = await taskOf(client, open, request);
  if (upid === undefined) return "none";
  // Undefined: nodes forget the tasks of long ago.
  const task = await unless(["gone"], client.tasks.status(upid));
  if (task?.status === "running" || isGood(task?.exitstatus)) return "taken";
  if (looksWhole !== undefined && (await client.tasks.log(upid)).some(({ t }) => looksWhole(t))) return "taken";
  if (present === undefined) return (await client.guests.exists(target)) ? "taken" : "failed";
  if ((await whyBroken(client, target)) !== undefined) return "taken";
  const since = await goodTasksSince(client, open, request, upid);
  if (since.some(({ type }) => restores.has(type))) return "replaced";
  return since.some(({ type }) => needsAll.has(type)) ? "failed" : "taken";
}

/** The task of the last attempt; undefined where none was started. */
async function taskOf(
  client: ProxmoxClient,
  open: Journal,
  { target: { node, vmid }, commit: { path, type } }: CommittingRequest,
): Promise<string | undefined> {
  const facts = open.factsOf(path);
  const upid = typeof facts["upid"] === "string" ? facts["upid"] : undefined;
  // The process may have died before it sent the request, or before it noted the answer.
  const isUnsure =
    upid === undefined ? facts["sent"] === true : upid === facts["failedTask"] && facts["asked"] === true;
  return (isUnsure ? await newTaskSince(facts, client, { node, vmid, type }) : undefined) ?? upid;
}

/**
 * Tasks that prove a guest whole if they succeed. The token may not see its volumes: that none is missed proves nothing, and
 * Proxmox keeps the configuration of a guest until every old volume is freed.
 */
const needsAll: ReadonlySet<string> = new Set(["vzstart", "qmstart", "vzdump"]);
const restores: ReadonlySet<string> = new Set(["vzrestore", "qmrestore"]);

/**
 * The list begins with the newest: those of the same second that are listed after the task began before it. One that the node
 * knew before the request left is not newer, whatever its time says: the node's clock may have been put back.
 */
async function goodTasksSince(
  client: ProxmoxClient,
  open: Journal,
  { target, commit }: CommittingRequest,
  upid: string,
): Promise<TaskEntry[]> {
  const tasks = await tasksSince(client, target, startOf(upid));
  const place = tasks.findIndex((task) => task.upid === upid);
  const newer = place < 0 ? tasks : tasks.slice(0, place);
  const known = knownTasksIn(open.factsOf(commit.path));
  return newer.filter((task) => isGood(task.status) && !known.has(task.upid) && !isOwn(task, open));
}

/** Tasks of a guest that began in a second, by its node's clock, or later. */
export async function tasksSince(
  client: ProxmoxClient,
  { node, vmid }: GuestAddress,
  since: number,
): Promise<TaskEntry[]> {
  const tasks = await client.tasks.list(node, { vmid, since, limit: 1_000 });
  return tasks.filter(({ id, starttime }) => id === String(vmid) && starttime >= since);
}

/** When a task began by its node's clock, unix seconds; 0 for a name that says nothing. */
export function startOf(upid: string): number {
  return parseUpid(upid)?.startTime ?? 0;
}

function isGood(exitStatus: string | undefined): boolean {
  return exitStatus === "OK" || exitStatus?.startsWith("WARNINGS: ") === true;
}
