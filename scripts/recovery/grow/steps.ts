import { setTimeout as sleep } from "node:timers/promises";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { ProxmoxError } from "../../../proxmox/api/errors";
import { requireSuccess } from "../../../proxmox/api/tasks";
import { formatSize as proxmoxSize, parseMountPoint } from "../../../proxmox/rules/property-strings";
import { diskSize } from "../../../site/live-disks";
import { pathOf } from "../../../site/changes/compare-disks";
import { formatSize, gibibyte } from "../../../site/settings/values/sizes";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { changedInputs, type Inputs } from "../engine/digest";
import { recheckPath, recheckStep } from "../engine/recheck";
import type { Finding, Step, StepContext, StepNode } from "../engine/step";
import { comparePulumiStep } from "../steps/guest/compare-step";
import { lastingKeys } from "../steps/guest/inspect-present";
import { findStarted, isRefusal, runTaskOnce } from "../steps/guest/start-task-once";
import type { GuestWorld } from "../steps/guest/world";
import { growthInputs } from "./make-plan";
import { factsBefore, lookStep, type SizesInside } from "./look-inside";
import { insideStep } from "./machine-disks";
import { type Addition, type GrowPlan, type Growth, nameOf } from "./plan";

/** What the steps use besides the plan. */
export interface GrowWorld extends Pick<GuestWorld, "client" | "settingsDigest" | "comparePulumi"> {
  /** Writes into Pulumi's state how the guest is now. */
  record(signal: AbortSignal): Promise<readonly Finding[]>;
  readonly look: SizesInside;
}

/** The steps. They follow from the plan alone, so that another process can go on with them. */
export function growSteps(plan: GrowPlan, world: GrowWorld, inputs: Inputs): StepNode[] {
  return [
    recheck(plan, world, inputs),
    ...plan.growths.map((growth) => growDisk(plan, growth, world)),
    ...plan.additions.map((addition) => addDisk(plan, addition, world)),
    ...inside(plan, world),
    recordStep(plan, world),
    comparePulumiStep(plan, world),
  ];
}

/** A container's file systems grow with their disks, and can be seen; a machine's are its own affair. */
function inside(plan: GrowPlan, { look }: GrowWorld): StepNode[] {
  if (plan.target.type === "qemu") return [insideStep(plan)];
  return plan.running ? [lookStep(plan, look, recheckPath)] : [];
}

function recheck(plan: GrowPlan, { client, look, ...world }: GrowWorld, inputs: Inputs): Step {
  const { target, environment, guest } = plan;
  return recheckStep({
    reads: "guest and settings",
    again: `lifeboat grow ${environment}/${guest} --dry-run`,
    changed: async () => {
      const configuration = lastingKeys(await client.guests.guestConfig(target));
      return changedInputs(inputs, growthInputs(configuration, await world.settingsDigest()));
    },
    afterwards: async ({ signal }) => ({ facts: await factsBefore(plan, look, signal) }),
  });
}

function growDisk({ target }: GrowPlan, { key, disk, from, bytes }: Growth, { client }: GrowWorld): Step {
  const task = { node: target.node, vmid: target.vmid, type: "resize" };
  return {
    id: `grow-${key}`,
    title: `Grow ${nameOf(disk, key)} to ${formatSize(bytes)}`,
    does: `grow disk ${nameOf(disk, key)}${target.type === "lxc" ? " and its file system" : ""} from ${formatSize(from)} to ${formatSize(bytes)}, while the guest runs`,
    commits: true,
    probe: async (context) => {
      const upid = await findStarted(context, client, task);
      if (upid !== undefined) await client.tasks.wait(upid, { signal: context.signal });
      return (await sizeOf(client, target, key)) >= bytes ? {} : undefined;
    },
    run: async (context) => {
      const start = () => client.guests.resize(target, key, proxmoxSize(bytes));
      requireSuccess(await runTaskOnce(context, client, { ...task, start }));
      const found = await sizeOf(client, target, key);
      if (found >= bytes) return;
      throw new CommandError(`the task ended well, but ${key} has ${formatSize(found)}`, {
        exitCode: exitCodes.failed,
      });
    },
  };
}

/** Bytes of a disk by the guest's configuration; 0 where it is not there. */
async function sizeOf(client: ProxmoxClient, target: GrowPlan["target"], key: string): Promise<number> {
  const text = (await client.guests.guestConfig(target))[key];
  return text === undefined ? 0 : (diskSize(target.type, key, text) ?? 0);
}

/** A lost answer: the node may still be making the volume. */
const looks = 60;

function addDisk({ target, running }: GrowPlan, addition: Addition, { client }: GrowWorld): Step {
  const { key, disk, storage, bytes, mount, backup } = addition;
  const done = async () => ({ findings: running ? await pendingFindings(client, target, addition) : [] });
  return {
    id: `add-${key}`,
    title: `Add ${disk} (${key}), ${formatSize(bytes)} on ${storage}`,
    does: `make an empty disk ${disk} (${key}) of ${formatSize(bytes)} on ${storage}, mounted at ${mount}${backup ? "" : ", in no backup"}`,
    commits: true,
    probe: async () => ((await isThere(client, target, addition)) ? done() : undefined),
    run: async (context) => {
      if (await isThere(client, target, addition)) return done();
      const value = `${storage}:${String(bytes / gibibyte)},mp=${mount}${backup ? ",backup=1" : ""}`;
      context.note({ sent: true });
      try {
        await client.guests.setGuestConfig(target, { [key]: value });
      } catch (error) {
        if (isRefusal(error)) context.note({ sent: false });
        if (!(error instanceof ProxmoxError) || error.kind !== "lost") throw error;
        await waitForDisk(client, target, addition, context, error);
      }
      if (await isThere(client, target, addition)) return done();
      throw new CommandError(`the node accepted ${key}, and it is not there`, { exitCode: exitCodes.failed });
    },
  };
}

async function waitForDisk(
  client: ProxmoxClient,
  target: GrowPlan["target"],
  addition: Addition,
  { signal, progress }: StepContext,
  lost: ProxmoxError,
): Promise<void> {
  for (let look = 0; look < looks; look += 1) {
    progress(`the node's answer was lost; looking for ${addition.key}`);
    if (await isThere(client, target, addition)) return;
    await sleep(1_000, undefined, { signal });
  }
  throw lost;
}

/** @throws CommandError (13) when the number was given to another disk */
async function isThere(client: ProxmoxClient, target: GrowPlan["target"], addition: Addition): Promise<boolean> {
  const text = (await client.guests.guestConfig(target))[addition.key];
  if (text === undefined) return false;
  const found = parseMountPoint(addition.key, text, "keep");
  if (pathOf(found) === addition.mount && found.volume.startsWith(`${addition.storage}:`)) return true;
  throw new CommandError(`${addition.key} is another disk by now: ${text}`, {
    exitCode: exitCodes.refused,
    hint: "somebody has changed the guest at the same time: declare that disk, give this one another slot, and run this again",
  });
}

/** Proxmox mounts a new disk into a running container; where it cannot, that waits for the next start. */
async function pendingFindings(
  client: ProxmoxClient,
  target: GrowPlan["target"],
  { key, disk, mount }: Addition,
): Promise<Finding[]> {
  if (!(await client.guests.pendingKeys(target)).includes(key)) return [];
  return [
    {
      severity: "todo",
      text: `disk ${disk} is made, and is mounted at ${mount} at the guest's next start`,
      mend: `pct reboot ${String(target.vmid)} on ${target.node}`,
    },
  ];
}

function recordStep({ environment }: GrowPlan, world: GrowWorld): Step {
  return {
    id: "record",
    title: "Bring Pulumi's state up to date",
    does: `pulumi refresh of this guest, so that the next update of ${environment} finds nothing to replace`,
    run: async ({ signal }) => ({ findings: await world.record(signal) }),
  };
}
