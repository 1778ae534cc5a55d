import type { LoadedEnvironment } from "../../project/site";
import type { BareNode, EnvironmentLook, GuestLook } from "./plan";
import type { SiteSession } from "./session";

/** Ways of guests that are on no node. */
const isGone: ReadonlySet<GuestLook["way"]> = new Set([
  "archive",
  "archive unseen",
  "offsite",
  "store",
  "anew",
  "none",
]);

/**
 * What nodes lack of themselves that have none of their guests, as one has that was installed anew under its old name: users, storages
 * and whatever else their saved configuration has of them. Those that have a new name are told of with it.
 */
export async function lookAtBareNodes(session: SiteSession, looks: readonly EnvironmentLook[]): Promise<BareNode[]> {
  const { context, asked, chosen } = session;
  const found = await Promise.all(
    bareNodes(chosen, looks)
      .filter(({ node }) => ![...(asked.mapping?.nodes.values() ?? [])].includes(node))
      .map(({ environment, node }) => session.nodeLacks(environment, node, context)),
  );
  return found.flatMap((one) => one ?? []);
}

interface NodeOf {
  readonly environment: LoadedEnvironment;
  readonly node: string;
}

/** Environments may have a node in common: a guest of any of them is one that is there. */
function bareNodes(chosen: readonly LoadedEnvironment[], looks: readonly EnvironmentLook[]): NodeOf[] {
  const bare = new Map<string, NodeOf>();
  const used = new Set<string>();
  for (const environment of chosen) {
    const look = looks.find(({ name }) => name === environment.name);
    if (look === undefined || look.trouble !== undefined) continue;
    const { guests, proxmox } = environment.settings;
    for (const { name, node } of guests) {
      const key = `${proxmox.endpoint} ${node}`;
      const seen = look.guests.find((one) => one.name === name);
      const isLost = seen === undefined ? look.goneBesides?.includes(name) === true : isGone.has(seen.way);
      // A guest whose node is dead comes back elsewhere: nobody can ask that one.
      if (isLost && seen?.declaredNode === undefined) bare.set(key, { environment, node });
      else used.add(key);
    }
  }
  return [...bare].flatMap(([key, one]) => (used.has(key) ? [] : [one]));
}
