import { usageError } from "../terminal/command-error";
import type { FoundGuest, Site } from "./site";

/** Which guests a command is about. */
export interface GuestWish {
  /** Ids, names, `env/name`. */
  readonly guests: readonly string[];
  /** Every guest of the settings. */
  readonly all: boolean;
  /** With `all`: of this environment only. */
  readonly env?: string | undefined;
}

/**
 * The guests that are meant, each once, in the order in which they were named.
 *
 * @throws CommandError (2)
 */
export function chooseGuests({ guests, all, env }: GuestWish, site: Site): FoundGuest[] {
  if (!all) {
    if (env !== undefined) throw usageError("--env goes with --all", "name a guest of it: environment/name");
    if (guests.length === 0) throw usageError("no guest is named", "name one or more, or all of them: --all");
    return distinct(guests.map((selector) => site.findGuest(selector)));
  }
  if (guests.length > 0) {
    const [name = ""] = guests;
    const hint = site.environmentNames.includes(name)
      ? `all of one environment: --all --env ${name}`
      : "name guests, or all of them: --all";
    throw usageError("--all and the name of a guest exclude each other", hint);
  }
  const found = env === undefined ? everyGuest(site) : guestsOf(site, env);
  if (found.length === 0) throw usageError(`the settings${env === undefined ? "" : ` of ${env}`} name no guests`);
  return found;
}

/** Settings that cannot be read would leave guests out without a word: that is an error. */
function everyGuest(site: Site): FoundGuest[] {
  const [broken] = site.environments().unusable;
  if (broken !== undefined) throw broken.error;
  return site.environmentNames.flatMap((name) => guestsOf(site, name));
}

function guestsOf(site: Site, name: string): FoundGuest[] {
  const environment = site.environment(name);
  return environment.settings.guests.map((guest) => ({ environment, guest }));
}

/** Each guest once, in the order in which they were named. */
export function distinct(found: readonly FoundGuest[]): FoundGuest[] {
  const byName = new Map(found.map((one) => [`${one.environment.name}/${one.guest.name}`, one]));
  return [...byName.values()];
}
