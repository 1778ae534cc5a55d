import type { Site } from "../../../project/site";

/** Ids that the settings of a site give to guests. */
export interface DeclaredIds {
  /** Who has it, by id: `prod/web`. */
  readonly owners: ReadonlyMap<number, string>;
  /** Whether some environment's drills make and destroy copies with the id. */
  readonly isForDrills: (vmid: number) => boolean;
  /** Environments whose settings cannot be read: they may declare any id. */
  readonly unreadable: readonly string[];
}

/** Reads the ids of every environment: two of them may be on one cluster, or share a storage of archives. */
export function declaredIds(site: Pick<Site, "environments">): DeclaredIds {
  const { usable, unusable } = site.environments();
  const owners = usable.flatMap(({ name, settings }) =>
    settings.guests.map((guest) => [guest.id, `${name}/${guest.name}`] as const),
  );
  const drills = usable.flatMap(({ settings }) => settings.drill?.ids ?? []);
  return {
    owners: new Map(owners),
    isForDrills: (vmid) => drills.some(({ from, to }) => from <= vmid && vmid <= to),
    unreadable: unusable.map(({ name }) => name),
  };
}
