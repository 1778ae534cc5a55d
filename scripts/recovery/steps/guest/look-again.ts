import type { GuestAddress } from "../../../../proxmox/api/calls/guests";
import type { ProxmoxClient } from "../../../../proxmox/api/client";
import type { Journal } from "../../engine/journal";
import type { GuestSession } from "../../engine/session";
import { ageTrouble } from "../../engine/too-old";
import { hasBegun, unlessRefused } from "../../engine/unless-refused";
import { isOwn, waitForOwnTasks } from "./own-tasks";
import { newTaskSince } from "./start-task-once";
import { isRunning } from "./power-steps";

/** So long what was prepared is believed, in seconds: what the token may not see of the guest may have changed it since. */
const longest = 3_600;

/** What is looked at again. */
export interface LookedAt {
  readonly guest: string;
  readonly target: GuestAddress;
  /** Whether the guest ran when it was planned; undefined where no guest is worked on, such as for a copy. */
  readonly ran: boolean | undefined;
  /** Path of the step whose request overwrites, and what its task is called. */
  readonly commit: { readonly path: string; readonly type: string };
  /** Plans once more: why what was begun is not what would be done now. */
  readonly differs: () => Promise<string | undefined>;
}

/**
 * Looks again at a guest on which an operation is half done, as long as the request that overwrites it has not left.
 *
 * @returns why it is planned anew, as a clause; undefined where it is resumed
 */
export async function lookAgain(session: GuestSession, open: Journal, looked: LookedAt): Promise<string | undefined> {
  const { client, dryRun } = session;
  const { target, commit, guest, ran } = looked;
  if (await hasLeft(client, open, looked)) return undefined;
  if (!dryRun) {
    if (open.record(commit.path) !== undefined) open.stepNoted(commit.path, { asked: false, sent: false });
    await waitForOwnTasks(session, open);
  }
  const since = ran === undefined ? undefined : await changedSince(client, open, { guest, target, ran });
  const differs = await unlessRefused(looked.differs, open);
  return (hasBegun(open) ? ageTrouble(open, longest) : undefined) ?? since ?? differs;
}

/** Whether the request that overwrites has reached the node: an earlier process may have died before it sent it. */
async function hasLeft(client: ProxmoxClient, open: Journal, { target, commit }: LookedAt): Promise<boolean> {
  const { sent, upid } = open.factsOf(commit.path);
  if (open.record(commit.path)?.state === "done" || upid !== undefined) return true;
  if (sent !== true) return false;
  const request = { node: target.node, vmid: target.vmid, type: commit.type };
  return (await newTaskSince(open.factsOf(commit.path), client, request)) !== undefined;
}

async function changedSince(
  client: ProxmoxClient,
  open: Journal,
  { guest, target, ran }: { readonly guest: string; readonly target: GuestAddress; readonly ran: boolean },
): Promise<string | undefined> {
  if (!(await client.guests.exists(target))) return `${guest} is not there any more`;
  const running = await isRunning(client, target);
  const stop = open.record("stop")?.state;
  if (running && (!ran || stop === "done")) return `${guest} was started since`;
  if (!running && ran && stop === undefined) return `${guest} was stopped since`;
  const task = await taskSince(client, open, target);
  return task === undefined
    ? undefined
    : `a task '${task.type}' of ${task.user ?? "somebody"} worked on ${guest} since`;
}

/** Tasks that leave a guest as it is. */
const harmless: ReadonlySet<string> = new Set(["vzdump", "vncproxy", "vncshell", "termproxy", "spiceproxy"]);

/** Somebody else's task on the guest since the first of the operation's own. A guest may have been started and stopped. */
async function taskSince(client: ProxmoxClient, open: Journal, { node, vmid }: GuestAddress) {
  const own = Object.values(open.contents.steps).flatMap(({ facts: { upid } }) => (upid === undefined ? [] : [upid]));
  const first = Math.min(...own.map((upid) => startOf(String(upid))));
  const tasks = await client.tasks.list(node, { vmid });
  return tasks.find((task) => task.starttime > first && !harmless.has(task.type) && !isOwn(task, open));
}

/** When a task began by its node's clock, unix seconds: `UPID:node:pid:pstart:starttime:…`, in hexadecimal. */
function startOf(upid: string): number {
  return Number.parseInt(upid.split(":")[4] ?? "", 16);
}
