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

/** Where archives of guests of a node may lie. @throws ProxmoxError when that node cannot be asked */
export type PlacesOf = (node: string) => Promise<ArchivePlaces>;

/**
 * Looks once for each node, for everybody who asks. A guest that comes to another node of its cluster leaves its archives behind, where
 * the storage is each node's own: that its new node has none says nothing.
 */
export function archivePlaces(client: ProxmoxClient, storage: Environment["backup"]["storage"]): PlacesOf {
  const known = new Map<string, Promise<ArchivePlaces>>();
  return (node) => {
    const places = known.get(node) ?? placesOf(client, node, storage);
    known.set(node, places);
    return places;
  };
}

async function placesOf(
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
  const looks = await Promise.all(others.map((entry) => lookOn(client, entry, id)));
  const having = looks.filter(({ has }) => has !== "nothing");
  const silent = looks.flatMap(({ node: where, silence }) => (silence === undefined ? [] : [`${where}: ${silence}`]));
  const ownNode = own === undefined ? [] : [node];
  // One of those that share it shows what lies there, and what the silent ones have is the same.
  const shared = having.find(({ has }) => has === "shared storage");
  if (shared !== undefined) return { nodes: [...ownNode, shared.node] };
  const nodes = [...ownNode, ...having.map((look) => look.node)];
  return { nodes, ...(silent.length > 0 && { unasked: silent.join("; ") }) };
}

interface Look {
  readonly node: string;
  readonly has: "shared storage" | "own storage" | "nothing";
  /** Why that cannot be found out. */
  readonly silence?: string;
}

async function lookOn(
  client: ProxmoxClient,
  { node, status }: { readonly node: string; readonly status?: string | undefined },
  id: string,
): Promise<Look> {
  const unknown = (silence: string): Look => ({ node, has: "nothing", silence });
  if (status === "offline") return unknown("the node is offline, and may have archives on a storage of its own");
  try {
    const found = (await client.backups.storages(node)).find(({ storage }) => storage === id);
    if (found === undefined) return { node, has: "nothing" };
    return { node, has: found.shared === true ? "shared storage" : "own storage" };
  } catch (error) {
    if (error instanceof ProxmoxError) return unknown(error.message);
    throw error;
  }
}
