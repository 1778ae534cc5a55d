import type { Guest as NodeGuest, NodeEntry, StorageEntry } from "../../../proxmox/api/answers";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { couldNotBeAsked } from "../../../proxmox/api/errors";
import { plainText } from "../../../proxmox/api/plain-text";
import { isDisk, mayHaveDisks } from "../../../proxmox/rules/storage-content";
import type { Guest } from "../../../site/settings/environment";
import { isOnline } from "../../recovery/steps/guest/search-archives";

/** Disks of a guest on the own storages of a node that does not have the guest: what a dead node brings along when it comes back. */
export interface OldDisks {
  readonly node: string;
  readonly disks: readonly string[];
  /** The node has been up longer than the guest runs where it is: it was not restarted since, and may run the guest still. */
  readonly mayRun: boolean;
}

export interface OldDiskFacts {
  /** By the guest's number. */
  readonly of: ReadonlyMap<number, readonly OldDisks[]>;
  /** Where they could not be looked for, one sentence each. */
  readonly unread: readonly string[];
}

interface Place {
  readonly node: NodeEntry;
  readonly volumes: readonly { readonly vmid: number; readonly volid: string }[];
}

/**
 * Looks on every node of a cluster that is there for disks of guests that are not on it. Copies that replication keeps there are none
 * of them. One list of storages for each node, and one of each of its own storages.
 */
export async function readOldDisks(
  client: ProxmoxClient,
  guests: readonly Guest[],
  onNode: ReadonlyMap<number, NodeGuest>,
): Promise<OldDiskFacts> {
  const nodes = await client.cluster.nodes();
  if (nodes.length < 2) return { of: new Map(), unread: [] };
  const unread: string[] = [];
  const noteUnread = (what: string, error: unknown): void => {
    if (!couldNotBeAsked(error)) throw error;
    unread.push(`whether ${what} has old disks of guests cannot be seen: ${error.reason}`);
  };
  const replicated = await replicas(client).catch((error: unknown) => {
    noteUnread("another node", error);
    return undefined;
  });
  if (replicated === undefined) return { of: new Map(), unread };
  const places = await Promise.all(
    nodes.filter(isOnline).map(async (node): Promise<Place> => {
      const storages = await client.backups.storages(node.node).catch((error: unknown) => {
        noteUnread(node.node, error);
        return [];
      });
      const lists = storages.filter(mayHaveOld).map(async ({ storage }) => {
        const listed = await client.backups.disks(node.node, storage).catch((error: unknown) => {
          noteUnread(`${storage} of ${node.node}`, error);
          return [];
        });
        return listed.flatMap(({ content, vmid, volid }) =>
          vmid !== undefined && isDisk({ content }) ? [{ vmid, volid }] : [],
        );
      });
      return { node, volumes: (await Promise.all(lists)).flat() };
    }),
  );
  const of = new Map(
    guests.map(({ id }) => [id, places.flatMap((place) => oldOf(id, onNode.get(id), place, replicated))] as const),
  );
  return { of, unread };
}

/** `101 pve2`: guests, and the nodes that replication keeps copies of them on. */
async function replicas(client: ProxmoxClient): Promise<ReadonlySet<string>> {
  const jobs = await client.cluster.replicationJobs();
  return new Set(jobs.map(({ guest, target }) => `${String(guest)} ${target}`));
}

function mayHaveOld({ shared, active, enabled, content }: StorageEntry): boolean {
  return shared !== true && active !== false && enabled !== false && mayHaveDisks({ content });
}

function oldOf(
  id: number,
  guest: NodeGuest | undefined,
  { node, volumes }: Place,
  replicated: ReadonlySet<string>,
): OldDisks[] {
  // Of a guest that the cluster does not have disks are left where a restore of it has failed, too: those are told by that.
  if (guest === undefined || guest.node === node.node || replicated.has(`${String(id)} ${node.node}`)) return [];
  // A migration makes its disks on the other node first.
  if (guest.lock === "migrate") return [];
  const disks = volumes.filter(({ vmid }) => vmid === id).map(({ volid }) => plainText(volid));
  const mayRun = node.uptime === undefined || guest.uptime === undefined || node.uptime > guest.uptime;
  return disks.length === 0 ? [] : [{ node: node.node, disks, mayRun }];
}

/** One sentence for each node. */
export function oldDiskProblems(found: readonly OldDisks[] | undefined, home: string | undefined): string[] {
  return (found ?? []).map(({ node, disks, mayRun }) => {
    const where = `${node} has old disks of it (${disks.join(", ")}), and it is on ${home ?? "another node"}`;
    const risk = mayRun ? `; ${node} was not restarted since, and if it was only cut off it may run it still` : "";
    return `${where}${risk}: docs/runbooks/node-lost.md`;
  });
}
