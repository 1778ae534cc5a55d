import type { Guest } from "../../../site/settings/environment";

/**
 * Guests in the order in which they come back: the sooner one has to be back (its RTO), the earlier. What it needs is as urgent as it is.
 * Where nothing is promised the settings' order stays, behind all others.
 */
export function byUrgency<One extends Pick<Guest, "name" | "needs" | "objectives">>(guests: readonly One[]): One[] {
  const urgency = new Map(guests.map((guest) => [guest.name, guest.objectives.rto ?? Infinity]));
  // What is needed takes over its dependant's, along a chain of any length.
  for (const _ of guests) {
    for (const { name, needs = [] } of guests) {
      const own = urgency.get(name) ?? Infinity;
      for (const needed of needs) urgency.set(needed, Math.min(own, urgency.get(needed) ?? Infinity));
    }
  }
  const rank = ({ name }: One): number => urgency.get(name) ?? Infinity;
  return guests.toSorted((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)));
}
