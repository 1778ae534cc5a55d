import { pulumiLine } from "../plain-pulumi";
import { isOver } from "../opt-outs";
import type { Environment, Guest, OwnedGuest } from "../settings/environment";
import type { Run } from "./facts";
import { fine, refuse, type Verdict, warn } from "./verdict";

/** Something that could not be asked. */
export interface Unknown {
  /** A sentence without a full stop: `Whether id 101 is free could not be found out`. */
  readonly what: string;
  /** One line. */
  readonly reason: string;
  /** What somebody says who accepts it, as a clause: `neither is there`. */
  readonly accepted: string;
}

/**
 * What cannot be asked is neither free nor as it should be (A15): it stops an update, unless somebody has accepted just that
 * for each of the guests. A preview tells it.
 */
export function judgeUnknown(
  environment: Environment,
  guests: readonly Guest[],
  run: Run,
  { what, reason, accepted }: Unknown,
): Verdict {
  const text = `${what}: ${reason}`;
  const open = openAmong(environment, guests, run);
  if (open.length === 0 && guests.length > 0) return warn(`${text}; lifeboat:acknowledge accepts that`);
  if (run.preview) return warn(`${text}; an update is refused meanwhile`);
  const { name } = environment;
  const again = `once it can be asked: ${pulumiLine(name, "up")}`;
  return refuse(`Unable to deploy ${name}: ${lowerFirst(text)}`, again + acceptance(open, accepted));
}

/** Nothing could be asked: then no id is known to be free, and no storage to be empty. @param reason why, one line */
export function judgeUnasked(environment: Environment, reason: string, run: Run): Verdict {
  if (run.preview) return fine;
  const { name, guests } = environment;
  const owned = guests.filter((guest): guest is OwnedGuest => guest.kind !== "adopted");
  const open = openAmong(environment, owned, run);
  if (open.length === 0) return fine;
  return refuse(
    `Unable to deploy ${name}: whether the ids of its guests are free, and whether there are archives of them, cannot be asked: ${reason}`,
    `once the node answers: ${pulumiLine(name, "up")}${acceptance(open, "neither is there")}`,
  );
}

/** Those of the guests for which nobody has accepted it. */
function openAmong({ acknowledgements }: Environment, guests: readonly Guest[], { today }: Run): string[] {
  const accepted = acknowledgements.filter((entry) => entry.hazard === "unchecked" && !isOver(entry, today));
  return guests.map(({ name }) => name).filter((name) => !accepted.some(({ guest }) => guest === name));
}

function acceptance([first, ...others]: readonly string[], accepted: string): string {
  if (first === undefined) return "";
  const entry = `- { hazard: unchecked, guest: ${first}, reason: WHY, owner: WHO, until: DAY }`;
  const each = others.length === 0 ? "" : ` (one entry for each: ${[first, ...others].join(", ")})`;
  return `; or, if you know that ${accepted}, accept it with \`${entry}\` in lifeboat:acknowledge${each}`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
