import type { ProxmoxClient } from "../proxmox/api/client";
import { couldNotBeAsked, ProxmoxError } from "../proxmox/api/errors";
import { missingForArchivesOf, missingPrivileges } from "../proxmox/api/permissions";
import { actingPrivileges, neededPrivileges } from "../proxmox/rules/privileges";
import type { GuestAddress } from "../proxmox/api/calls/guests";
import type { Guest as ListedGuest } from "../proxmox/api/answers";
import { type Mark, markTag, readMark } from "../site/mark";
import { scopeOf } from "../site/needs";
import type { ArchivesOfId, GuestFacts, Occupant, Rights, SiteFacts, UnreadStray } from "../site/preflight/facts";
import type { Environment, OwnedGuest } from "../site/settings/environment";
import { mapLimited } from "../site/map-limited";
import { archivePlaces } from "./archive-places";
import { type ArchiveSearch, withOtherNumbers } from "./other-numbers";

/** How many ids are tried to find one to offer. */
const idsToTry = 20;

/**
 * Asks Proxmox what `site/preflight/` has to know, with GETs only.
 *
 * @throws ProxmoxError when the node cannot be reached, is not trusted, or does not accept the token.
 */
export async function gatherFacts(client: ProxmoxClient, environment: Environment): Promise<SiteFacts> {
  const listed = await client.cluster.guests();
  const owned = environment.guests.filter((guest) => guest.kind !== "adopted");
  const occupants = await mapLimited(owned, async (guest) => ({
    guest,
    occupant: await occupantOf(client, guest, listed),
  }));
  const guests = await withEveryArchive(client, environment, occupants, listed);
  return {
    guests,
    ...(await straysAmong(client, environment, listed)),
    missingAdopted: await missingAdopted(client, environment),
    ...(await jobFacts(client, environment)),
    storageExists: await storageExists(client, environment),
    missingPools: await missingPools(client, environment),
    rights: await rightsToDeploy(client, environment),
  };
}

/** What the program may have to change: guests that it owns, its storage, its job. */
async function rightsToDeploy(client: ProxmoxClient, environment: Environment): Promise<Rights> {
  const owned = environment.guests.filter((guest) => guest.kind !== "adopted");
  const acting = actingPrivileges("deploy");
  const needed = neededPrivileges(scopeOf({ ...environment, guests: owned })).filter(
    ({ privilege, features }) => features.includes("deploy") && acting.includes(privilege),
  );
  const missing = await missingPrivileges(client, needed);
  return { missing, onlyLooks: missing.length === needed.length };
}

/** Undefined for an adopted storage, which no update makes. */
async function storageExists(client: ProxmoxClient, { backup, proxmox }: Environment): Promise<boolean | undefined> {
  const { id, type } = backup.storage;
  if (type === "adopted") return undefined;
  return (await client.backups.storages(proxmox.node)).some(({ storage }) => storage === id);
}

/** Without Pool.Audit a pool is in no list, and a guest cannot be put into it either. */
async function missingPools(client: ProxmoxClient, environment: Environment): Promise<string[]> {
  const { pools } = scopeOf(environment);
  if (pools.length === 0) return [];
  const known = new Set((await client.cluster.pools()).map(({ poolid }) => poolid));
  return pools.filter((pool) => !known.has(pool));
}

/** The same guests with the archives of those whose id is free; of those without any, with what lies under other numbers. */
export async function withEveryArchive(
  client: ProxmoxClient,
  environment: Environment,
  guests: readonly GuestFacts[],
  listed: readonly ListedGuest[],
): Promise<GuestFacts[]> {
  const search: ArchiveSearch = { environment, placesOf: archivePlaces(client, environment.backup.storage) };
  const taken = listed.map(({ vmid }) => vmid);
  return withOtherNumbers(client, search, await withArchives(client, search, guests), taken);
}

async function withArchives(
  client: ProxmoxClient,
  search: ArchiveSearch,
  guests: readonly GuestFacts[],
): Promise<GuestFacts[]> {
  const wanted = guests.filter(({ guest, occupant }) => occupant.kind === "nobody" && !guest.fresh);
  const nodes = [...new Set(wanted.map(({ guest }) => guest.node))];
  const found = await mapLimited(nodes, async (node) => {
    const ids = wanted.filter(({ guest }) => guest.node === node).map(({ guest }) => guest.id);
    return archivesOn(client, search, node, ids);
  });
  const archives = new Map(found.flatMap((entries) => [...entries]));
  return guests.map((facts) => {
    const ofGuest = archives.get(facts.guest.id);
    return ofGuest === undefined ? facts : { ...facts, archives: ofGuest };
  });
}

/**
 * The cluster's list is some seconds old, and shows only what the token may see; `nextid` knows better. So a guest that is
 * listed is asked for on its own node first, and of an id that is not, whether it is free.
 */
async function occupantOf(
  client: ProxmoxClient,
  { id, node, kind }: OwnedGuest,
  listed: readonly ListedGuest[],
): Promise<Occupant> {
  try {
    const other = listed.find((guest) => guest.vmid === id);
    if (other === undefined && (await client.cluster.isFree(id))) return { kind: "nobody" };
    const here = await guestOn(client, { node, type: typeOf(kind), vmid: id }, other);
    if (here !== undefined) return here;
    if (other === undefined) return { kind: "unseen" };
    if (await client.cluster.isFree(id)) return { kind: "nobody" };
    const there = await guestOn(client, other, other);
    if (there !== undefined) return there;
    // It may be on its way: the list is asked once more.
    const now = (await client.cluster.guests()).find((guest) => guest.vmid === id);
    return (now && (await guestOn(client, now, now))) ?? { kind: "unseen" };
  } catch (error) {
    return { kind: "unknown", reason: reasonOf(error) };
  }
}

function typeOf(kind: OwnedGuest["kind"]): GuestAddress["type"] {
  return kind === "container" ? "lxc" : "qemu";
}

/** @param listed what the cluster's list says of it: the pool is nowhere else. */
async function guestOn(
  client: ProxmoxClient,
  address: GuestAddress,
  listed: ListedGuest | undefined,
): Promise<Occupant | undefined> {
  const { node, type, vmid } = address;
  try {
    const configuration = await client.guests.guestConfig(address);
    const { hostname, name, description = "" } = configuration;
    const live = { node, description, configuration, running: listed?.status === "running", pool: listed?.pool };
    return type === "lxc"
      ? { kind: "container", name: hostname ?? `CT${vmid}`, ...live }
      : { kind: "virtual-machine", name: name ?? `VM ${vmid}`, ...live };
  } catch (error) {
    // Without VM.Audit Proxmox answers 403 whether or not there is a guest.
    if (error instanceof ProxmoxError && (error.kind === "gone" || error.kind === "forbidden")) return undefined;
    throw error;
  }
}

/** Only guests with Lifeboat's tag are looked at: the mark itself is in each one's own configuration. */
async function straysAmong(
  client: ProxmoxClient,
  { name, guests }: Environment,
  listed: readonly ListedGuest[],
): Promise<Pick<SiteFacts, "strays" | "unreadStrays">> {
  const declared = new Set(guests.map(({ id }) => id));
  const tagged = listed.filter(({ vmid, tags = "" }) => !declared.has(vmid) && tags.split(/[;, ]/u).includes(markTag));
  const found = await mapLimited(tagged, (guest) => lookAt(client, guest));
  const unreadStrays = found.filter((one) => one !== undefined && "reason" in one);
  const marked = found.filter((one) => one !== undefined && "mark" in one);
  const strays = marked.flatMap(({ mark, id, node }) =>
    mark?.environment === name ? [{ guest: mark.guest, id, node }] : [],
  );
  return { strays, unreadStrays };
}

/** A guest that was looked at, with its mark. */
interface Seen {
  readonly id: number;
  readonly node: string;
  readonly mark: Mark | undefined;
}

/**
 * What a guest of the cluster's list says of itself. That list is some seconds old: who is gone from its node may have been
 * deleted since, or be on another. Only an id that is free says that there is no such guest (undefined).
 */
async function lookAt(client: ProxmoxClient, listed: ListedGuest): Promise<Seen | UnreadStray | undefined> {
  const { vmid: id, node } = listed;
  try {
    const seen = await markOn(client, listed);
    if (seen !== undefined) return seen;
    if (await client.cluster.isFree(id)) return undefined;
    const now = (await client.cluster.guests()).find(({ vmid }) => vmid === id);
    const again = now && (await markOn(client, now));
    return again ?? { id, node, reason: "it is not there any more, and its id is not free" };
  } catch (error) {
    if (!couldNotBeAsked(error)) throw error;
    return { id, node, reason: error.reason };
  }
}

/** Undefined: its node has no such guest. */
async function markOn(client: ProxmoxClient, guest: ListedGuest): Promise<Seen | undefined> {
  try {
    const { description } = await client.guests.guestConfig(guest);
    return { id: guest.vmid, node: guest.node, mark: readMark(description) };
  } catch (error) {
    if (error instanceof ProxmoxError && error.kind === "gone") return undefined;
    throw error;
  }
}

/** Archives of ids that no guest has, for guests of one node: listed once for all of them. */
async function archivesOn(
  client: ProxmoxClient,
  { environment, placesOf }: ArchiveSearch,
  node: string,
  ids: readonly number[],
): Promise<Map<number, ArchivesOfId>> {
  const storage = environment.backup.storage.id;
  try {
    const missing = await missingForArchivesOf(client, storage, ids, new Set());
    const { nodes, unasked } = await placesOf(node);
    // One guest's archives are less to send; a node looks through all of them in either case.
    const only = ids.length === 1 ? ids[0] : undefined;
    const lists = await Promise.all(nodes.map((place) => client.backups.archives(place, storage, only)));
    const listed = lists.flat();
    return new Map(
      ids.map((id): [number, ArchivesOfId] => {
        const lacks = missing.get(id) ?? [];
        if (lacks.length > 0) {
          return [id, { kind: "unseen", missing: lacks.map(({ privilege, path }) => `${privilege} on ${path}`) }];
        }
        const times = listed.filter(({ vmid }) => ids.length === 1 || vmid === id).map(({ ctime }) => ctime);
        if (times.length === 0 && unasked !== undefined) return [id, { kind: "unknown", reason: unasked }];
        if (nodes.length === 0) return [id, { kind: "no-storage" }];
        return [id, { kind: "known", count: times.length, newest: newestOf(times) }];
      }),
    );
  } catch (error) {
    const reason = reasonOf(error);
    return new Map(ids.map((id) => [id, { kind: "unknown", reason }]));
  }
}

function newestOf(times: readonly number[]): number | undefined {
  return times.length === 0 ? undefined : Math.max(...times);
}

async function missingAdopted(client: ProxmoxClient, { guests }: Environment): Promise<number[]> {
  const adopted = guests.filter((guest) => guest.kind === "adopted");
  const free = await mapLimited(adopted, async ({ id }) => ((await client.cluster.isFree(id)) ? [id] : []));
  return free.flat();
}

/** Without Sys.Audit nobody can say. */
async function jobFacts(
  client: ProxmoxClient,
  { backup }: Environment,
): Promise<Pick<SiteFacts, "jobExists" | "jobUnread" | "jobIsSwitched">> {
  try {
    const job = (await client.backups.backupJobs()).find(({ id }) => id === backup.jobId);
    return { jobExists: job !== undefined, jobIsSwitched: job?.all === true || job?.pool !== undefined };
  } catch (error) {
    if (error instanceof ProxmoxError && error.kind === "forbidden") return { jobUnread: error.reason };
    throw error;
  }
}

/**
 * The lowest free id that no setting names and that has no archives, to be offered in place of one that is taken: with
 * archives it would be refused in its turn. None is offered where archives cannot be seen.
 */
export async function idWithoutArchives(client: ProxmoxClient, environment: Environment): Promise<number | undefined> {
  const { guests, backup, proxmox } = environment;
  const declared = new Set(guests.map(({ id }) => id));
  const lowest = await client.cluster.nextId();
  const search: ArchiveSearch = { environment, placesOf: archivePlaces(client, backup.storage) };
  for (let id = lowest; id < lowest + idsToTry; id += 1) {
    if (declared.has(id) || !(await client.cluster.isFree(id))) continue;
    const archives = (await archivesOn(client, search, proxmox.node, [id])).get(id);
    if (archives?.kind === "no-storage" || (archives?.kind === "known" && archives.count === 0)) return id;
    // What cannot be seen of one cannot be seen of the next.
    if (archives?.kind !== "known") return undefined;
  }
  return undefined;
}

function reasonOf(error: unknown): string {
  if (error instanceof ProxmoxError) return error.message;
  throw error;
}
