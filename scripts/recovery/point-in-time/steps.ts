import { bytesNeeded } from "../../../site/data/point-in-time/choose";
import { messageOf } from "../../machine/error-code";
import type { PointInTimeProgram } from "../../clients/data-program/point-in-time-program";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { BegunOperation } from "../engine/operation";
import type { Facts, Finding, Step, StepNode } from "../engine/step";
import { locatePoint, scanBy, wishText } from "./locate";
import { unreachable } from "./make-plan";
import type { PointInTimePlan } from "./plan";

/** Everything outside the plan that the steps use. */
export interface PointInTimeWorld {
  readonly program: () => Promise<PointInTimeProgram>;
}

/** Paths of steps by which others know how far it has come. */
export const [fetchPath, replayPath, swapPath, provePath] = ["fetch", "replay", "swap", "prove"] as const;

const locatePath = "locate";

/** The steps. They follow from the plan alone, so that another process can go on with them. */
export function pointInTimeSteps(plan: PointInTimePlan, world: PointInTimeWorld, begun: BegunOperation): StepNode[] {
  return [
    locateStep(plan, world),
    fetchStep(plan, world, begun),
    replayStep(plan, world, begun),
    swapStep(plan, world, begun),
    proveStep(plan, world, begun),
    backUpStep(plan, world),
  ];
}

/** Folder in the guest with what was there before. */
export function keptFolder({ data }: PointInTimePlan, operation: string): string {
  return `${data}.lifeboat-old-${operation}`;
}

/** What was true when it was planned may have been expired since, and what was not archived then is now. */
export function locateStep(plan: PointInTimePlan, { program }: PointInTimeWorld): Step {
  const { wish, asked, running, backup, timeline } = plan;
  return {
    id: locatePath,
    title: "Find the point in the archive",
    does: `${running ? "archive what is written by now, and " : ""}see that all WAL from the backup to ${wishText(wish)} is there`,
    undoes: () => "nothing",
    run: async ({ signal }) => {
      const guest = await program();
      const unarchived = running ? await flushed(guest, plan, signal) : [];
      const facts = await guest.facts(signal);
      const point = await locatePoint(facts, wish, asked, scanBy(guest, facts, wish, signal));
      if ("kind" in point) throw unreachable(point, wishText(wish));
      const { choice } = point;
      if (choice.backup.label !== backup.label || choice.timeline !== timeline) {
        throw new CommandError(
          `by now it begins with the backup ${choice.backup.label} on timeline ${String(choice.timeline)}`,
          {
            exitCode: exitCodes.refused,
            hint: "somebody has backed up or recovered meanwhile: run this again, for a new plan",
          },
        );
      }
      const needed = bytesNeeded(choice, facts.segmentSize);
      const aborted: Finding[] = point.found.aborted
        ? [{ severity: "note", text: `${wishText(wish)} was rolled back: what is there is as it was when that ended` }]
        : [];
      return {
        facts: { ranges: choice.ranges.join(" "), archive: facts.archive, bytes: needed },
        findings: [...unarchived, ...aborted],
      };
    },
  };
}

/**
 * Archives what is being written. A guest that was brought back from its own backup writes WAL that the archive has already, and
 * otherwise: what the point needs is there all the same.
 */
async function flushed(
  guest: PointInTimeProgram,
  { reached }: PointInTimePlan,
  signal: AbortSignal,
): Promise<Finding[]> {
  try {
    await guest.flush(signal);
    return [];
  } catch (error) {
    signal.throwIfAborted();
    if (!reached || !(error instanceof CommandError)) throw error;
    return [{ severity: "note", text: `what was written last is not in the archive: ${error.message}` }];
  }
}

export function fetchStep(
  { wish, backup, timeline, data, guest }: PointInTimePlan,
  { program }: PointInTimeWorld,
  { id }: BegunOperation,
): Step {
  return {
    id: fetchPath,
    title: "Fetch the backup",
    does: `fetch the backup ${backup.label} beside ${data} of ${guest}, while the database runs on`,
    undoes: () => ({ does: "remove what was fetched" }),
    run: async ({ signal, factsOf }) => {
      const { ranges, archive, bytes } = factsOf(locatePath);
      const words = {
        id,
        backup: backup.label,
        wish,
        timeline,
        bytes: Number(bytes),
        archive: String(archive),
        ranges: String(ranges).split(" "),
      };
      await (await program()).fetch(words, signal);
    },
    takeBack: async ({ signal }) => undoUnlessGone(await program(), id, signal),
  };
}

function replayStep({ wish, question }: PointInTimePlan, { program }: PointInTimeWorld, { id }: BegunOperation): Step {
  const asks = question === undefined ? "" : ", and ask the query there";
  return {
    id: replayPath,
    title: "Replay up to the point",
    does: `replay WAL up to ${wishText(wish)} in a server of its own that nobody else reaches${asks}`,
    undoes: () => "nothing",
    run: async ({ signal }) => {
      const { position, lastTransaction, said, answer } = await (await program()).replay(id, question, signal);
      const facts: Facts = {
        position,
        ...(lastTransaction === undefined ? {} : { lastTransaction }),
        ...(said === undefined ? {} : { said }),
        ...(answer === undefined ? {} : { answer }),
      };
      return { facts };
    },
  };
}

function swapStep(plan: PointInTimePlan, { program }: PointInTimeWorld, { id }: BegunOperation): Step {
  const { cluster, data } = plan;
  return {
    id: swapPath,
    title: "Put it in its place",
    does: `stop PostgreSQL ${cluster}, keep ${data} as ${keptFolder(plan, id)}, and start on what was recovered`,
    commits: true,
    undoes: () => ({ does: `give ${keptFolder(plan, id)} its place again` }),
    // The guest sees for itself how far an earlier attempt has come.
    run: async (context) => {
      context.note({ sent: true });
      await (await program()).swap(id, context.signal);
    },
    takeBack: async ({ signal }) => undoUnlessGone(await program(), id, signal),
  };
}

function proveStep({ cluster }: PointInTimePlan, { program }: PointInTimeWorld, { id }: BegunOperation): Step {
  return {
    id: provePath,
    title: "Prove",
    does: `see that PostgreSQL ${cluster} runs on a timeline of its own, and that its WAL arrives in the archive`,
    undoes: () => "nothing",
    run: async ({ signal }) => {
      const guest = await program();
      const timeline = await guest.prove(id, signal);
      await guest.finish(id, signal);
      return { facts: { timeline } };
    },
  };
}

/** The recovery stands also without it: it only takes longer to recover from here. */
function backUpStep({ source, cluster }: PointInTimePlan, { program }: PointInTimeWorld): Step {
  return {
    id: "backup",
    title: "Back up anew",
    does: `make a full backup of PostgreSQL ${cluster} as it is now`,
    undoes: () => ({ stays: "the new backup stays in the archive" }),
    run: async ({ signal }) => {
      try {
        await (await program()).backUp(signal);
        return {};
      } catch (error) {
        signal.throwIfAborted();
        const text = `there is no new full backup: ${messageOf(error)}`;
        return {
          findings: [{ severity: "todo", text, mend: `lifeboat-data-pitr backup ${source} full, in the guest` }],
        };
      }
    },
  };
}

/** A step that has failed in the guest has cleared up there already. */
export async function undoUnlessGone(program: PointInTimeProgram, id: string, signal: AbortSignal): Promise<void> {
  try {
    await program.undo(id, signal);
  } catch (error) {
    if (!(error instanceof CommandError) || error.exitCode !== exitCodes.nothing) throw error;
  }
}
