import type { Guest as NodeGuest } from "../../../proxmox/api/answers";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { ProxmoxError } from "../../../proxmox/api/errors";
import { TaskFailed } from "../../../proxmox/api/tasks";
import { type MissingPrivilege, missingToSee } from "../../../proxmox/api/permissions";
import { missingLines } from "../../../proxmox/rules/privileges";
import type { Guest, SnapshotSettings } from "../../../site/settings/environment";
import { type SnapshotDuty, snapshotDuty } from "../../../site/snapshots";
import { failureOf, setupHint } from "../../clients/failure";
import { CommandError } from "../../terminal/command-error";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import type { LoadedEnvironment } from "../../project/site";
import { LockedError, takeProcessLock } from "../../machine/process-lock";
import { halfDone, journalsOf, unfinished } from "../engine/session";
import type { StateFolder } from "../engine/state-folder";
import { runBounded } from "../../machine/bounded";
import { readSnapshots, whyNoSnapshots } from "../steps/guest/guest-snapshots";
import { meantGuest, refuseAnotherGuest } from "../steps/guest/meant-guest";
import { requireRights, rightsFor } from "../steps/guest/rights";
import { removeSnapshot, takeSnapshot } from "../steps/guest/take-snapshot";
import type { CommandContext } from "../../project/context";
import { snapshotKind } from "./plan";

/** What a run did about one guest. */
export interface DueResult extends Partial<Problem> {
  /** `prod/web` */
  readonly guest: string;
  readonly id: number;
  readonly node: string;
  /** Snapshots that were taken, or would be. */
  readonly taken: readonly string[];
  readonly removed: readonly string[];
  /** The schedule's next time, unix seconds. */
  readonly next: number | undefined;
  /** What keeps a snapshot from being taken just now; the next run tries again. */
  readonly postponed?: string;
}

/** Why a guest has no snapshot that it should have. */
export interface Problem {
  readonly problem: string;
  readonly hint?: string;
  /** What a command ends with that has this problem only. */
  readonly exitCode: ExitCode;
}

/** An environment, and what all its guests share. */
export interface DueEnvironment {
  readonly environment: LoadedEnvironment;
  /** Refuses everything but GET when the run is dry. */
  readonly client: ProxmoxClient;
  readonly state: StateFolder;
  readonly dryRun: boolean;
}

/** Guests that are looked after at the same time, in all and on one node. */
const parallel = 8;
const perNode = 2;

/**
 * Takes every snapshot of an environment that is due, and removes what rotation keeps no longer. Decided anew from what
 * there is: it does no harm to run it often, twice at once, or from another machine.
 *
 * @throws ProxmoxError when the node cannot be asked.
 */
export async function takeDue(due: DueEnvironment, context: CommandContext): Promise<DueResult[]> {
  const { environment, client } = due;
  const scheduled = environment.settings.guests.flatMap((guest) =>
    guest.snapshots === undefined ? [] : [{ guest, settings: guest.snapshots }],
  );
  if (scheduled.length === 0) return [];
  const [listed, { time, timezone }] = await Promise.all([
    client.cluster.guests(),
    client.cluster.nodeTime(environment.settings.proxmox.node),
  ]);
  const onNode = new Map(listed.map((guest) => [guest.vmid, guest]));
  const unlisted = scheduled.map(({ guest }) => guest.id).filter((id) => !onNode.has(id));
  const hidden = await missingToSee(client, unlisted);
  const keyOf = ({ guest }: (typeof scheduled)[number]): string => onNode.get(guest.id)?.node ?? guest.node;
  return runBounded(scheduled, { parallel, perKey: perNode, keyOf }, ({ guest, settings }) =>
    lookAfter(
      due,
      {
        guest,
        settings,
        found: onNode.get(guest.id),
        hidden: hidden.get(guest.id),
        now: time,
        timeZone: timezone,
      },
      context,
    ),
  );
}

interface ScheduledGuest {
  readonly guest: Guest;
  readonly settings: SnapshotSettings;
  readonly found: NodeGuest | undefined;
  /** What the token lacks to see it. */
  readonly hidden: MissingPrivilege | undefined;
  readonly now: number;
  readonly timeZone: string;
}

async function lookAfter(due: DueEnvironment, one: ScheduledGuest, context: CommandContext): Promise<DueResult> {
  const { guest, found } = one;
  const result = {
    guest: `${due.environment.name}/${guest.name}`,
    id: guest.id,
    taken: [],
    removed: [],
    next: undefined,
  };
  if (found === undefined) return { ...result, node: guest.node, ...whyNotFound(one) };
  const unlock = due.dryRun ? () => undefined : tryLock(due, guest);
  if (typeof unlock === "string") return { ...result, node: found.node, postponed: unlock };
  try {
    const open = openOn(due, guest);
    if (open !== undefined) return { ...result, node: found.node, postponed: open };
    return await work(due, one, found, context);
  } catch (error) {
    context.signal.throwIfAborted();
    const problem = problemOf(error);
    return { ...result, node: found.node, ...(isLocked(error) ? { postponed: problem.problem } : problem) };
  } finally {
    unlock();
  }
}

function whyNotFound({ guest, hidden }: ScheduledGuest): Problem {
  if (hidden === undefined) {
    return { problem: `there is no guest ${guest.id} on ${guest.node}`, exitCode: exitCodes.partly };
  }
  const lines = missingLines(rightsFor([hidden.privilege], { guests: [guest.id] })).join("; ");
  const problem = `guest ${guest.id} cannot be seen: ${lines}`;
  return { problem, exitCode: exitCodes.unavailable, hint: setupHint };
}

/** Another command of this machine is at work on the guest. */
function tryLock({ state }: DueEnvironment, guest: Guest): string | (() => void) {
  try {
    return takeProcessLock(state.lockPath({ kind: "guest", id: guest.id }), "lifeboat backup snapshots --due");
  } catch (error) {
    if (error instanceof LockedError) return `${error.message}; ${error.hint}`;
    throw error;
  }
}

/** What is half done on the guest: a snapshot of that would be rotated in, and somebody might go back to it. */
function openOn({ state, environment }: DueEnvironment, { id }: Guest): string | undefined {
  const open = unfinished(journalsOf({ state, subject: { kind: "guest", id } }), snapshotKind);
  if (open === undefined) return undefined;
  const { message, hint } = halfDone({ environment }, open);
  return `${message}; ${hint ?? ""}`;
}

/** Proxmox refused because somebody else is at work on the guest. */
function isLocked(error: unknown): boolean {
  return (error instanceof TaskFailed || error instanceof ProxmoxError) && error.lock !== undefined;
}

/** Failures of one guest leave the others going; a defect does not hide among them. */
function problemOf(error: unknown): Problem {
  const { exitCode, reason, hint, stack } = failureOf(error, undefined);
  if (stack !== undefined) throw error;
  if (exitCode === exitCodes.unavailable) return { problem: reason, exitCode, ...(hint === undefined ? {} : { hint }) };
  return { problem: error instanceof TaskFailed ? error.outcome.exitStatus : reason, exitCode: exitCodes.partly };
}

async function work(
  { environment, client, dryRun }: DueEnvironment,
  { guest, settings, now, timeZone }: ScheduledGuest,
  { node, type }: NodeGuest,
  { signal }: CommandContext,
): Promise<DueResult> {
  const address = { node, type, vmid: guest.id };
  const duty = snapshotDuty(settings, await readSnapshots(client, address), now, timeZone);
  const { take, remove, next } = duty;
  const result = { guest: `${environment.name}/${guest.name}`, id: guest.id, node, next };
  const planned = { ...result, taken: take === undefined ? [] : [take.name], removed: remove };
  if (take === undefined && remove.length === 0) return planned;
  await requireRights(client, rightsFor(["VM.Snapshot"], { guests: [guest.id] }));
  refuseAnotherGuest(address, await client.guests.guestConfig(address), meantGuest(guest, environment.settings));
  const obstacle = await obstacleTo(duty, client, address);
  if (obstacle !== undefined) return { ...result, taken: [], removed: [], ...obstacle };
  if (dryRun) return planned;
  const taken: string[] = [];
  const removed: string[] = [];
  const there = async (name: string): Promise<boolean> =>
    (await readSnapshots(client, address)).some((snapshot) => snapshot.name === name);
  if (take !== undefined) {
    const done = () => there(take.name);
    if (await unlessDone(done, takeSnapshot(client, address, take, signal))) taken.push(take.name);
  }
  for (const name of remove) {
    const done = async () => !(await there(name));
    if (await unlessDone(done, removeSnapshot(client, address, name, signal))) removed.push(name);
  }
  return { ...result, taken, removed };
}

/**
 * Another machine may do the same at the same moment: what fails because it is done is done.
 *
 * @returns whether it was done here.
 */
async function unlessDone(isDone: () => Promise<boolean>, work: Promise<void>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (!(error instanceof TaskFailed || error instanceof CommandError) || !(await isDone())) throw error;
    return false;
  }
}

async function obstacleTo(
  { take }: SnapshotDuty,
  client: ProxmoxClient,
  address: { node: string; type: "lxc" | "qemu"; vmid: number },
): Promise<Pick<DueResult, "postponed"> | Problem | undefined> {
  const { lock } = await client.guests.guestStatus(address);
  if (lock !== undefined) return { postponed: `Proxmox has it locked (${lock})` };
  const why = take === undefined ? undefined : await whyNoSnapshots(client, address);
  return why === undefined ? undefined : { problem: why, exitCode: exitCodes.partly };
}
