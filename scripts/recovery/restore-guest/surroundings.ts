import type { ReplicationJob } from "../../../proxmox/api/answers";
import type { GuestAddress } from "../../../proxmox/api/calls/guests";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { ProxmoxError } from "../../../proxmox/api/errors";
import { plainText } from "../../../proxmox/api/plain-text";
import { lastingKeys } from "../steps/guest/inspect-present";
import { firewallLines } from "../steps/guest/firewall-lines";

/** What belongs to a present guest beside its configuration, and what no backup of it holds. */
export interface Surroundings {
  /** Its configuration without changes that wait for the next start: what a backup holds and a restore replaces. */
  readonly current: Readonly<Record<string, string>>;
  /** Its firewall, one line for each option, rule, alias and address. */
  readonly firewall: readonly string[];
  readonly replication: readonly ReplicationJob[];
  /** Volumes of other guests that build upon this one's. */
  readonly clones: readonly string[];
  /** What could not be read, as sentences without a full stop: it is not known, which is not the same as none. */
  readonly unread: readonly string[];
}

/** Reads them all. What the token may not read, or the node cannot tell, is named. */
export async function surroundingsOf(client: ProxmoxClient, guest: GuestAddress): Promise<Surroundings> {
  const current = lastingKeys(await client.guests.currentConfig(guest));
  const [firewall, replication, resources, clones] = await Promise.all([
    known("its firewall rules", firewallLines(client, guest)),
    known("whether it is replicated", client.cluster.replicationJobs()),
    known("whether high availability manages it", client.cluster.haResources()),
    current["template"] === "1" ? known("whether linked clones build upon it", clonesOf(client, guest)) : none,
  ]);
  return {
    current,
    firewall: firewall.value ?? [],
    replication: (replication.value ?? []).filter((job) => job.guest === guest.vmid),
    clones: clones.value ?? [],
    unread: [firewall, replication, resources, clones].flatMap(({ unread }) => unread ?? []),
  };
}

/**
 * Patterns of files that the node's own `/etc/vzdump.conf` leaves out of every backup of a container: a request cannot
 * bring them back. Undefined: they cannot be read.
 */
export async function excludedPathsOf(
  client: ProxmoxClient,
  node: string,
  storage: string,
): Promise<readonly string[] | undefined> {
  const { value } = await known("", client.backups.nodeDefaults(node, storage));
  return value && (value["exclude-path"] ?? []).map(plainText);
}

interface Known<Value> {
  readonly value?: Value;
  readonly unread?: string;
}

const none: Known<readonly string[]> = {};

async function known<Value>(what: string, answer: Promise<Value>): Promise<Known<Value>> {
  try {
    return { value: await answer };
  } catch (error) {
    if (!(error instanceof ProxmoxError) || !["forbidden", "failed", "gone", "lost"].includes(error.kind)) throw error;
    return { unread: `${what} could not be read: ${error.reason}` };
  }
}

/** A linked clone's volume is named behind its base: `basevol-101-disk-0/subvol-102-disk-0`, or has it as its parent. */
async function clonesOf(client: ProxmoxClient, { node, vmid }: GuestAddress): Promise<string[]> {
  const storages = (await client.backups.storages(node)).filter(({ enabled }) => enabled !== false);
  const lists = await Promise.all(storages.map(({ storage }) => client.backups.disks(node, storage)));
  const base = new RegExp(`(?:^|[:/])base(?:vol)?-${String(vmid)}-`, "u");
  const clones = lists.flat().filter((volume) => {
    const isOthers = volume.vmid !== undefined && volume.vmid !== vmid;
    return isOthers && (base.test(volume.volid) || base.test(volume.parent ?? ""));
  });
  return [...new Set(clones.map(({ volid }) => plainText(volid)))];
}
