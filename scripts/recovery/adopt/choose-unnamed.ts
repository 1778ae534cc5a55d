import type { LoadedEnvironment } from "../../project/environment";
import { CommandError, usageError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { ValueOf } from "../../terminal/shapes";
import type { candidateShape } from "./shape";
import type { SeenGuest, SeenGuests } from "./unnamed-guests";

/** A guest that no settings name, and the environment whose settings are to name it. */
export interface Candidate {
  readonly guest: SeenGuest;
  readonly environment: LoadedEnvironment;
}

/**
 * Every guest that no settings name, with each environment that could.
 *
 * @param only name of the environment that is meant.
 */
function candidatesOf({ guests }: SeenGuests, only?: string): Candidate[] {
  return guests
    .filter(({ named }) => named === undefined)
    .flatMap((guest) => {
      const environments = only === undefined ? likelyEnvironments(guest) : guest.environments;
      return environments.map((environment) => ({ guest, environment }));
    })
    .filter(({ environment }) => only === undefined || environment.name === only);
}

/** The same without copies that Lifeboat itself has made: whoever wants to keep one names it. */
export function offeredOf(seen: SeenGuests, only?: string): Candidate[] {
  return candidatesOf(seen, only).filter(({ guest }) => !guest.isCopy);
}

/** Of several environments behind one endpoint, the one whose own node the guest is on. */
function likelyEnvironments({ environments, node }: SeenGuest): readonly LoadedEnvironment[] {
  const own = environments.filter(({ settings }) => settings.proxmox.node === node);
  return own.length === 1 ? own : environments;
}

/**
 * The guest that an id (`140`, `prod/140`) means, which no settings name yet.
 *
 * @throws CommandError (2, 14)
 */
export function chooseUnnamed(selector: string, seen: SeenGuests): Candidate {
  const [, environment, id = ""] = /^(?:([^/]+)\/)?([1-9]\d*)$/u.exec(selector) ?? [];
  if (id === "") throw notAnId(selector, seen);
  const inReach = candidatesOf(seen, environment);
  const found = inReach.filter(({ guest }) => String(guest.id) === id);
  const [first, second] = found;
  if (first === undefined) throw notFound(Number(id), environment, seen, inReach);
  if (second !== undefined) throw ambiguous(id, found);
  return first;
}

/**
 * Every guest that no settings name, each with the one environment that could.
 *
 * @param only name of the environment that is meant.
 * @throws CommandError (2, 14) where some could be meant for several, or some nodes did not answer.
 */
export function chooseAllUnnamed(seen: SeenGuests, only?: string): Candidate[] {
  const [unasked] = seen.failures;
  if (unasked !== undefined) {
    const { message, exitCode, hint } = unasked.failure;
    throw new CommandError(message, { exitCode, hint, complete: true });
  }
  const found = offeredOf(seen, only);
  for (const { guest } of found) {
    const same = found.filter((other) => other.guest === guest);
    if (same.length > 1) throw ambiguous(String(guest.id), same);
  }
  return found;
}

function notAnId(selector: string, seen: SeenGuests): CommandError {
  const meant = seen.guests.find(({ name, named }) => name === selector && named === undefined);
  const text = `'${selector}' is not the id of a guest`;
  const [unasked] = seen.failures;
  if (meant === undefined && unasked !== undefined)
    return usageError(`${text}; ${unasked.failure.message}`, unasked.failure.hint);
  return usageError(text, meant === undefined ? listOf(offeredOf(seen)) : `lifeboat adopt ${String(meant.id)}`);
}

function notFound(id: number, environment: string | undefined, seen: SeenGuests, inReach: readonly Candidate[]) {
  const known = seen.guests.find(
    ({ id: other, named, environments }) =>
      other === id &&
      named !== undefined &&
      (environment === undefined || environments.some(({ name }) => name === environment)),
  )?.named;
  if (known !== undefined) {
    return usageError(
      `guest ${String(id)} is in the settings of ${known.environment} already, as ${known.guest}`,
      `see how it is backed up: lifeboat backups ${known.environment}/${known.guest}`,
    );
  }
  const [unasked] = seen.failures;
  if (unasked !== undefined) {
    const { failure } = unasked;
    return new CommandError(`guest ${String(id)} is not on the nodes that answered; ${failure.message}`, {
      exitCode: failure.exitCode,
      hint: failure.hint,
    });
  }
  const where = environment === undefined ? "any node of the settings" : `the nodes of ${environment}`;
  return new CommandError(`there is no guest ${String(id)} on ${where}, or the token may not see it`, {
    exitCode: exitCodes.usage,
    hint: listOf(inReach),
    details: { candidates: inReach.map(candidateForScripts) },
  });
}

function ambiguous(id: string, found: readonly Candidate[]): CommandError {
  const listed = found.map(({ guest, environment }) => `${environment.name} (${guest.name} on ${guest.node})`);
  return new CommandError(`guest ${id} may be meant for ${listed.join(" or ")}`, {
    exitCode: exitCodes.usage,
    hint: `name the environment: lifeboat adopt ${found[0]?.environment.name ?? ""}/${id}`,
    details: { candidates: found.map(candidateForScripts) },
  });
}

/** How many guests a hint names. */
const listed = 12;

function listOf(candidates: readonly Candidate[]): string {
  if (candidates.length === 0) return "every guest that the token may see is in the settings: lifeboat status";
  const texts = candidates.slice(0, listed).map(({ guest }) => `${String(guest.id)} (${guest.name} on ${guest.node})`);
  const more = candidates.length - listed;
  return `guests in no settings: ${texts.join(", ")}${more > 0 ? ` and ${String(more)} more` : ""}`;
}

/** A guest that could be adopted, for scripts. */
export function candidateForScripts({ guest, environment }: Candidate): ValueOf<typeof candidateShape> {
  const { id, name, type, node } = guest;
  return { environment: environment.name, id, name, type, node };
}
