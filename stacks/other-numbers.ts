import type { ProxmoxClient } from "../proxmox/api/client";
import { couldNotBeAsked, ProxmoxError } from "../proxmox/api/errors";
import { missingToListArchives } from "../proxmox/api/permissions";
import { parseGuestConfiguration } from "../proxmox/rules/guest-configuration";
import type { ArchivesUnderOthers, GuestFacts } from "../site/preflight/facts";
import { type GuestIdentity, identityOf } from "../site/restore/identity";
import { type NumberedArchive, underOtherNumbers } from "../site/restore/other-numbers";
import type { Environment } from "../site/settings/environment";
import { mapLimited } from "../site/map-limited";

interface Listed extends NumberedArchive {
  readonly type: "lxc" | "qemu";
}

/**
 * The same guests; of those that the backup storage has no archive of, those that bear their mark under another number: it was changed
 * in the settings.
 *
 * @param taken numbers that guests on the nodes have
 */
export async function withOtherNumbers(
  client: ProxmoxClient,
  environment: Environment,
  guests: readonly GuestFacts[],
  taken: readonly number[],
): Promise<GuestFacts[]> {
  const nodes = [...new Set(guests.filter(isWanted).map(({ guest }) => guest.node))];
  const lists = new Map(
    await mapLimited(
      nodes,
      async (node) => [node, await listAll(client, node, environment.backup.storage.id)] as const,
    ),
  );
  const others = new Set([...environment.guests.map(({ id }) => id), ...taken]);
  // Every guest asks the same archives.
  const read = once((node, archive: Listed) => identityIn(client, node, archive));
  const found: GuestFacts[] = [];
  // One after the other: what the first has read, the next one knows.
  for (const facts of guests) {
    const { name, id, node } = facts.guest;
    const listed = lists.get(node);
    if (!isWanted(facts) || listed === undefined) {
      found.push(facts);
      continue;
    }
    const mark = { environment: environment.name, guest: name };
    const underOthers = await underOthersOf(listed, { mark, id, others }, (archive) => read(node, archive));
    found.push({ ...facts, underOthers });
  }
  return found;
}

function isWanted({ archives }: GuestFacts): boolean {
  return archives?.kind === "known" && archives.count === 0;
}

type Read<Place extends unknown[]> = (...place: Place) => Promise<GuestIdentity | string>;

/** Reads each archive of a node once. */
function once(read: Read<[node: string, archive: Listed]>): Read<[node: string, archive: Listed]> {
  const known = new Map<string, ReturnType<typeof read>>();
  return (node, archive) => {
    const key = `${node} ${archive.volid}`;
    const identity = known.get(key) ?? read(node, archive);
    known.set(key, identity);
    return identity;
  };
}

async function underOthersOf(
  listed: readonly Listed[] | string,
  wanted: Parameters<typeof underOtherNumbers>[1],
  read: Read<[archive: Listed]>,
): Promise<ArchivesUnderOthers> {
  if (typeof listed === "string") return { kind: "unknown", reason: listed };
  const { found, unread } = await underOtherNumbers(listed, wanted, read);
  const [first] = found;
  if (first !== undefined) return { kind: "found", id: first.id, count: first.count, newest: first.newest.time };
  const [unknown] = unread;
  if (unknown === undefined) return { kind: "none" };
  return { kind: "unknown", reason: `${unknown.archive.volid} cannot be read: ${unknown.reason}` };
}

/** Archives of every guest on a storage, or why they cannot be listed. */
async function listAll(client: ProxmoxClient, node: string, storage: string): Promise<readonly Listed[] | string> {
  try {
    const lacks = await missingToListArchives(client, storage, undefined);
    if (lacks.length > 0)
      return `the token lacks ${lacks.map(({ privilege, path }) => `${privilege} on ${path}`).join(" and ")}`;
    const archives = await client.backups.archives(node, storage, undefined);
    return archives.flatMap(({ volid, vmid, ctime, size, subtype }) =>
      subtype === undefined ? [] : [{ volid, vmid, time: ctime, size, type: subtype }],
    );
  } catch (error) {
    if (error instanceof ProxmoxError) return error.message;
    throw error;
  }
}

async function identityIn(
  client: ProxmoxClient,
  node: string,
  { volid, type }: Listed,
): Promise<GuestIdentity | string> {
  try {
    const { keys, description } = parseGuestConfiguration(await client.backups.extractConfiguration(node, volid), type);
    return identityOf(type, keys, description);
  } catch (error) {
    if (error instanceof ProxmoxError && (error.kind === "failed" || error.kind === "gone")) return error.reason;
    if (couldNotBeAsked(error)) return error.reason;
    throw error;
  }
}
