import type { PointInTimeProgram } from "../../clients/data-program/point-in-time-program";
import type { BegunOperation } from "../engine/operation";
import type { Step } from "../engine/step";
import { wishText } from "../point-in-time/locate";
import type { PointInTimePlan } from "../point-in-time/plan";
import { fetchStep, locateStep, undoUnlessGone } from "../point-in-time/steps";
import type { Named } from "./named";

/** What recovers the cluster of a database. */
export interface ArchiveWorld {
  recovery(): Promise<PointInTimeProgram>;
}

/** What stands for a dump in what a plan rests on. */
export function archiveInput({ backup: { label }, timeline, cluster, data }: PointInTimePlan): unknown {
  return [label, timeline, cluster, data];
}

/** Steps that bring backup and WAL beside the cluster, which runs on: nothing else of it goes back. */
export function bringArchive(archive: PointInTimePlan, { recovery }: ArchiveWorld, begun: BegunOperation): Step[] {
  const world = { program: recovery };
  return [locateStep(archive, world), fetchStep(archive, world, begun)];
}

/** One database of what was replayed, loaded beside the present one. @param drop removes that copy */
export function extract(
  { wish }: PointInTimePlan,
  { item, number, copy }: Named,
  { recovery }: ArchiveWorld,
  { id }: BegunOperation,
  drop: Step["takeBack"],
): Step {
  return {
    id: number,
    title: `Load ${item.into}`,
    does: `replay WAL up to ${wishText(wish)} in a server of its own, and load ${item.name} from there under a name of its own`,
    undoes: () => ({ does: `remove ${copy}` }),
    run: async ({ signal }) => {
      const { name: database, into } = item;
      const { counts, lastTransaction } = await (await recovery()).extract(id, { database, into, copy }, signal);
      return {
        facts: { counts: JSON.stringify(counts), ...(lastTransaction === undefined ? {} : { lastTransaction }) },
      };
    },
    ...(drop === undefined ? {} : { takeBack: drop }),
  };
}

/** What was fetched is not needed any more. */
export function clear({ data }: PointInTimePlan, { recovery }: ArchiveWorld, { id }: BegunOperation): Step {
  return {
    id: "clear",
    title: "Remove what was fetched",
    does: `remove the backup and the WAL that were brought beside ${data}`,
    undoes: () => "nothing",
    run: async ({ signal }) => undoUnlessGone(await recovery(), id, signal),
  };
}
