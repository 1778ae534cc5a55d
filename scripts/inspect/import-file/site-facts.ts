import type { Guest as ListedGuest } from "../../../proxmox/api/answers";
import type { GuestAddress } from "../../../proxmox/api/calls/guests";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { ProxmoxError } from "../../../proxmox/api/errors";
import { typeOfGuest } from "../../../site/guest-types";
import type { GuestOnSite, IdOnSite, SiteContents } from "../../../site/import-file/plan";
import type { Environment, OwnedGuest } from "../../../site/settings/environment";

/**
 * What there is on the site of what an environment declares; asked with GETs only.
 *
 * @throws ProxmoxError when the node cannot be asked, or the token may not see jobs (`Sys.Audit`): what is not seen would
 *   be taken for lost.
 */
export async function readSite(client: ProxmoxClient, { backup, guests }: Environment): Promise<SiteContents> {
  const owned = guests.filter((guest) => guest.kind !== "adopted");
  const [listed, jobs, storage] = await Promise.all([
    client.cluster.guests(),
    client.backups.backupJobs(),
    storageOnSite(client, backup.storage.id),
  ]);
  const found = await Promise.all(
    owned.map(async (guest): Promise<[number, IdOnSite]> => [guest.id, await whoHas(client, guest, listed)]),
  );
  return { guests: new Map(found), storage, jobExists: jobs.some(({ id }) => id === backup.jobId) };
}

/** A storage that is deleted takes its permissions with it: without them its absence cannot be told from its being hidden. */
async function storageOnSite(client: ProxmoxClient, id: string): Promise<SiteContents["storage"]> {
  try {
    return (await unlessGone(client.backups.storageDefinition(id))) ?? "free";
  } catch (error) {
    if (error instanceof ProxmoxError && error.kind === "forbidden") return "unseen";
    throw error;
  }
}

/** The cluster's list is some seconds old and shows what the token may see: of an id that is not in it the node is asked. */
async function whoHas(client: ProxmoxClient, guest: OwnedGuest, listed: readonly ListedGuest[]): Promise<IdOnSite> {
  const entry = listed.find(({ vmid }) => vmid === guest.id);
  const found = entry === undefined ? undefined : await guestAt(client, entry);
  if (found !== undefined) return found;
  if (await client.cluster.isFree(guest.id)) return "free";
  const type = typeOfGuest(guest);
  const here = type === undefined ? undefined : await guestAt(client, { node: guest.node, type, vmid: guest.id });
  return here ?? "unseen";
}

async function guestAt(client: ProxmoxClient, address: GuestAddress): Promise<GuestOnSite | undefined> {
  const { node, type, vmid } = address;
  try {
    const configuration = await unlessGone(client.guests.guestConfig(address));
    if (configuration === undefined) return undefined;
    const name = configuration["hostname"] ?? configuration["name"] ?? String(vmid);
    return { node, type, name, configuration };
  } catch (error) {
    if (error instanceof ProxmoxError && error.kind === "forbidden") return undefined;
    throw error;
  }
}

async function unlessGone<Value>(answer: Promise<Value>): Promise<Value | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ProxmoxError && error.kind === "gone") return undefined;
    throw error;
  }
}
