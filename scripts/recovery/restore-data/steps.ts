import { createHash } from "node:crypto";
import type { PointInTimeProgram } from "../../clients/data-program/point-in-time-program";
import { type Counts, countsSchema } from "../../clients/data-program/data-program";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { changedInputs } from "../engine/digest";
import type { Journal } from "../engine/journal";
import type { BegunOperation } from "../engine/operation";
import { recheckStep } from "../engine/recheck";
import type { Step, StepGroup, StepNode } from "../engine/step";
import { archiveInput, bringArchive, clear, extract } from "./archive-steps";
import { type LoadPlaces, loadCopy, namingOlder } from "./load";
import { restoreDataInputs } from "./make-plan";
import type { Named } from "./named";
import type { RestoreDataItem, RestoreDataPlan } from "./plan";

/** Everything outside the plan that the steps use. */
export interface RestoreDataWorld extends LoadPlaces {
  /** What recovers the cluster to a point in time. @throws CommandError where it has no archive */
  recovery(): Promise<PointInTimeProgram>;
  /** The command that shows the plan anew. */
  readonly again: string;
}

/** The steps. They follow from the plan alone, so that another process can go on with them. */
export function restoreDataSteps(plan: RestoreDataPlan, world: RestoreDataWorld, begun: BegunOperation): StepNode[] {
  const names = plan.items.map((item, index) => ({ item, ...namesOf(begun.id, index) }));
  return [
    ...(plan.archive === undefined ? [checkDump(plan, world)] : bringArchive(plan.archive, world, begun)),
    ...(plan.savePoint ? [savePoint(plan, world, begun)] : []),
    group(
      "load",
      "Load beside",
      names.map((one) =>
        plan.archive === undefined
          ? load(plan, one, world)
          : extract(plan.archive, one, world, begun, drop(one, world)),
      ),
    ),
    ...(plan.archive === undefined ? [] : [clear(plan.archive, world, begun)]),
    recheck(plan, world, begun),
    group(
      "exchange",
      "Take its place",
      names.map((one) => exchange(plan, one, world)),
    ),
    group(
      "prove",
      "Prove",
      names.map((one) => prove(plan, one, world)),
    ),
    ...(names.some(({ item }) => item.present !== undefined) ? [release(plan, names, world, begun)] : []),
  ];
}

/** Names of an operation's own: what another one has made is never touched by it. */
function namesOf(operation: string, index: number): Omit<Named, "item"> {
  const mark = createHash("sha256").update(operation).digest("hex").slice(0, 10);
  const number = String(index + 1);
  return { number, copy: `lifeboat_new_${mark}_${number}`, old: `lifeboat_old_${mark}_${number}` };
}

function group(id: string, title: string, steps: readonly StepNode[]): StepGroup {
  return { id, title, steps };
}

function checkDump(plan: RestoreDataPlan, world: RestoreDataWorld): Step {
  return {
    id: "check",
    title: "Check the dump",
    does: world.shelf.checks(plan),
    run: async ({ signal }) => {
      try {
        await world.shelf.check(plan, signal);
      } catch (error) {
        throw namingOlder(error, plan, world);
      }
    },
  };
}

/** Path of the step that dumps what is there. */
export const savePointPath = "save-point";

function savePoint(plan: RestoreDataPlan, { to }: RestoreDataWorld, { id }: BegunOperation): Step {
  const replaced = plan.items.filter(({ present }) => present !== undefined);
  const names = replaced.map(({ into }) => into).join(", ");
  const things = replaced.flatMap(({ type, into }) => [type, into]);
  return {
    id: savePointPath,
    title: "Dump what is there now",
    does: `dump and prove ${names} as it is now, outside of the retention`,
    undoes: ({ dump }) =>
      dump === undefined ? "nothing" : { does: `remove the dump of what was there: ${String(dump)}` },
    run: async ({ signal }) => {
      const dump = await (await to.program()).does(["keep", to.source.name, id, ...things], signal);
      return { facts: { dump: dump.trim() } };
    },
    takeBack: async ({ signal }) => void (await (await to.program()).does(["forget", to.source.name, id], signal)),
  };
}

function load(plan: RestoreDataPlan, named: Named, world: RestoreDataWorld): Step {
  const { item, number, copy } = named;
  return {
    id: number,
    title: `Load ${item.into}`,
    does: `load ${item.name} of ${plan.dump} under a name of its own, and count what is in it`,
    undoes: () => ({ does: `remove ${copy}` }),
    run: async (context) => {
      const counts = await loadCopy(plan, item, copy, world, context);
      requireCounts(item, counts);
      return { facts: { counts: JSON.stringify(counts) } };
    },
    takeBack: drop(named, world),
  };
}

/** What was counted when the so-many-th thing was loaded; undefined where that is not recorded. */
export function loadedCounts(journal: Journal, index: number): Counts | undefined {
  const { counts } = journal.factsOf(`load/${String(index + 1)}`);
  return counts === undefined ? undefined : countsSchema.parse(JSON.parse(String(counts)));
}

/** Removes a copy that has not got its name yet. */
function drop({ item: { type, into }, copy }: Named, { to }: RestoreDataWorld): NonNullable<Step["takeBack"]> {
  return async ({ signal }) =>
    void (await (await to.program()).does(["drop", to.source.name, type, into, copy], signal));
}

/**
 * A proof is made away from all other databases: views that look into one are not counted by it, and come back all the same.
 *
 * @throws CommandError (1) where something else is in a copy than was in what was dumped
 */
function requireCounts({ name, counts }: RestoreDataItem, found: Counts): void {
  const isAll = (what: string, count: number): boolean =>
    what === "views" ? (found[what] ?? 0) >= count : found[what] === count;
  const differing = Object.entries(counts).filter(([what, count]) => !isAll(what, count));
  if (differing.length === 0) return;
  const text = differing.map(([what, count]) => `${String(found[what] ?? 0)} instead of ${String(count)} ${what}`);
  throw new CommandError(`${name} came back with ${text.join(" and ")}`, { exitCode: exitCodes.failed });
}

/** What it comes from, as that is now. @throws CommandError (10) where it is gone */
async function origin(plan: RestoreDataPlan, { shelf }: RestoreDataWorld): Promise<unknown> {
  return plan.archive === undefined ? shelf.find(plan) : archiveInput(plan.archive);
}

function recheck(plan: RestoreDataPlan, world: RestoreDataWorld, { inputs }: BegunOperation): Step {
  return recheckStep({
    reads: "the dump, the settings and what is there",
    again: world.again,
    changed: async ({ signal }) => {
      const program = await world.to.program();
      const { source } = world.to;
      const now = [];
      for (const { type, into } of plan.items) {
        const { exists, identity, bytes, connections } = await program.look(source.name, type, into, signal);
        now.push({ into, ...(exists ? { present: { identity, bytes, connections } } : {}) });
      }
      return changedInputs(inputs, restoreDataInputs(await origin(plan, world), source, now));
    },
  });
}

function exchange(plan: RestoreDataPlan, { item, number, copy, old }: Named, { to }: RestoreDataWorld): Step {
  const { type, into, present } = item;
  const identity = present?.identity ?? "nothing";
  const words = [to.source.name, type, into, copy, old, identity];
  const gone = present === undefined ? "" : "; the old one is put aside until it is proven";
  return {
    id: number,
    title: `Put ${into} in its place`,
    does: `${plan.disconnect ? "end the connections to it, and " : ""}give what was loaded the name ${into}${gone}`,
    commits: true,
    undoes: () => ({ does: present === undefined ? `take ${into} away` : `give ${old} the name ${into} again` }),
    // The guest sees for itself how far an earlier attempt has come.
    run: async (context) => {
      context.note({ sent: true });
      const flags = plan.disconnect ? ["disconnect"] : [];
      try {
        const identity = await (await to.program()).does(["exchange", ...words, ...flags], context.signal);
        return { facts: { identity: identity.trim() } };
      } catch (error) {
        // It says that it has changed nothing.
        if (error instanceof CommandError && error.exitCode === exitCodes.refused) context.note({ sent: false });
        throw error;
      }
    },
    takeBack: async ({ signal, facts: { identity: made = "" } }) => {
      await (await to.program()).does(["put-back", ...words, String(made)], signal);
    },
  };
}

function prove(plan: RestoreDataPlan, { item, number }: Named, { to }: RestoreDataWorld): Step {
  return {
    id: number,
    title: `Count what is in ${item.into}`,
    does: `see that ${item.into} is there under its name, with all that was loaded`,
    run: async ({ signal }) => {
      const present = await (await to.program()).look(to.source.name, item.type, item.into, signal);
      if (!present.exists) throw new CommandError(`${item.into} is not there`, { exitCode: exitCodes.failed });
      if (present.identity !== item.present?.identity) return;
      throw new CommandError(`${item.into} is still the old one`, { exitCode: exitCodes.failed });
    },
  };
}

/** Path of the step from which on the old one is not there any more. */
export const releasePath = "release";

function release(
  plan: RestoreDataPlan,
  names: readonly Named[],
  { to }: RestoreDataWorld,
  { id }: BegunOperation,
): Step {
  const replaced = names.filter(({ item }) => item.present !== undefined);
  const kept = plan.savePoint ? "; its dump stays" : "";
  return {
    id: releasePath,
    title: "Give up what was there before",
    does: `remove what was put aside of ${replaced.map(({ item }) => item.into).join(", ")}${kept}`,
    undoes: () => "nothing",
    run: async ({ signal }) => {
      const program = await to.program();
      for (const { item, old } of replaced) {
        await program.does(
          ["release", to.source.name, item.type, item.into, old, item.present?.identity ?? ""],
          signal,
        );
      }
      if (plan.savePoint) await program.does(["released", to.source.name, id], signal);
    },
  };
}
