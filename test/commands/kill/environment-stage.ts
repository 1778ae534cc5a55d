import type { AdoptedSite } from "../support/adopted-site";
import type { Stage } from "./kill-row";

/** An environment with a node of its own, whose guests are made by hand. */
export interface EnvironmentStage extends Stage {
  readonly site: AdoptedSite;
  readonly node: string;
  readonly ids: readonly number[];
}

/** An environment as the stages know it. */
interface StagedEnvironment {
  readonly name: string;
  readonly node: string;
  readonly guests: readonly { readonly id: number }[];
}

/** Two guests for each of three environments, by their ids and their number in it. */
export function threeEnvironments<Guest>(guest: (id: number, number: number, environment: string) => Guest) {
  return (["prod", "lab", "monitoring"] as const).map((name, index) => ({
    name,
    node: `pve-${name}`,
    profile: name,
    guests: [1, 2].map((number) => guest(100 * (index + 1) + number, number, name)),
  }));
}

/** A stage for each environment of the site. */
export function stagesOf(site: AdoptedSite, environments: readonly StagedEnvironment[]): EnvironmentStage[] {
  return environments.map(({ name, node, guests }) => ({
    site,
    name,
    node,
    ids: guests.map(({ id }) => id),
    stateFolder: site.stateFolder(name),
    lifeboat: (argv, options) => site.lifeboat(argv, options),
  }));
}
