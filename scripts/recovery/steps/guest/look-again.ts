import type { GuestAddress } from "../../../../proxmox/api/calls/guests";
import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { isConsole } from "../../../../proxmox/rules/consoles";
import type { Journal } from "../../engine/journal";
import type { GuestSession } from "../../engine/session";
import { ageTrouble } from "../../engine/too-old";
import { hasBegun, unlessRefused } from "../../engine/unless-refused";
import { isOwn, waitForOwnTasks } from "./own-tasks";
import { type CommittingRequest, effectOf, startOf, tasksSince } from "./effect";
import type { RestorePlan } from "./plan";
import { nodeClock } from "./node-facts";
import { isRunning } from "./power-steps";
import { keepWayBack } from "./way-back";

/** So long what was prepared is believed, in seconds: what the token may not see of the guest may have changed it since. */
const longest = 3_600;

/** What is looked at again. */
export interface LookedAt extends CommittingRequest {
  readonly guest: string;
  /** As it was when it was planned; undefined where no guest is worked on, such as for a copy. */
  readonly present: RestorePlan["present"];
  /** Why the way back that was made is none any more. */
  readonly lostWayBack: () => Promise<string | undefined>;
  /** Plans once more: why what was begun is not what would be done now, or asked. */
  readonly differs: (asked: "before" | "anew") => Promise<string | undefined>;
}

/**
 * Looks again at a guest on which an operation is half done, as long as the request that overwrites it has not taken effect.
 *
 * @returns why it is planned anew, as a clause; undefined where it is resumed
 */
export async function lookAgain(session: GuestSession, open: Journal, looked: LookedAt): Promise<string | undefined> {
  const { client, dryRun } = session;
  const { target, commit, guest, present } = looked;
  const effect = await effectOf(client, open, looked);
  if (effect === "taken") return undefined;
  if (!dryRun) {
    if (effect !== "none") keepWayBack(open);
    if (open.record(commit.path) !== undefined) open.stepNoted(commit.path, { asked: false, sent: false });
    await waitForOwnTasks(session, open);
  }
  if (effect !== "none") return `its task failed, and ${guest} is ${effect === "failed" ? "not overwritten" : "back"}`;
  const lost = await looked.lostWayBack();
  if (lost !== undefined) return lost;
  const since = present === undefined ? undefined : await changedSince(client, open, { guest, target, present });
  const age = ageTrouble(open, longest);
  if (hasBegun(open)) return age ?? since ?? (await unlessRefused(() => looked.differs("before"), open));
  // Nothing is prepared: what it was allowed to do is asked anew, where it can be planned by the rules of now.
  return since ?? (await unlessRefused(async () => (await looked.differs("anew")) ?? age, open));
}

async function changedSince(
  client: ProxmoxClient,
  open: Journal,
  { guest, target, present }: Pick<LookedAt, "guest" | "target"> & { readonly present: PresentThen },
): Promise<string | undefined> {
  const ran = present.running;
  if (!(await client.guests.exists(target))) return `${guest} is not there any more`;
  const running = await isRunning(client, target);
  const stop = open.record("stop")?.state;
  if (running && (!ran || stop === "done")) return `${guest} was started since`;
  if (!running && ran && stop === undefined) return `${guest} was stopped since`;
  const task = await taskSince(client, open, target, present);
  return task === undefined
    ? undefined
    : `a task '${task.type}' of ${task.user ?? "somebody"} worked on ${guest} since`;
}

/** Tasks that leave a guest as it is. Which snapshots it has is looked at by itself. */
const harmless: ReadonlySet<string> = new Set("vzdump vzsnapshot vzdelsnapshot qmsnapshot qmdelsnapshot".split(" "));

type PresentThen = NonNullable<RestorePlan["present"]>;

/**
 * Somebody else's task on the guest since it was planned: a guest may have been started and stopped. Tasks are dated in whole
 * seconds, so that those of the same second are told by their names: which the node knew then, and which are its own. What was
 * planned is dated by this machine's clock, and tasks by the node's: its age is what both agree on.
 */
async function taskSince(
  client: ProxmoxClient,
  open: Journal,
  target: GuestAddress,
  { tasks: known = [] }: PresentThen,
) {
  const own = Object.values(open.contents.steps).flatMap(({ facts: { upid } }) => (upid === undefined ? [] : [upid]));
  const { time } = await nodeClock(client, target.node);
  const begun = Math.floor(time - (Date.now() - Date.parse(open.contents.startedAt)) / 1_000);
  const first = Math.min(begun, ...own.map((upid) => startOf(String(upid))));
  const tasks = await tasksSince(client, target, first);
  return tasks.find(
    (task) => !isConsole(task.type) && !harmless.has(task.type) && !known.includes(task.upid) && !isOwn(task, open),
  );
}
