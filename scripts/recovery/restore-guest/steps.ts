import type { StepContext, StepNode } from "../engine/step";
import { protectArchive, releaseArchives } from "./archive-protection";
import { checkSteps, proofPaths } from "../steps/guest/check-steps";
import { comparePulumiStep } from "../steps/guest/compare-step";
import { refuseToRunTwice } from "../steps/guest/disks-elsewhere";
import { refuseMarkedAnother } from "../steps/guest/meant-guest";
import { readArchive } from "./integrity-step";
import { checkMembership } from "./membership-step";
import { isRunning, startGuest, stopGuest } from "../steps/guest/power-steps";
import { putBackDisks } from "./put-back-step";
import { refuseOriginals, takeOutOriginals } from "./originals-step";
import type { RestorePlan } from "../steps/guest/plan";
import { recheck, requireOwnCopy, restoreGuest, restorePath } from "./restore-step";
import { tellOverwritten } from "../steps/guest/overwritten-since";
import { savePointGroup } from "../steps/guest/save-point-steps";
import type { BegunOperation } from "../engine/operation";
import type { GuestWorld } from "../steps/guest/world";

/** The steps of a restore. They follow from the plan alone, so that another process can resume them. */
export function restoreSteps(plan: RestorePlan, world: GuestWorld, operation: BegunOperation): StepNode[] {
  return [...prepare(plan, world, operation), restoreGuest(plan, world, operation), ...prove(plan, world, operation)];
}

/** Everything before the request that commits; all of it can be taken back. */
function prepare(plan: RestorePlan, world: GuestWorld, operation: BegunOperation): StepNode[] {
  const steps: StepNode[] = [];
  const { reading } = plan.archive;
  if (reading?.kind === "ssh") steps.push(readArchive(plan, reading.host, reading.path, world));
  if (plan.archive.protect) steps.push(protectArchive(plan, world));
  if (plan.present?.running === true) steps.push(stopGuest(plan, world));
  if (plan.savePoint !== undefined) steps.push(savePointGroup(plan, plan.savePoint, world, operation));
  steps.push(recheck(plan, world, operation));
  return steps;
}

function prove(plan: RestorePlan, world: GuestWorld, operation: BegunOperation): StepNode[] {
  const steps: StepNode[] = [];
  const isCopy = plan.mode === "beside";
  const own = (context: StepContext) => requireOwnCopy(plan, world, operation, context.factsOf(restorePath));
  const startable = async (context: StepContext) => {
    await own(context);
    await refuseOriginals(world.client, plan);
  };
  const once = async (): Promise<void> => {
    await refuseMarkedAnother(world.client, plan.target, world.meant);
    if (plan.present !== undefined || (await isRunning(world.client, plan.target))) return;
    await refuseToRunTwice(world.client, plan, operation.startedAt);
  };
  if (plan.putBack !== undefined) steps.push(putBackDisks(plan, world));
  if (plan.start && plan.originals !== undefined) steps.push(takeOutOriginals(plan, world, own));
  if (plan.start) steps.push(startGuest(plan, world, isCopy ? startable : once));
  if (plan.checks.length > 0) steps.push({ id: "checks", title: "Checks", steps: checkSteps(plan, world) });
  const releases = [...(plan.archive.protect ? [plan.archive.volid] : []), ...plan.releaseAlso];
  if (releases.length > 0) steps.push(releaseArchives(plan, world, releases, proofPaths(plan)));
  if (plan.mode === "in-place") steps.push(checkMembership(plan, world));
  if (plan.compare) steps.push(comparePulumiStep(plan, world));
  if (isCopy) return steps;
  const { guest, environment, target, archive } = plan;
  const again = `lifeboat restore guest ${environment}/${guest}`;
  return tellOverwritten(steps, world.client, { guest, target, path: restorePath, source: archive.volid, again });
}
