import type { Journal } from "../engine/journal";
import { type RebuildPlan, rebuildPlanSchema } from "./plan";
import { formatInstant } from "../../terminal/durations";

/** What is there now of what a rebuild rests on. */
export interface RebuildNow {
  /** The store's container is on the node. */
  readonly exists: boolean;
  /** The store answers. */
  readonly answers: boolean;
  /** SHA-256 of the copies by environment; undefined where there is none that can be read. */
  readonly copies: Readonly<Record<string, string | undefined>>;
}

/**
 * Why a rebuild that has not ended is planned anew: the container that it has looked at, or made, is another one now, since
 * somebody has removed it, as a broken one is, or it has gone away again; the store answers again although nothing was done
 * about it; or a copy that is not brought back yet is another one now. Undefined: the rebuild goes on.
 */
export function outdatedRebuild(open: Pick<Journal, "contents" | "record">, now: RebuildNow): string | undefined {
  const plan = rebuildPlanSchema.safeParse(open.contents.plan).data;
  const what = plan && (otherContainer(open, plan, now) ?? otherCopy(open, plan, now));
  if (what === undefined) return undefined;
  return `What was begun at ${formatInstant(open.contents.startedAt)} has not ended, and ${what}; what is left is planned anew.`;
}

type OpenRebuild = Parameters<typeof outdatedRebuild>[0];

function otherContainer(open: OpenRebuild, plan: RebuildPlan, { exists, answers }: RebuildNow): string | undefined {
  const { guest } = plan;
  if (guest === undefined) return undefined;
  const isMade = open.record("container/up")?.state === "done";
  if (!exists && (guest.exists || isMade)) return `container ${guest.name} (${String(guest.id)}) is gone since`;
  const hasAnswered = plan.answers || open.record("container/wait")?.state === "done";
  if (hasAnswered && !answers) return "the store, which answered then, does not answer any more";
  const isUntouched = open.record("container/up") === undefined;
  return answers && !plan.answers && isUntouched ? "the store answers again" : undefined;
}

function otherCopy(
  open: OpenRebuild,
  { owner, environments }: RebuildPlan,
  { copies }: RebuildNow,
): string | undefined {
  const other = environments.find(({ name, copy, stored, local }) => {
    const step = name === owner ? "local" : `push-${name}`;
    const isNeeded = copy !== undefined && !stored && !(local && name === owner);
    return isNeeded && open.record(step)?.state !== "done" && copies[name] !== copy.sha256;
  });
  return other && `the copy of ${other.name} is another one now`;
}
