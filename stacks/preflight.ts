import type { ProxmoxClient } from "../proxmox/api/client";
import { ProxmoxError } from "../proxmox/api/errors";
import { missingToListArchives } from "../proxmox/api/permissions";
import type { GuestAddress } from "../proxmox/api/calls/guests";
import type { Guest as ListedGuest } from "../proxmox/api/answers";
import { markTag, readMark } from "../site/mark";
import type { ArchivesOfId, GuestFacts, Occupant, SiteFacts, Stray } from "../site/preflight";
import type { Environment, OwnedGuest } from "../site/settings/environment";
import { mapLimited } from "./map-limited";

/** How many ids are tried to find one to offer. */
const idsToTry = 20;

/**
 * Asks Proxmox what `site/preflight` has to know, with GETs only.
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
  const guests = await withArchives(client, environment, occupants);
  return {
    guests,
    strays: await straysAmong(client, environment, listed),
    missingAdopted: await missingAdopted(client, environment),
    jobExists: await jobExists(client, environment),
  };
}

/** The same guests with the archives of those whose id is free. */
export async function withArchives(
  client: ProxmoxClient,
  environment: Environment,
  guests: readonly GuestFacts[],
): Promise<GuestFacts[]> {
  const storages = new Map<string, Promise<boolean>>();
  return mapLimited(guests, async (facts) => {
    const { guest, occupant } = facts;
    if (occupant.kind !== "nobody" || guest.fresh) return facts;
    const known = storages.get(guest.node) ?? hasStorage(client, guest.node, environment.backup.storage.id);
    storages.set(guest.node, known);
    return { ...facts, archives: await archivesOf(client, environment, guest, known) };
  });
}

/**
 * A guest's own node is asked first: the cluster's list is some seconds old. `nextid` knows of guests that the token may
 * not see.
 */
async function occupantOf(
  client: ProxmoxClient,
  { id, node, kind }: OwnedGuest,
  listed: readonly ListedGuest[],
): Promise<Occupant> {
  try {
    const other = listed.find((guest) => guest.vmid === id);
    const here = await guestOn(client, { node, type: typeOf(kind), vmid: id }, other);
    if (here !== undefined) return here;
    if (await client.cluster.isFree(id)) return { kind: "nobody" };
    if (other === undefined) return { kind: "unseen" };
    return (await guestOn(client, { node: other.node, type: other.type, vmid: id }, other)) ?? { kind: "unseen" };
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
): Promise<Stray[]> {
  const declared = new Set(guests.map(({ id }) => id));
  const tagged = listed.filter(({ vmid, tags = "" }) => !declared.has(vmid) && tags.split(/[;, ]/u).includes(markTag));
  const found = await mapLimited(tagged, async (guest): Promise<Stray[]> => {
    const occupant = await guestOn(client, guest, guest);
    const mark = occupant !== undefined && "description" in occupant ? readMark(occupant.description) : undefined;
    return mark?.environment === name ? [{ guest: mark.guest, id: guest.vmid, node: guest.node }] : [];
  });
  return found.flat();
}

async function hasStorage(client: ProxmoxClient, node: string, storage: string): Promise<boolean> {
  return (await client.backups.storages(node)).some((entry) => entry.storage === storage);
}

async function archivesOf(
  client: ProxmoxClient,
  { backup }: Environment,
  { id, node }: OwnedGuest,
  storageExists: Promise<boolean>,
): Promise<ArchivesOfId> {
  try {
    const missing = await missingToListArchives(client, backup.storage.id, id);
    if (missing.length > 0) {
      return { kind: "unseen", missing: missing.map(({ privilege, path }) => `${privilege} on ${path}`) };
    }
    if (!(await storageExists)) return { kind: "no-storage" };
    const archives = await client.backups.archives(node, backup.storage.id, id);
    return { kind: "known", count: archives.length, newest: newestOf(archives.map(({ ctime }) => ctime)) };
  } catch (error) {
    return { kind: "unknown", reason: reasonOf(error) };
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

/** Undefined without Sys.Audit. */
async function jobExists(client: ProxmoxClient, { backup }: Environment): Promise<boolean | undefined> {
  try {
    return (await client.backups.backupJobs()).some(({ id }) => id === backup.jobId);
  } catch (error) {
    if (error instanceof ProxmoxError && error.kind === "forbidden") return undefined;
    throw error;
  }
}

/** The lowest free id that no setting names, to be offered in place of one that is taken. */
export async function offerId(client: ProxmoxClient, { guests }: Environment): Promise<number | undefined> {
  const declared = new Set(guests.map(({ id }) => id));
  const lowest = await client.cluster.nextId();
  for (let id = lowest; id < lowest + idsToTry; id += 1) {
    if (!declared.has(id) && (await client.cluster.isFree(id))) return id;
  }
  return undefined;
}

function reasonOf(error: unknown): string {
  if (error instanceof ProxmoxError) return error.message;
  throw error;
}
