import type { ProxmoxClient } from "../proxmox/api/client";
import { couldNotBeAsked, ProxmoxError } from "../proxmox/api/errors";
import { missingToListArchives } from "../proxmox/api/permissions";
import { parseGuestConfiguration } from "../proxmox/rules/guest-configuration";
import type { ArchivesUnderOthers, GuestFacts } from "../site/preflight/facts";
import { type GuestIdentity, identityOf } from "../site/restore/identity";
import { type NumberedArchive, underOtherNumbers } from "../site/restore/other-numbers";
import type { Environment } from "../site/settings/environment";
import { mapLimited } from "../site/map-limited";
import { archivePlaces } from "./archive-places";

interface Listed extends NumberedArchive {
  readonly type: "lxc" | "qemu";
  /** That can read it. */
  readonly node: string;
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
    await mapLimited(nodes, async (node) => [node, await listAll(client, node, environment.backup.storage)] as const),
  );
  const others = new Set([...environment.guests.map(({ id }) => id), ...taken]);
  // Every guest asks the same archives.
  const read = once((archive: Listed) => identityIn(client, archive));
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
    const underOthers = await underOthersOf(listed, { mark, id, others }, read);
    found.push({ ...facts, underOthers });
  }
  return found;
}

function isWanted({ archives }: GuestFacts): boolean {
  return archives?.kind === "known" && archives.count === 0;
}

type Read = (archive: Listed) => Promise<GuestIdentity | string>;

/** Reads each archive of a node once. */
function once(read: Read): Read {
  const known = new Map<string, ReturnType<Read>>();
  return (archive) => {
    const key = `${archive.node} ${archive.volid}`;
    const identity = known.get(key) ?? read(archive);
    known.set(key, identity);
    return identity;
  };
}

async function underOthersOf(
  listed: readonly Listed[] | string,
  wanted: Parameters<typeof underOtherNumbers>[1],
  read: Read,
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
async function listAll(
  client: ProxmoxClient,
  guestNode: string,
  storage: Environment["backup"]["storage"],
): Promise<readonly Listed[] | string> {
  try {
    const lacks = await missingToListArchives(client, storage.id, undefined);
    if (lacks.length > 0)
      return `the token lacks ${lacks.map(({ privilege, path }) => `${privilege} on ${path}`).join(" and ")}`;
    const { nodes } = await archivePlaces(client, guestNode, storage);
    const lists = await Promise.all(
      nodes.map(async (node) =>
        (await client.backups.archives(node, storage.id, undefined)).map((archive) => ({ node, ...archive })),
      ),
    );
    return lists
      .flat()
      .flatMap(({ node, volid, vmid, ctime, size, subtype }) =>
        subtype === undefined ? [] : [{ node, volid, vmid, time: ctime, size, type: subtype }],
      );
  } catch (error) {
    if (error instanceof ProxmoxError) return error.message;
    throw error;
  }
}

async function identityIn(client: ProxmoxClient, { node, volid, type }: Listed): Promise<GuestIdentity | string> {
  try {
    const { keys, description } = parseGuestConfiguration(await client.backups.extractConfiguration(node, volid), type);
    return identityOf(type, keys, description);
  } catch (error) {
    if (error instanceof ProxmoxError && (error.kind === "failed" || error.kind === "gone")) return error.reason;
    if (couldNotBeAsked(error)) return error.reason;
    throw error;
  }
}
