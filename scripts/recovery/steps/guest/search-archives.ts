import type { Archive, NodeEntry, StorageEntry } from "../../../../proxmox/api/answers";
import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { couldNotBeAsked, ProxmoxError } from "../../../../proxmox/api/errors";
import { type MissingPrivilege, missingToListArchives } from "../../../../proxmox/api/permissions";
import { plainText } from "../../../../proxmox/api/plain-text";
import { withRecords } from "./verified-archives";
import type { ArchiveSearch, FoundArchive, TargetStorage } from "./inspection";
import { verificationOf } from "./server-snapshot";

/** A storage with backups, and the nodes that reach the same one. */
interface Place {
  readonly storage: string;
  /** What to call it. */
  readonly label: string;
  readonly nodes: readonly string[];
  /** Why it cannot be searched. */
  readonly reason?: string;
}

/**
 * Looks for a guest's archives on every storage that holds backups, of every online node of the cluster (D2), and finds
 * out whether an empty list can be believed: without the rights to see archives Proxmox gives an empty list and no error.
 *
 * @param declared the storage that the settings name for backups. It may be missing in the nodes' lists for want of a
 *   right on it.
 */
export async function searchArchives(client: ProxmoxClient, vmid: number, declared: string): Promise<ArchiveSearch> {
  const search = await listArchives(client, vmid, declared);
  return { ...search, archives: await withRecords(client, search.archives) };
}

/** The same as lists tell it, without what `verify` has recorded of each. @param vmid undefined: of every guest */
export async function listArchives(
  client: ProxmoxClient,
  vmid: number | undefined,
  declared: string,
): Promise<ArchiveSearch> {
  const nodes = await client.cluster.nodes();
  const storages = await Promise.all(nodes.filter(isOnline).map(async ({ node }) => storagesOf(client, node, nodes)));
  const places = placesOf(storages.flat(), nodes, declared);
  const silent = nodes.filter(({ node }) => !storages.some((own) => own.some((one) => one.node === node)));
  const missing = await missingRights(client, [...new Set(places.map(({ storage }) => storage))], vmid);
  const blind = new Set(missing.map(({ path }) => path));
  const away = silent
    .filter(() => nodes.length > 1)
    .map(({ node }) => ({ storage: `all (${node})`, reason: "the node does not answer, or the token may see none" }));
  const lists = await Promise.all(
    places.map(async (place) => ({
      place,
      listed: place.reason ?? whyBlind(blind, place.storage, vmid) ?? (await listAt(client, place, vmid)),
    })),
  );
  const archives = lists.flatMap(({ place, listed }) =>
    typeof listed === "string" ? [] : listed.flatMap((archive) => describeArchive(archive, place)),
  );
  return {
    archives: archives.sort((a, b) => b.time - a.time),
    searched: lists.flatMap(({ place, listed }) => (typeof listed === "string" ? [] : [place.label])),
    unsearched: [
      ...away,
      ...lists.flatMap(({ place: { label }, listed }) =>
        typeof listed === "string" ? [{ storage: label, reason: listed }] : [],
      ),
    ],
    missing,
  };
}

/**
 * The guest's archives on a storage, or why it cannot be listed. One that hangs, whose answer pveproxy gives up (596),
 * keeps nobody from the archives on others.
 */
async function listAt(
  client: ProxmoxClient,
  { storage, nodes }: Place,
  vmid: number | undefined,
): Promise<Archive[] | string> {
  let reason = "no node reaches it";
  for (const node of nodes) {
    try {
      return await client.backups.archives(node, storage, vmid);
    } catch (error) {
      if (!couldNotBeAsked(error)) throw error;
      reason = `${node} could not list it: ${error.reason}`;
    }
  }
  return reason;
}

/** A node that answers, as far as the cluster knows. Without statistics Proxmox says `unknown`. */
export function isOnline({ status }: NodeEntry): boolean {
  return status !== "offline";
}

/** Whether a member of the cluster does not answer. One that is no member is not offline. */
export function isOffline(nodes: readonly NodeEntry[], name: string | undefined): boolean {
  return nodes.some((entry) => entry.node === name && !isOnline(entry));
}

interface NodeStorage {
  readonly node: string;
  readonly entry: StorageEntry;
}

/** None for a node that the cluster takes for online, and that does not answer the one that is asked (595). */
async function storagesOf(
  client: ProxmoxClient,
  node: string,
  nodes: readonly NodeEntry[],
): Promise<readonly NodeStorage[]> {
  try {
    return (await client.backups.storages(node)).map((entry) => ({ node, entry }));
  } catch (error) {
    if (nodes.length > 1 && error instanceof ProxmoxError && error.status === 595) return [];
    throw error;
  }
}

/** Each storage with backups once: a shared one for all nodes, any other for each node. */
function placesOf(storages: readonly NodeStorage[], nodes: readonly NodeEntry[], declared: string): Place[] {
  const withBackups = storages.filter(({ entry }) => contentOf(entry).includes("backup"));
  const shared = new Map<string, Place>();
  const own: Place[] = [];
  for (const { node, entry } of withBackups) {
    const reason = whyNot(entry);
    const { storage } = entry;
    if (entry.shared !== true) {
      const label = nodes.length > 1 ? `${storage} (${node})` : storage;
      own.push({ storage, label, nodes: [node], ...(reason === undefined ? {} : { reason }) });
    } else if (reason === undefined) {
      shared.set(storage, { storage, label: storage, nodes: [...reachedBy(shared.get(storage)), node] });
    } else if (!shared.has(storage)) {
      shared.set(storage, { storage, label: storage, nodes: [node], reason });
    }
  }
  const places = [...own, ...shared.values()];
  if (places.some(({ storage }) => storage === declared)) return places;
  const reason = "the node has no such storage with backups, or the token may not see it";
  return [...places, { storage: declared, label: declared, nodes: [], reason }];
}

function reachedBy(place: Place | undefined): readonly string[] {
  return place === undefined || place.reason !== undefined ? [] : place.nodes;
}

/** Storages of a node as targets of a restore. */
export async function targetStorages(client: ProxmoxClient, node: string): Promise<TargetStorage[]> {
  return (await client.backups.storages(node)).map((storage) => ({
    id: storage.storage,
    active: storage.active !== false && storage.enabled !== false,
    content: contentOf(storage),
    type: storage.type,
    shared: storage.shared === true,
    available: storage.avail,
  }));
}

function describeArchive(archive: Archive, { storage, nodes }: Place): FoundArchive[] {
  if (archive.subtype === undefined) return [];
  const { state, time } = verificationOf(archive);
  return [
    {
      volid: archive.volid,
      vmid: archive.vmid,
      storage,
      nodes,
      type: archive.subtype,
      size: archive.size,
      time: archive.ctime,
      verification: state,
      verifiedAt: time,
      encrypted: archive.encrypted,
      notes: plainText(archive.notes ?? ""),
      protected: archive.protected,
    },
  ];
}

function contentOf({ content }: StorageEntry): string[] {
  return (content ?? "").split(",").map((part) => part.trim());
}

async function missingRights(
  client: ProxmoxClient,
  storages: readonly string[],
  vmid: number | undefined,
): Promise<MissingPrivilege[]> {
  const missing = await Promise.all(storages.map((storage) => missingToListArchives(client, storage, vmid)));
  const byText = new Map(missing.flat().map((entry) => [`${entry.privilege} ${entry.path}`, entry]));
  return [...byText.values()];
}

function whyNot(storage: StorageEntry): string | undefined {
  if (storage.enabled === false) return "it is disabled";
  // Why a backup server cannot be used (it does not answer, its certificate is another, …) the attempt to list it says.
  if (storage.type === "pbs") return undefined;
  return storage.active === false ? "it is not active" : undefined;
}

/** Who may not see the archives of every guest may see those of some. */
function whyBlind(blind: ReadonlySet<string>, storage: string, vmid: number | undefined): string | undefined {
  const needed = [`/storage/${storage}`, ...(vmid === undefined ? [] : [`/vms/${vmid}`])];
  const paths = needed.filter((path) => blind.has(path));
  return paths.length === 0 ? undefined : `the token may not see archives (${paths.join(", ")})`;
}
