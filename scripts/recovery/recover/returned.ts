import type { LoadedEnvironment } from "../../project/site";
import { couldNotBeAsked } from "../../../proxmox/api/errors";
import { isOnline } from "../steps/guest/search-archives";
import { isOffItsNode } from "./dead-node";
import type { EnvironmentLook } from "./plan";

/** Where guests of nodes that were dead when the site was looked at are by now, by name: on nodes that answer. */
export type PlacesNow = ReadonlyMap<string, string>;

/**
 * Looks once more for guests whose node was dead: it may be back, or HA or somebody may have them elsewhere. What the plan asks
 * people to do about such a one is not true any more, and would take a guest that runs from its node.
 */
export async function placesNow(environment: LoadedEnvironment, { guests }: EnvironmentLook): Promise<PlacesNow> {
  const off = guests.filter(isOffItsNode);
  if (off.length === 0) return new Map();
  const client = await environment.client();
  const found = await Promise.all([client.cluster.nodes(), client.cluster.guests()]).catch((error: unknown) => {
    // Nothing else is known than what was planned; the check says who does not answer.
    if (!couldNotBeAsked(error)) throw error;
    return undefined;
  });
  if (found === undefined) return new Map();
  const [nodes, listed] = found;
  const alive = new Set(nodes.filter(isOnline).map(({ node }) => node));
  return new Map(
    off.flatMap(({ id, name }) => {
      const place = listed.find(({ vmid }) => vmid === id)?.node;
      return place !== undefined && alive.has(place) ? [[name, place] as const] : [];
    }),
  );
}
