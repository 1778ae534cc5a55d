import type { ProxmoxClient } from "../proxmox/api/client";
import { ProxmoxError } from "../proxmox/api/errors";
import type { Environment } from "../site/settings/environment";

/** Where archives of a guest may lie: the storage that its node uses, and those of the same id that other nodes have for themselves. */
export interface ArchivePlaces {
  /** Nodes to be asked, that of the guest first. None: no node has such a storage. */
  readonly nodes: readonly string[];
  /** Why there may be more; undefined: every node was asked. */
  readonly unasked?: string;
}

/**
 * A guest that comes to another node of its cluster leaves its archives behind, where the storage is each node's own: that its new
 * node has none says nothing.
 *
 * @throws ProxmoxError when the guest's own node cannot be asked
 */
export async function archivePlaces(
  client: ProxmoxClient,
  node: string,
  { id, ...declared }: Environment["backup"]["storage"],
): Promise<ArchivePlaces> {
  const own = (await client.backups.storages(node)).find(({ storage }) => storage === id);
  if (own?.shared === true) return { nodes: [node] };
  const on = "nodes" in declared ? declared.nodes : undefined;
  const others = (await client.cluster.nodes()).filter(
    (entry) => entry.node !== node && (on === undefined || on.includes(entry.node)),
  );
  const looks = await Promise.all(
    others.map(async (entry) => ({ node: entry.node, found: await storageOn(client, entry, id) })),
  );
  const silent = looks.flatMap((look) => (typeof look.found === "string" ? [`${look.node}: ${look.found}`] : []));
  const having = looks.filter(({ found }) => typeof found === "object");
  const shared = having.find(({ found }) => typeof found === "object" && found.shared);
  const further = shared === undefined ? having : [shared];
  const nodes = [...(own === undefined ? [] : [node]), ...further.map((look) => look.node)];
  return { nodes, ...(silent.length === 0 || shared !== undefined ? {} : { unasked: silent.join("; ") }) };
}

/** The storage as a node has it, why that cannot be found out, or undefined where it has none. */
async function storageOn(
  client: ProxmoxClient,
  { node, status }: { readonly node: string; readonly status?: string | undefined },
  id: string,
): Promise<{ readonly shared: boolean } | string | undefined> {
  if (status === "offline") return "the node is offline, and may have archives on a storage of its own";
  try {
    const found = (await client.backups.storages(node)).find(({ storage }) => storage === id);
    return found && { shared: found.shared === true };
  } catch (error) {
    if (error instanceof ProxmoxError) return error.message;
    throw error;
  }
}
