import { guestTaskType } from "../../../proxmox/api/calls/guests";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { ProxmoxError } from "../../../proxmox/api/errors";
import { type TaskOutcome, requireSuccess } from "../../../proxmox/api/tasks";
import { formatCopyNotes, readCopyNotes } from "../../../site/restore/copy-notes";
import { type MeantGuest, nameOf } from "../../../site/restore/identity";
import { taskFailure } from "../../clients/failure";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { changedInputs } from "../engine/digest";
import { recheckStep, refuseChanges } from "../engine/recheck";
import type { Facts, Finding, Step, StepContext, StepResult } from "../engine/step";
import { leftUnused } from "./left-unused";
import { isHalfLive, saysStarted } from "./live";
import { originalsFinding } from "./originals-step";
import type { CommittingStep } from "../steps/guest/effect";
import { configurationDigest, inputNames, readConfiguration, readInputs, snapshotsDigest } from "../steps/guest/inputs";
import { volumesOf } from "../steps/guest/guest-snapshots";
import { freeLeftSeed, seedFact } from "./seed-volume";
import { isRunning } from "../steps/guest/power-steps";
import type { RestorePlan } from "../steps/guest/plan";
import { waitForTasks } from "../steps/guest/own-tasks";
import { disturbedSince } from "../steps/guest/disturbed";
import { findStarted, runTaskOnce } from "../steps/guest/start-task-once";
import type { BegunOperation } from "../engine/operation";
import { requireWayBack } from "../steps/guest/way-back";
import { whyNotWhole } from "../steps/guest/whole-guest";
import type { GuestWorld } from "../steps/guest/world";

/** Path of the step whose request destroys and restores. */
export const restorePath = "restore";

export function recheck(plan: RestorePlan, world: GuestWorld, { id, inputs }: BegunOperation): Step {
  return recheckStep({
    reads: "archive, guest and settings",
    again: planAgain(plan),
    changed: async (context) => {
      const changed = changedInputs(inputs, await readInputs(world.client, plan, await world.settingsDigest()));
      return [...changed, ...(await othersWork(context, plan, world))];
    },
    afterwards: ({ factsOf }) => requireWayBack(world.client, plan, { id, factsOf }),
  });
}

/** What others have done since to a guest that is to be overwritten. Nothing is where a copy goes. */
async function othersWork(context: StepContext, plan: RestorePlan, { client }: GuestWorld): Promise<string[]> {
  return plan.mode === "in-place" ? disturbedSince(client, plan, context) : [];
}

function planAgain({ environment, guest }: RestorePlan): string {
  return `lifeboat restore guest ${environment}/${guest} --dry-run`;
}

/** The request that destroys and restores. */
export function restoreGuest(plan: RestorePlan, world: GuestWorld, operation: BegunOperation): Step {
  const request = taskOf(plan);
  return {
    id: restorePath,
    title: "Restore the archive",
    does: restoreLine(plan),
    undoes: ({ sent }) => (plan.mode === "beside" && sent === true ? { does: removalLine(plan) } : "nothing"),
    commits: true,
    probe: async (context) => {
      const upid = await findStarted(context, world.client, request);
      if (upid === undefined) return undefined;
      context.progress(`the node is at work on it already (${upid})`);
      const { status } = await world.client.tasks.status(upid);
      const outcome = await world.client.tasks.wait(upid, { signal: context.signal });
      if (outcome.succeeded) return resultOf(plan, outcome, await leftUnused(world.client, plan));
      context.note({ failedTask: upid, asked: false });
      // What it has left is seen as it left it. It is not tried again on what was prepared for it.
      if (status === "running") await restoreFailed(context, plan, world, operation, outcome);
      return undefined;
    },
    run: async (context) => {
      const force = await mayOverwrite(context, plan, world, operation);
      if (force) await freeLeftSeed(context, plan, world.client);
      const client = plan.asRoot ? (world.rootClient ?? world.client) : world.client;
      if (plan.mode === "beside") context.note({ marked: true });
      const parameters = { ...requestOf(plan, operation), ...(force ? { force: true } : {}) };
      const start = () => client.guests.restore(plan.target, parameters);
      const outcome = await runTaskOnce(context, world.client, { ...request, start });
      if (!outcome.succeeded) await restoreFailed(context, plan, world, operation, outcome);
      return resultOf(plan, outcome, await leftUnused(world.client, plan));
    },
    takeBack: (context) => removeCopy(context, plan, world, operation),
  };
}

/** The step that commits, and how the node lists its task. */
export function commitOf(plan: Pick<RestorePlan, "target" | "live">): CommittingStep {
  const type = guestTaskType(plan.target, "restore");
  return { path: restorePath, type, looksWhole: plan.live === true ? saysStarted : undefined };
}

/** How the node lists the task of the request. */
function taskOf({ target }: RestorePlan): { node: string; vmid: number; type: string } {
  return { node: target.node, vmid: target.vmid, type: guestTaskType(target, "restore") };
}

/** A copy's notes say whose it is. */
function requestOf({ mode, request }: RestorePlan, { id }: BegunOperation): RestorePlan["request"] {
  return mode === "beside"
    ? { ...request, description: formatCopyNotes(String(request["description"] ?? ""), id) }
    : request;
}

function restoreLine({ mode, target, archive, guest, live }: RestorePlan): string {
  const meanwhile = live === true ? ", and run it while its disks come" : "";
  if (mode === "beside") return `restore ${archive.volid} as guest ${target.vmid} on ${target.node}${meanwhile}`;
  return `overwrite ${guest} (${target.vmid} on ${target.node}) with ${archive.volid}${meanwhile}`;
}

function removalLine({ target }: RestorePlan): string {
  return `destroy guest ${target.vmid} on ${target.node} and its disks, stopping it first if it runs`;
}

/** `bytes` is the measure of the next estimate. */
function resultOf(plan: RestorePlan, outcome: TaskOutcome, left: readonly Finding[]): StepResult {
  const warnings = outcome.warnings === 0 ? [] : outcome.log.filter((line) => line.startsWith("WARN"));
  const notes = warnings.map(
    (text) => ({ severity: "note", text: `the node warned while restoring: ${text}` }) as const,
  );
  return { facts: { bytes: plan.archive.size }, findings: [...notes, ...left, ...originalsFinding(plan)] };
}

/**
 * Looks once more at what stands where the archive will go, and says whether it is to be overwritten. After a failed
 * attempt the guest is gone, and nothing is in the way.
 */
async function mayOverwrite(
  context: StepContext,
  plan: RestorePlan,
  world: GuestWorld,
  { inputs }: BegunOperation,
): Promise<boolean> {
  const { client } = world;
  const present = await readConfiguration(client, plan.target.node, plan.target.vmid);
  const attempted = context.facts["failedTask"] !== undefined || context.facts[seedFact] === true;
  if (present === undefined && (attempted || plan.present === undefined)) return false;
  if (attempted && present !== undefined && isEmpty(present)) return true;
  const differs = configurationDigest(present) !== inputs[inputNames.configuration];
  const others = attempted ? [] : await othersWork(context, plan, world);
  refuseChanges([...(differs ? [inputNames.configuration] : []), ...others], planAgain(plan));
  return present !== undefined;
}

/** All that a worker leaves that dies when the old guest is deleted and the new one is not written yet. */
function isEmpty({ address, configuration }: NonNullable<Awaited<ReturnType<typeof readConfiguration>>>): boolean {
  return volumesOf(address.type, configuration).length === 0;
}

/** The task failed: what is left of the guest decides what is said and what can still be taken back. */
async function restoreFailed(
  context: StepContext,
  plan: RestorePlan,
  { client, meant }: GuestWorld,
  operation: BegunOperation,
  outcome: TaskOutcome,
): Promise<never> {
  let fate: string;
  try {
    const exists = await client.guests.exists(plan.target);
    const untouched =
      plan.mode === "in-place" &&
      !isHalfLive(plan, outcome) &&
      (await whyTouched(client, plan, operation, meant)) === undefined;
    if (untouched) context.note({ sent: false });
    fate = fateOf(plan, exists, untouched);
  } catch (error) {
    if (!(error instanceof ProxmoxError) && !isNotAllowed(error)) throw error;
    fate = `what became of ${plan.guest} cannot be seen (${error.message})`;
  }
  throw new RestoreFailed(outcome, fate);
}

function isNotAllowed(error: unknown): error is CommandError {
  return error instanceof CommandError && error.exitCode === exitCodes.unavailable;
}

/**
 * Why the guest that was to be overwritten cannot be taken for the one that it was; undefined: nothing was done to it. It
 * was stopped before, and nothing else may have happened to it.
 *
 * @throws ProxmoxError when the node cannot be asked
 */
export async function whyTouched(
  client: ProxmoxClient,
  { present, target }: RestorePlan,
  { inputs }: Pick<BegunOperation, "inputs">,
  meant: MeantGuest,
): Promise<string | undefined> {
  const found = await readConfiguration(client, target.node, target.vmid);
  if (configurationDigest(found) !== inputs[inputNames.configuration]) return "it has another configuration";
  if (present === undefined) return undefined;
  if (found === undefined) return "it is not there";
  if (snapshotsDigest(found) !== inputs[inputNames.snapshots]) return "it has other snapshots";
  return whyNotWhole(client, target, meant);
}

function fateOf({ mode, target, guest, present, had }: RestorePlan, exists: boolean, untouched: boolean): string {
  if (mode === "beside") {
    return exists ? `guest ${target.vmid} is incomplete` : `guest ${target.vmid} was not made`;
  }
  // What a failed restore had left of a machine before.
  if (untouched && present !== undefined && had?.length === 0) return `${guest} is as incomplete as before`;
  if (untouched) return present === undefined ? `${guest} is still missing` : `${guest} is untouched`;
  return exists ? `${guest} is incomplete` : `${guest} is gone`;
}

/** The node's restore task failed. */
export class RestoreFailed extends CommandError {
  /** @param fate what became of the guest, as a half sentence. */
  constructor(outcome: TaskOutcome, fate: string) {
    const { exitCode, hint } = taskFailure(outcome);
    super(`${fate}: the restore on the node failed (${outcome.exitStatus})`, { exitCode, hint });
  }
}

/**
 * Deletes a copy, and only that: it must be the guest that this operation's own task made at an id that was free before.
 */
async function removeCopy(
  context: StepContext,
  plan: RestorePlan,
  world: GuestWorld,
  operation: BegunOperation,
): Promise<void> {
  if (plan.mode !== "beside" || context.facts["sent"] !== true) return;
  const { client } = world;
  const { target } = plan;
  const started = await findStarted(context, client, taskOf(plan));
  if (started === undefined) return;
  await client.tasks.wait(started, { signal: context.signal });
  await waitForTasks(client, target, context);
  if (!(await client.guests.exists(target))) return;
  await requireOwnCopy(plan, world, operation, context.facts);
  await refuseDeclared(plan, world);
  if (await isRunning(client, target)) {
    requireSuccess(await client.tasks.wait(await client.guests.stop(target), { signal: context.signal }));
  }
  const upid = await client.guests.destroy(target);
  requireSuccess(await client.tasks.wait(upid, { signal: context.signal }));
}

/**
 * Somebody may have deleted the copy and made another guest with its id: the copy's notes say which operation has made it.
 * One that somebody has named otherwise is in use, and no copy to be deleted.
 *
 * @param facts of the step that made it; versions that wrote no operation into the notes have not noted `marked`.
 * @throws CommandError (13)
 */
export async function requireOwnCopy(
  { target, request, environment, guest }: RestorePlan,
  { client }: Pick<GuestWorld, "client">,
  { id }: Pick<BegunOperation, "id">,
  facts: Facts,
): Promise<void> {
  const { description = "", ...configuration } = await client.guests.guestConfig(target);
  const isMarked =
    facts["marked"] === true ? readCopyNotes(description) === id : description.trim() === request["description"];
  if (isMarked && nameOf(target.type, configuration) === (request["hostname"] ?? request["name"])) return;
  throw new CommandError(`guest ${target.vmid} is not the copy that this restore made`, {
    exitCode: exitCodes.refused,
    hint: `look at it, and delete it by hand if nobody needs it; while the restore is half done, give it up: lifeboat abandon ${environment}/${guest}`,
  });
}

/** A copy that somebody has taken into the settings is no copy any more. @throws CommandError (13) */
export async function refuseDeclared(
  { target: { vmid } }: RestorePlan,
  { declaredIds }: Pick<GuestWorld, "declaredIds">,
): Promise<void> {
  const { owners, unreadable } = await declaredIds();
  const owner = owners.get(vmid);
  if (owner !== undefined) {
    throw new CommandError(`guest ${vmid} is in the settings by now, as ${owner}: it is no copy to be deleted`, {
      exitCode: exitCodes.refused,
      hint: "take it out of the settings first, if nobody needs it",
    });
  }
  if (unreadable.length === 0) return;
  const names = unreadable.join(", ");
  throw new CommandError(`whether guest ${vmid} is in the settings is not known: those of ${names} cannot be read`, {
    exitCode: exitCodes.refused,
    hint: "mend them, and try again; see what is wrong: lifeboat status",
  });
}
