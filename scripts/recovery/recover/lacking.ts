import { isOffItsNode } from "./dead-node";
import type { EnvironmentLook, GuestLook, RecoverPlan } from "./plan";

/** Whether an environment lacks anything that a recovery brings back. */
export function isLacking(look: EnvironmentLook): boolean {
  const { trouble, storage, job, guests, renamed, unfinished } = look;
  if (trouble !== undefined) return false;
  return (
    renamed === true ||
    (unfinished === true && mayBringUp(look)) ||
    storage.state === "define" ||
    (!job && mayBringUp(look)) ||
    guests.some(({ way }) => way !== "there" && way !== "none" && way !== "by hand")
  );
}

/**
 * Whether its stack may be brought up: it would also make the guests that nobody has asked for, ask dead nodes for theirs, and make
 * empty what may lie elsewhere.
 */
export function mayBringUp({ goneBesides, guests }: EnvironmentLook): boolean {
  return goneBesides === undefined && !guests.some(isOffItsNode) && !guests.some(isOutOfReach);
}

/** Whether a copy of a guest may lie elsewhere that cannot be had now. */
export function isOutOfReach({ way, mayBeElsewhere }: GuestLook): boolean {
  return way === "none" && mayBeElsewhere === true;
}

/** Environments whose stacks are brought up: those that lack something, and the one that makes the store, where that is made again. */
export function stacksOf({ environments, store }: Pick<RecoverPlan, "environments" | "store">): string[] {
  const isMade = ({ name }: EnvironmentLook): boolean => store?.way === "rebuild" && store.owner === name;
  return environments
    .filter((look) => look.trouble === undefined && mayBringUp(look) && (isLacking(look) || isMade(look)))
    .map(({ name }) => name);
}

/** Whether anything is to be done at all. What was cut off is brought to its end: a check of the whole, and a report. */
export function hasWork({ environments, store, resumed }: RecoverPlan): boolean {
  return resumed === true || environments.some(isLacking) || store?.way === "rebuild";
}
