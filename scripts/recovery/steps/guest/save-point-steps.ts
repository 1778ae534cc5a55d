import { formatSavePointNotes, parseSavePoint, savePointTemplate } from "../../../../site/restore/save-point";
import { ProxmoxError } from "../../../../proxmox/api/errors";
import { requireSuccess, wasNotAllowed } from "../../../../proxmox/api/tasks";
import { taskFailure } from "../../../clients/failure";
import { CommandError } from "../../../terminal/command-error";
import { exitCodes } from "../../../terminal/exit-codes";
import { archiveOf, vzdumpError } from "./vzdump-archive";
import { waitForOwnName } from "./wait-for-own-name";
import { messageOf } from "../../../machine/error-code";
import type { Step, StepContext, StepGroup } from "../../engine/step";
import type { RestorePlan } from "./plan";
import { isOutOfReach } from "../../engine/run-steps";
import { keptFact } from "../../engine/kept";
import { waitForTasks } from "./own-tasks";
import { findStarted, mayHaveBegun, runTaskOnce } from "./start-task-once";
import type { BegunOperation } from "../../engine/operation";
import { whyUnseen } from "./unseen-backups";
import { whyNotWhole } from "./whole-guest";
import type { GuestWorld } from "./world";

export const savePointPath = "save-point/take";

/** What these steps need of a plan; `archive` is what the guest is about to be overwritten with. */
export type SavePointSubject = Pick<
  RestorePlan,
  "environment" | "guest" | "target" | "present" | "savePoint" | "memberships"
> & { readonly archive: { readonly volid: string; readonly time?: number } };

type SavePointPlan = NonNullable<RestorePlan["savePoint"]>;

/** A fresh, protected backup of the guest as it is, which prunes nothing and is never taken for an ordinary one (D6). */
export function savePointGroup(
  plan: SavePointSubject,
  savePoint: SavePointPlan,
  world: GuestWorld,
  operation: BegunOperation,
): StepGroup {
  return {
    id: "save-point",
    title: "Save point",
    steps: [take(plan, savePoint, world, operation), annotate(plan, savePoint, world, operation)],
  };
}

function take(plan: SavePointSubject, savePoint: SavePointPlan, world: GuestWorld, operation: BegunOperation): Step {
  const { client } = world;
  const { node, vmid } = plan.target;
  // Removed meanwhile, it must not seem to be there again.
  const promised = plan.archive.time === undefined ? [] : [plan.archive.time];
  const start = async (signal: AbortSignal) => {
    await waitForOwnName(client, node, savePoint.storage, [vmid], signal, promised);
    return client.backups.vzdump(node, vmid, requestOf(savePoint, operation));
  };
  const request = { node, vmid, type: "vzdump", start };
  return {
    id: "take",
    title: "Take a save point",
    does: `back the present ${plan.guest} up to ${savePoint.storage} as a protected save point that prunes nothing`,
    undoes: (facts) => (mayHaveBegun(facts) ? { does: "delete the save point that was made for it" } : "nothing"),
    // A run that an earlier process has started is waited for by `run`.
    probe: async (context) => {
      await findStarted(context, client, request);
      return undefined;
    },
    run: async (context) => {
      try {
        const outcome = await runTaskOnce(context, client, request);
        if (wasNotAllowed(outcome)) throw new CommandError(vzdumpError(outcome), taskFailure(outcome));
        if (!outcome.succeeded) throw new Error(vzdumpError(outcome));
        const archive = archiveOf(outcome, savePoint.storage);
        if (archive === undefined) throw new Error("the log of the backup names no archive");
        const size = await confirm(archive, plan, savePoint, world, operation);
        return { facts: { archive, bytes: size } };
      } catch (error) {
        if (context.signal.aborted || isOutOfReach(error) || isNotAllowed(error) || isLook(error)) throw error;
        if (error instanceof CommandError && error.exitCode === exitCodes.locked) throw error;
        throw impossible(plan, error instanceof ProxmoxError ? error.reason : messageOf(error));
      }
    },
    takeBack: (context) => discard(context, plan, world, operation),
  };
}

/** Going on without a save point is no answer to a privilege that is missing. */
function isNotAllowed(error: unknown): boolean {
  if (error instanceof ProxmoxError) return error.kind === "forbidden";
  return error instanceof CommandError && error.exitCode === exitCodes.unavailable;
}

/** It was perhaps made, and nobody could see it: no reason to give up the way back. */
function isLook(error: unknown): boolean {
  return error instanceof ProxmoxError && error.request.startsWith("GET ");
}

/** The request of a save point: the job's own way to back up, but protected, marked and without pruning. */
function requestOf({ storage, mode, compress, prune }: SavePointPlan, { id }: BegunOperation) {
  return {
    storage,
    mode,
    compress,
    protected: true,
    "notes-template": savePointTemplate(id),
    ...(prune === "keep-all" ? { "prune-backups": "keep-all=1" } : { remove: false }),
  };
}

/** Believes only the storage: the archive is there, has content, and is this operation's. */
async function confirm(
  volid: string,
  plan: SavePointSubject,
  savePoint: SavePointPlan,
  { client }: GuestWorld,
  { id }: BegunOperation,
): Promise<number> {
  const archives = await client.backups.archives(plan.target.node, savePoint.storage, plan.target.vmid);
  const archive = archives.find((listed) => listed.volid === volid);
  if (archive?.size === undefined || archive.size <= 0) throw new Error(`${volid} is not on ${savePoint.storage}`);
  if (parseSavePoint(archive.notes ?? "")?.operation !== id) throw elsesBackup(plan, volid);
  if (!archive.protected) await client.backups.setArchiveProtection(plan.target.node, volid, true);
  return archive.size;
}

/** Whoever else is at work on the guest is no reason to go on without a way back. */
function elsesBackup({ guest }: SavePointSubject, volid: string): CommandError {
  return new CommandError(`${volid} is somebody else's backup: another run is at work on ${guest}`, {
    exitCode: exitCodes.locked,
    hint: "ask who it is, wait until it has ended, and look at the plan again",
  });
}

function impossible(plan: SavePointSubject, reason: string): CommandError {
  const few = /protected backups|max backup limit/u.test(reason);
  const advice = few ? "delete save points that nobody needs, or " : "";
  return new CommandError(`the save point cannot be made: ${reason}`, {
    exitCode: exitCodes.refused,
    hint: `${advice}restore without a way back: add --without-save-point=${plan.guest}`,
  });
}

/** Adds what undo needs on any machine. */
function annotate(
  plan: SavePointSubject,
  savePoint: SavePointPlan,
  { client }: GuestWorld,
  operation: BegunOperation,
): Step {
  return {
    id: "annotate",
    title: "Write into the save point what undo needs",
    does: `write into its notes what 'lifeboat undo' needs on any machine`,
    run: async (context) => {
      const archive = String(context.factsOf(savePointPath)["archive"]);
      const { environment, guest, memberships } = plan;
      const notes = formatSavePointNotes({
        version: 1,
        operation: operation.id,
        environment,
        guest,
        vmid: plan.target.vmid,
        node: plan.target.node,
        kind: plan.target.type,
        source: plan.archive.volid,
        time: Math.floor(Date.parse(operation.startedAt) / 1_000),
        wasRunning: plan.present?.running === true,
        volumes: savePoint.volumes,
        ...(memberships.pool === undefined ? {} : { pool: memberships.pool }),
        jobs: memberships.jobs.map(({ job }) => job),
        ...(memberships.highAvailability === undefined ? {} : { highAvailability: memberships.highAvailability }),
      });
      await client.backups.setArchiveNotes(plan.target.node, archive, notes);
    },
  };
}

/**
 * Deletes a save point that nothing needs any more: only if it is this operation's own, and only while the guest that it
 * holds is whole. Else it may be the only way back, and is kept.
 */
async function discard(
  context: StepContext,
  plan: SavePointSubject,
  { client, meant }: GuestWorld,
  { id }: BegunOperation,
): Promise<void> {
  const { savePoint, target } = plan;
  if (savePoint === undefined) return;
  const upid = await findStarted(context, client, { node: target.node, vmid: target.vmid, type: "vzdump" });
  if (upid !== undefined) await client.tasks.wait(upid, { signal: context.signal });
  await waitForTasks(client, target, context);
  const archives = await client.backups.archives(target.node, savePoint.storage, target.vmid);
  const own = archives.filter((archive) => parseSavePoint(archive.notes ?? "")?.operation === id);
  const overtaken = context.facts["stays"] === true ? "a task had begun to overwrite it" : undefined;
  const why = own.length === 0 ? undefined : (overtaken ?? (await whyNotWhole(client, target, meant)));
  if (why !== undefined) {
    const volids = own.map(({ volid }) => volid).join(", ");
    context.note(keptFact(`the save point ${volids} stays, because ${plan.guest} is not as it was: ${why}`));
    return;
  }
  const made = context.facts["archive"];
  const unseen =
    own.length > 0 || made === undefined ? undefined : await whyUnseen(client, target.node, savePoint.storage);
  if (unseen !== undefined) {
    context.note(keptFact(`whether the save point ${String(made)} is still there is not known: ${unseen}`));
    return;
  }
  for (const { volid } of own) {
    await client.backups.setArchiveProtection(target.node, volid, false);
    const deletion = await client.backups.deleteArchive(target.node, volid);
    requireSuccess(await client.tasks.wait(deletion, { signal: context.signal }));
  }
}
