import type { Environment } from "../../site/settings/environment";
import { usageError, CommandError } from "../terminal/command-error";
import { exitCodes } from "../terminal/exit-codes";
import { nearest } from "../terminal/nearest";
import type { LoadedEnvironment } from "./environment";

/** A guest of the settings and the environment that it belongs to. */
export interface FoundGuest {
  environment: LoadedEnvironment;
  guest: Environment["guests"][number];
}

/** No settings have the guest that is meant; its archives may still be there. */
export class UnknownGuestError extends CommandError {}

/** An environment whose settings cannot be used, and why. It stops only what uses it (A6). */
export interface UnusableEnvironment {
  name: string;
  error: unknown;
}

/** A site, as far as its settings name guests. */
interface SearchedSite {
  readonly name: string;
  readonly environmentNames: readonly string[];
  environment(name: string): LoadedEnvironment;
  environments(): { usable: LoadedEnvironment[]; unusable: UnusableEnvironment[] };
}

/**
 * The one guest that a selector means: an id (`101`), a name (`web`) or one of them in an environment (`prod/web`).
 *
 * @throws CommandError (2)
 */
export function chooseGuest(selector: string, site: SearchedSite): FoundGuest {
  const [environment, name, ...rest] = selector.split("/");
  if (rest.length > 0 || environment === undefined || environment === "" || name === "") {
    throw usageError(`'${selector}' is not a guest: give an id, a name, or environment/name`, example(site));
  }
  if (name === undefined) return only(selector, environment, allGuests(site), site);
  const loaded = site.environment(environment);
  const guests = loaded.settings.guests.map((guest) => ({ environment: loaded, guest }));
  return only(selector, name, { guests, unusable: [] }, site);
}

interface AllGuests {
  guests: FoundGuest[];
  unusable: UnusableEnvironment[];
}

function allGuests(site: SearchedSite): AllGuests {
  const { usable, unusable } = site.environments();
  const guests = usable.flatMap((environment) => environment.settings.guests.map((guest) => ({ environment, guest })));
  return { guests, unusable };
}

function only(selector: string, word: string, { guests, unusable }: AllGuests, site: SearchedSite): FoundGuest {
  const found = guests.filter(({ guest }) => guest.name === word || String(guest.id) === word);
  const [first, second] = found;
  if (first !== undefined && second === undefined) return first;
  if (first !== undefined) throw ambiguous(selector, found);
  // Where the guest may stand in settings that cannot be read, that is the thing to say first.
  const [broken] = unusable;
  if (broken !== undefined) throw broken.error;
  throw unknown(selector, guests, site);
}

function ambiguous(selector: string, found: readonly FoundGuest[]): CommandError {
  const candidates = found.map(({ environment, guest }) => ({
    guest: `${environment.name}/${guest.name}`,
    id: guest.id,
    node: guest.node,
  }));
  const listed = candidates.map((one) => `${one.guest} (${String(one.id)} on ${one.node})`).join(", ");
  return new CommandError(`'${selector}' may be ${String(found.length)} guests: ${listed}`, {
    exitCode: exitCodes.usage,
    hint: `name one of them with its environment: ${candidates[0]?.guest ?? ""}`,
    details: { candidates },
  });
}

function unknown(selector: string, guests: readonly FoundGuest[], site: SearchedSite): CommandError {
  const names = guests.map(({ environment, guest }) => `${environment.name}/${guest.name} (${String(guest.id)})`);
  const meant = nearest(
    selector.slice(selector.indexOf("/") + 1),
    guests.map(({ guest }) => guest.name),
  );
  const asked = meant === undefined ? "" : `did you mean ${meant}? `;
  const known =
    names.length === 0 ? "the settings name no guests" : `${asked}guests in the settings: ${names.join(", ")}`;
  return new UnknownGuestError(`no guest '${selector}' in the settings of ${site.name}`, {
    exitCode: exitCodes.usage,
    hint: known,
    details: {
      candidates: guests.map(({ environment, guest }) => ({
        guest: `${environment.name}/${guest.name}`,
        id: guest.id,
      })),
    },
  });
}

function example(site: SearchedSite): string {
  return `for example: ${site.environmentNames[0] ?? "prod"}/web`;
}
