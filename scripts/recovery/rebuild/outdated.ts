import type { Journal } from "../engine/journal";
import { rebuildPlanSchema } from "./plan";

/** What is there now of the store's container. */
export interface ContainerNow {
  /** It is on the node. */
  readonly exists: boolean;
  /** The store in it answers. */
  readonly answers: boolean;
}

/**
 * Why a rebuild that has not ended is planned anew: the container that it has looked at, or made, is another one now. Somebody
 * has removed it, as a broken one is, or it has gone away again. Undefined: the rebuild goes on.
 */
export function outdatedRebuild(
  open: Pick<Journal, "contents" | "record">,
  { exists, answers }: ContainerNow,
): string | undefined {
  const plan = rebuildPlanSchema.safeParse(open.contents.plan).data;
  if (plan?.guest === undefined) return undefined;
  const { guest } = plan;
  const isMade = open.record("container/up")?.state === "done";
  const hasAnswered = plan.answers || open.record("container/wait")?.state === "done";
  const what =
    !exists && (guest.exists || isMade)
      ? `container ${guest.name} (${String(guest.id)}) is gone since`
      : hasAnswered && !answers
        ? "the store, which answered then, does not answer any more"
        : undefined;
  if (what === undefined) return undefined;
  return `What was begun at ${open.contents.startedAt} has not ended, and ${what}; what is left is planned anew.`;
}
