import type { ProxmoxClient } from "../proxmox/api/client";
import { configurationOrReason } from "../proxmox/api/archived-configuration";
import { ProxmoxError } from "../proxmox/api/errors";
import { missingToListArchives } from "../proxmox/api/permissions";
import type { ArchivesUnderOthers, GuestFacts } from "../site/preflight/facts";
import { type NumberedArchive, type ReadArchive, readOnce, underOtherNumbers } from "../site/restore/other-numbers";
import type { Environment } from "../site/settings/environment";
import { mapLimited } from "../site/map-limited";
import type { PlacesOf } from "./archive-places";

interface Listed extends NumberedArchive {
  /** That can read it. */
  readonly node: string;
}

/** For whom archives are looked for, and where. */
export interface ArchiveSearch {
  readonly environment: Environment;
  readonly placesOf: PlacesOf;
}

/**
 * The same guests; of those that the backup storage has no archive of, those that bear their mark under another number: it was changed
 * in the settings.
 *
 * @param taken numbers that guests on the nodes have
 */
export async function withOtherNumbers(
  client: ProxmoxClient,
  search: ArchiveSearch,
  guests: readonly GuestFacts[],
  taken: readonly number[],
): Promise<GuestFacts[]> {
  const { environment } = search;
  const nodes = [...new Set(guests.filter(isWanted).map(({ guest }) => guest.node))];
  const lists = new Map(
    await mapLimited(nodes, async (node) => {
      return [node, await listAll(client, search, node)] as const;
    }),
  );
  const others = new Set([...environment.guests.map(({ id }) => id), ...taken]);
  // Every guest asks the same archives.
  const read = readOnce((archive: Listed) => configurationOrReason(client, archive.node, archive));
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

async function underOthersOf(
  listed: readonly Listed[] | string,
  wanted: Parameters<typeof underOtherNumbers>[1],
  read: ReadArchive<Listed>,
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
  { environment, placesOf }: ArchiveSearch,
  guestNode: string,
): Promise<readonly Listed[] | string> {
  const storage = environment.backup.storage.id;
  try {
    const lacks = await missingToListArchives(client, storage, undefined);
    if (lacks.length > 0)
      return `the token lacks ${lacks.map(({ privilege, path }) => `${privilege} on ${path}`).join(" and ")}`;
    const { nodes } = await placesOf(guestNode);
    const lists = await Promise.all(
      nodes.map(async (node) =>
        (await client.backups.archives(node, storage, undefined)).map((archive) => ({ node, ...archive })),
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
