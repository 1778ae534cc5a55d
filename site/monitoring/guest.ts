import type { Environment, OwnedGuest } from "../settings/environment";

/** The guest that has the monitoring of an environment; undefined: it has none. */
export function monitoringGuest({ guests, monitoring }: Environment): OwnedGuest | undefined {
  const guest = guests.find(({ name }) => name === monitoring?.guest);
  return guest?.kind === "adopted" ? undefined : guest;
}
