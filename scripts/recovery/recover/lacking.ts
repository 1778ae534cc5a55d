import { isOffItsNode } from "./dead-node";
import { takenIn } from "./number-taken";
import type { EnvironmentLook, GuestLook, RecoverPlan } from "./plan";

/** Whether an environment lacks anything that a recovery brings back, its stack among it. */
export function isLacking(look: EnvironmentLook): boolean {
  const { trouble, job, renamed, unfinished } = look;
  if (trouble !== undefined) return false;
  return lacksGuests(look) || renamed === true || ((unfinished === true || !job) && isStackAsked(look));
}

/** Ways of guests with which this run does nothing. */
const isLeft: ReadonlySet<GuestLook["way"]> = new Set(["there", "none", "by hand", "another"]);

/** Whether it lacks what comes back without Pulumi. */
function lacksGuests({ storage, guests }: EnvironmentLook): boolean {
  return storage.state === "define" || guests.some(({ way }) => !isLeft.has(way));
}

/**
 * Its stack would also make the guests that nobody has asked for, ask dead nodes for theirs, make empty what may lie elsewhere, and
 * write guests of others into its state.
 */
function isStackAsked(look: EnvironmentLook): boolean {
  const { goneBesides, guests } = look;
  const isOff = guests.some((guest) => isOffItsNode(guest) || isOutOfReach(guest));
  return goneBesides === undefined && !isOff && takenIn(look).length === 0;
}

/** Whether a guest does not come back now that its stack would make empty: its archives, or a copy elsewhere, cannot be had as it is. */
export function isOutOfReach({ way, mayBeElsewhere, ownStack }: GuestLook): boolean {
  return way === "none" && (mayBeElsewhere === true || ownStack === true);
}

/** Whether its state, which gets new names, is compared with its nodes although its stack is left as it is: a name that is missing is said so. */
export function isToldOfNames({ renamed, locked, guests }: EnvironmentLook): boolean {
  const held = guests.filter(isOutOfReach);
  const isElsewhere = held.some(({ mayBeElsewhere }) => mayBeElsewhere === true);
  return renamed === true && locked === undefined && held.length > 0 && !isElsewhere;
}

/** Why guests that are not back keep their stack from being brought up, as a clause. */
export function emptiedText(left: readonly GuestLook[]): string {
  const names = left.map(({ name }) => name).join(", ");
  const isElsewhere = left.some(({ mayBeElsewhere }) => mayBeElsewhere === true);
  const why = isElsewhere
    ? ", of which a copy may lie elsewhere"
    : `, which ${left.length === 1 ? "is" : "are"} not back`;
  return `its stack would make ${names} empty${why}`;
}

/** Whether its stack may be brought up: it is asked for, and what is encrypted can be opened. */
export function mayBringUp(look: EnvironmentLook): boolean {
  return look.locked === undefined && isStackAsked(look);
}

/** Whether its stack would be brought up, but for the passphrase. */
export function isLeftLocked(look: EnvironmentLook): boolean {
  return look.locked !== undefined && isLacking(look) && isStackAsked(look);
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
  return resumed === true || environments.some(isBegun) || store?.way === "rebuild";
}

/** Whether anything of it can come back in this run. */
function isBegun(look: EnvironmentLook): boolean {
  return isLacking(look) && (look.locked === undefined || lacksGuests(look));
}
