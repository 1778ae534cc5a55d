import { guestTaskType } from "../../../proxmox/api/calls/guests";
import { requireSuccess, TaskFailed, wasNotAllowed } from "../../../proxmox/api/tasks";
import { nodeTools } from "../../../proxmox/rules/node-tools";
import { wayBackDescription } from "../../../site/snapshots";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { changedInputs } from "../engine/digest";
import { keptFact } from "../engine/kept";
import { recheckStep, refuseChanges } from "../engine/recheck";
import type { Finding, Step, StepContext, StepNode } from "../engine/step";
import { checkSteps } from "../steps/guest/check-steps";
import { comparePulumiStep } from "../steps/guest/compare-step";
import { isRunning, startGuest, stopGuest } from "../steps/guest/power-steps";
import { tellOverwritten } from "../steps/guest/overwritten-since";
import { savePointGroup } from "../steps/guest/save-point-steps";
import { takeSnapshotStep } from "../steps/guest/snapshot-steps";
import { waitForTasks } from "../steps/guest/own-tasks";
import { findStarted, runTaskOnce } from "../steps/guest/start-task-once";
import type { BegunOperation } from "../engine/operation";
import { disturbedSince, startedSince } from "../steps/guest/disturbed";
import { requireWayBack, wayBackPath } from "../steps/guest/way-back";
import type { GuestWorld } from "../steps/guest/world";
import { readSnapshots } from "../steps/guest/guest-snapshots";
import { removeSnapshot } from "../steps/guest/take-snapshot";
import { readRollbackInputs } from "./inputs";
import type { RollbackPlan } from "./plan";

/** The steps of a rollback. They follow from the plan alone, so that another process can go on with them. */
export function rollbackSteps(plan: RollbackPlan, world: GuestWorld, operation: BegunOperation): StepNode[] {
  const steps: StepNode[] = [];
  const power = { ...plan, mode: "in-place" as const };
  if (plan.present.running) steps.push(stopGuest(power, world));
  steps.push(...keepPresent(plan, world, operation), recheck(plan, world, operation));
  if (plan.removeNewer.length > 0) steps.push(removeNewer(plan, world, operation));
  steps.push(rollBack(plan, world, operation));
  if (plan.start) steps.push(startGuest(power, world));
  if (plan.checks.length > 0) steps.push({ id: "checks", title: "Checks", steps: checkSteps(plan, world) });
  if (plan.compare) steps.push(comparePulumiStep(plan, world));
  const { guest, environment, target, snapshot } = plan;
  const again = `lifeboat restore snapshot ${environment}/${guest} ${snapshot}`;
  const source = `snapshot ${snapshot}`;
  return tellOverwritten(steps, world.client, { guest, target, path: rollBackPath, source, again });
}

function keepPresent(plan: RollbackPlan, world: GuestWorld, operation: BegunOperation): StepNode[] {
  const { wayBack, savePoint } = plan;
  if (wayBack.kind === "snapshot") return [takeWayBack(plan, wayBack.name, world)];
  if (savePoint === undefined) return [];
  const archive = { volid: `snapshot ${plan.snapshot}` };
  return [savePointGroup({ ...plan, archive }, savePoint, world, operation)];
}

/** A snapshot of the present state, which rotation leaves alone. */
function takeWayBack(plan: RollbackPlan, name: string, { client }: GuestWorld): Step {
  const { target } = plan;
  const words = {
    id: wayBackPath,
    title: `Keep the present state as snapshot ${name}`,
    does: `take snapshot ${name} of the present ${plan.guest}, to have a way back`,
  };
  const step = takeSnapshotStep(words, target, { name, description: wayBackDescription(plan.snapshot) }, client);
  return {
    ...step,
    run: async (context) => {
      try {
        return await step.run(context);
      } catch (error) {
        if (error instanceof TaskFailed && wasNotAllowed(error.outcome)) throw error;
        if (error instanceof TaskFailed || error instanceof CommandError) throw noWayBack(plan, error.message);
        throw error;
      }
    },
    takeBack: async (context) => {
      const { signal } = context;
      if (context.facts["stays"] === true) {
        const text = `snapshot ${name} stays, because a task had begun to overwrite ${plan.guest} after it was taken`;
        return context.note(keptFact(text));
      }
      await findStarted(context, client, { ...target, type: guestTaskType(target, "takeSnapshot") });
      await waitForTasks(client, target, context);
      const taken = (await readSnapshots(client, target)).some((snapshot) => snapshot.name === name);
      if (taken) await removeSnapshot(client, target, name, signal);
    },
  };
}

function noWayBack({ guest }: RollbackPlan, reason: string): CommandError {
  return new CommandError(`the present state cannot be kept: ${reason}`, {
    exitCode: exitCodes.refused,
    hint: `roll back without a way back: add --without-save-point=${guest}`,
  });
}

function recheck(plan: RollbackPlan, world: GuestWorld, operation: BegunOperation): Step {
  return recheckStep({
    reads: "guest, snapshots and settings",
    again: planAgain(plan),
    changed: async (context) => {
      await requireWayBack(world.client, plan, { id: operation.id, factsOf: context.factsOf });
      return changedSince(context, plan, world, operation);
    },
  });
}

function planAgain({ environment, guest, snapshot }: RollbackPlan): string {
  return `lifeboat restore snapshot ${environment}/${guest} ${snapshot} --dry-run`;
}

/** What has changed since it was planned. */
async function changedSince(
  context: StepContext,
  plan: RollbackPlan,
  world: GuestWorld,
  { inputs }: BegunOperation,
): Promise<string[]> {
  const { client } = world;
  const changed = changedInputs(inputs, await readRollbackInputs(client, plan, await world.settingsDigest()));
  const disturbed = await disturbedSince(client, plan, context);
  // Proxmox would pull the plug of one that runs by now.
  return [...changed, ...((await isRunning(client, plan.target)) ? ["whether the guest runs"] : []), ...disturbed];
}

/**
 * The last look before the first request that destroys: another machine may have been at work between the one before and this.
 * What a failed attempt has left is no reason.
 *
 * @throws CommandError (13)
 */
async function refuseChanged(
  context: StepContext,
  plan: RollbackPlan,
  world: GuestWorld,
  operation: BegunOperation,
): Promise<void> {
  const { failedTask, sent } = context.facts;
  if (failedTask !== undefined || sent === true) return;
  // Where its snapshot is gone the node refuses by itself. What was prepared is not taken back then: it may hold all that is left.
  const present = await readSnapshots(world.client, plan.target);
  if (!present.some(({ name }) => name === plan.snapshot)) return;
  refuseChanges(await changedSince(context, plan, world, operation), planAgain(plan));
}

function removeNewer(plan: RollbackPlan, world: GuestWorld, operation: BegunOperation): Step {
  const { target } = plan;
  const { client } = world;
  return {
    id: "remove-newer",
    title: `Remove ${plan.removeNewer.length === 1 ? "the newer snapshot" : "the newer snapshots"}`,
    does: `remove ${plan.removeNewer.join(", ")}: the storage goes back to its newest snapshot only`,
    commits: true,
    run: async (context) => {
      await refuseChanged(context, plan, world, operation);
      const present = new Set((await readSnapshots(client, target)).map(({ name }) => name));
      context.note({ sent: true });
      for (const name of plan.removeNewer) {
        if (!present.has(name)) continue;
        context.progress(name);
        await removeSnapshot(client, target, name, context.signal);
      }
    },
  };
}

/** Path of the step whose request destroys. */
export const rollBackPath = "roll-back";

/** The request that destroys the present state. */
function rollBack(plan: RollbackPlan, world: GuestWorld, operation: BegunOperation): Step {
  const { target } = plan;
  const { client } = world;
  const task = { node: target.node, vmid: target.vmid, type: guestTaskType(target, "rollBack") };
  return {
    id: rollBackPath,
    title: `Roll back to ${plan.snapshot}`,
    does: `overwrite ${plan.guest} (${target.vmid} on ${target.node}) with snapshot ${plan.snapshot}`,
    commits: true,
    probe: async (context) => {
      const upid = await findStarted(context, client, task);
      if (upid === undefined) return undefined;
      const outcome = await client.tasks.wait(upid, { signal: context.signal });
      if (outcome.succeeded) return { findings: await stoppedByIt(context, plan, world) };
      context.note({ failedTask: upid, asked: false });
      return undefined;
    },
    run: async (context) => {
      // What newer snapshots held is gone by then, and their removal has looked.
      if (plan.removeNewer.length === 0) await refuseChanged(context, plan, world, operation);
      const start = () => client.guests.rollBack(target, plan.snapshot);
      requireSuccess(await runTaskOnce(context, client, { ...task, start }));
      return { findings: await stoppedByIt(context, plan, world) };
    },
  };
}

/** Proxmox stops a guest that runs, without a word, and leaves it so: somebody may have started it as the request left. */
async function stoppedByIt(context: StepContext, plan: RollbackPlan, { client }: GuestWorld): Promise<Finding[]> {
  const { target, guest, start } = plan;
  if (start) return [];
  const started = await startedSince(client, plan, context);
  if (started === undefined || (await isRunning(client, target))) return [];
  const text = `${guest} was started by ${started.user ?? "somebody"} while it was to be rolled back, and is stopped now`;
  const mend = `${nodeTools(target.type).program} start ${String(target.vmid)} on ${target.node}`;
  return [{ severity: "problem", text, mend }];
}
