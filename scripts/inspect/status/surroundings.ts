import { type Neighbour, neighbourFrom } from "../../../site/policies/neighbours";
import { groupBy } from "../../machine/group-by";
import type { LoadedEnvironment, Site } from "../../project/site";

/** What has to be known of the other environments to judge one of them. */
export interface Surroundings {
  readonly site: Site;
  /** Ids of all guests in the settings, by endpoint: two environments may share a node. */
  readonly known: ReadonlyMap<string, ReadonlySet<number>>;
  readonly neighbours: readonly Neighbour[];
}

export function surroundingsOf(site: Site, environments: readonly LoadedEnvironment[]): Surroundings {
  const byEndpoint = groupBy(environments, ({ settings }) => settings.proxmox.endpoint);
  const known = new Map(
    [...byEndpoint].map(([endpoint, group]) => [
      endpoint,
      new Set(group.flatMap(({ settings }) => settings.guests.map((guest) => guest.id))),
    ]),
  );
  return { site, known, neighbours: environments.map(({ name, settings }) => neighbourFrom(name, settings)) };
}

/** The part of it that one environment is judged by. */
export function surroundingOf(
  { name, settings }: LoadedEnvironment,
  { known, neighbours }: Surroundings,
): { readonly here: ReadonlySet<number>; readonly others: readonly Neighbour[] } {
  return {
    here: known.get(settings.proxmox.endpoint) ?? new Set(),
    others: neighbours.filter((neighbour) => neighbour.name !== name),
  };
}
