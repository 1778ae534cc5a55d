import type { Environment } from "../site/settings/environment";
import { guestsNamedBy } from "./named-guests";

/**
 * Names of guests that this run may make empty although there are archives of their ids (A9). A variable, for one run:
 * `fresh: true` in the settings would still be there when the guest is lost the next time.
 */
export const freshVariable = "LIFEBOAT_FRESH";

/** The environment with what the variable consents to. */
export function withFreshConsent(environment: Environment): Environment {
  const names = guestsNamedBy(freshVariable);
  if (names.length === 0) return environment;
  const guests = environment.guests.map((guest) =>
    guest.kind !== "adopted" && names.includes(guest.name) ? { ...guest, fresh: true } : guest,
  );
  return { ...environment, guests };
}
