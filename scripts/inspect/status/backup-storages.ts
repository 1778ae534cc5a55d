import type { Archive, StorageEntry } from "../../../proxmox/api/answers";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { couldNotBeAsked } from "../../../proxmox/api/errors";
import { usedShare } from "../../../site/health";

/** A storage for backups and how full it is. */
export interface StorageStatus {
  storage: string;
  /** The node that was asked; a shared storage is asked about once. */
  node: string;
  shared: boolean;
  active: boolean;
  /** Bytes; undefined while it is not active. */
  used: number | undefined;
  total: number | undefined;
  /** 0 to 1. */
  usedShare: number | undefined;
}

/** A storage that shows no backup at all. */
export type BareStorage = Pick<StorageStatus, "storage" | "node" | "shared">;

/** An archive, and a node that reaches it. */
export type PlacedArchive = Archive & { readonly node: string };

/** What the storages for backups hold. */
export interface StorageFacts {
  storages: StorageStatus[];
  archives: PlacedArchive[];
  /** What could not be looked at, one sentence each. */
  unreadable: string[];
  /** Folders that show no backup at all, as one does whose disk is not mounted. */
  bare: BareStorage[];
}

/**
 * Every archive on every storage for backups of these nodes: one list of storages for each node, and one list of
 * archives for each storage, whatever the number of guests.
 *
 * @param declared the storage that the settings name for backups: where no node lists it, nobody knows what lies there
 */
export async function readStorages(
  client: ProxmoxClient,
  nodes: readonly string[],
  declared: string,
): Promise<StorageFacts> {
  const answered = await Promise.all(nodes.map((node) => storagesOf(client, node)));
  const listed = [...answered, ...unlisted(answered, nodes, declared)];
  const found = firstOfShared(listed.flatMap(({ entries }) => entries));
  const answers = await Promise.all(found.map((entry) => archivesOn(client, entry)));
  const archives = new Map<string, PlacedArchive>();
  for (const { entry, archives: some } of answers) {
    const place = entry.shared === true ? "" : entry.node;
    for (const archive of some) archives.set(`${archive.volid}@${place}`, { ...archive, node: entry.node });
  }
  return {
    storages: found.map(describe),
    archives: [...archives.values()],
    unreadable: [...listed, ...answers].flatMap(({ unreadable }) => unreadable),
    bare: answers.flatMap(({ entry, archives: some, unreadable }) =>
      entry.type === "dir" && some.length + unreadable.length === 0 ? [describe(entry)] : [],
    ),
  };
}

/**
 * Without a folder of which somebody has told Proxmox what is mounted there: if its disk is not mounted, it is not active, and
 * what is listed is what there is. Not everybody may ask, and then an empty folder proves nothing.
 */
export async function withoutDecided(client: ProxmoxClient, facts: StorageFacts, id: string): Promise<StorageFacts> {
  if (!facts.bare.some(({ storage }) => storage === id)) return facts;
  try {
    const { is_mountpoint: decided } = await client.backups.storageDefinition(id);
    return decided === undefined ? facts : { ...facts, bare: facts.bare.filter(({ storage }) => storage !== id) };
  } catch (error) {
    if (couldNotBeAsked(error)) return facts;
    throw error;
  }
}

/** What is to be said of such a storage, once for all guests. */
export function bareText({ storage, node }: BareStorage): string {
  return `${storage} on ${node} shows no backup at all: none was made yet, or its disk is not mounted; lifeboat doctor says how to tell these apart`;
}

/** A storage that was removed in Proxmox, or that the token may not see, holds its archives all the same. */
function unlisted(answered: readonly StoragesOfNode[], nodes: readonly string[], declared: string): StoragesOfNode[] {
  const isKnown = answered.some(
    ({ entries, unreadable }) => unreadable.length > 0 || entries.some(({ storage }) => storage === declared),
  );
  const text = `${nodes.join(", ")} lists no storage ${declared} with backups: there is none, or the token may not see it`;
  return isKnown ? [] : [{ entries: [], unreadable: [text] }];
}

interface StoragesOfNode {
  readonly entries: StorageOnNode[];
  readonly unreadable: string[];
}

type StorageOnNode = StorageEntry & { readonly node: string };

async function storagesOf(client: ProxmoxClient, node: string): Promise<StoragesOfNode> {
  try {
    const entries = (await client.backups.storages(node)).filter(({ content }) =>
      content?.split(",").includes("backup"),
    );
    return { entries: entries.map((entry) => ({ ...entry, node })), unreadable: [] };
  } catch (error) {
    return { entries: [], unreadable: [unreadableText(error, `the storages of ${node} cannot be listed`)] };
  }
}

/** A storage that all nodes see as one is looked at on the first of them that has it active. */
function firstOfShared(entries: readonly StorageOnNode[]): StorageOnNode[] {
  const best = new Map<string, StorageOnNode>();
  for (const entry of entries) {
    const key = entry.shared === true ? entry.storage : `${entry.storage}@${entry.node}`;
    const known = best.get(key);
    if (known === undefined || (!isUsable(known) && isUsable(entry))) best.set(key, entry);
  }
  return [...best.values()];
}

function isUsable({ active, enabled }: StorageEntry): boolean {
  return active !== false && enabled !== false;
}

async function archivesOn(
  client: ProxmoxClient,
  entry: StorageOnNode,
): Promise<{ entry: StorageOnNode; archives: Archive[]; unreadable: string[] }> {
  const { node, storage } = entry;
  // Why a backup server cannot be used the attempt to list it says.
  const isAsked = isUsable(entry) || (entry.type === "pbs" && entry.enabled !== false);
  if (!isAsked) return { entry, archives: [], unreadable: [`storage ${storage} on ${node} is not active`] };
  try {
    return { entry, archives: await client.backups.archives(node, storage), unreadable: [] };
  } catch (error) {
    return { entry, archives: [], unreadable: [unreadableText(error, `storage ${storage} on ${node} cannot be read`)] };
  }
}

/** The rest of the site can still be looked at; that the endpoint itself does not answer is told elsewhere. */
function unreadableText(error: unknown, what: string): string {
  if (couldNotBeAsked(error)) {
    return `${what}: ${error.reason}`;
  }
  throw error;
}

function describe(entry: StorageOnNode): StorageStatus {
  const { storage, node, shared, used, total } = entry;
  const active = isUsable(entry);
  const usage = active ? { used, total } : { used: undefined, total: undefined };
  return { storage, node, shared: shared === true, active, ...usage, usedShare: usedShare(usage) };
}
