import type { ReplicationJob, StorageEntry } from "../../../proxmox/api/answers";
import type { GuestAddress } from "../../../proxmox/api/calls/guests";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { plainText } from "../../../proxmox/api/plain-text";
import { mayHaveDisks } from "../../../proxmox/rules/storage-content";
import { lastingKeys } from "../steps/guest/inspect-present";
import { firewallLines } from "../steps/guest/firewall-lines";
import { type Known, known } from "../steps/guest/known";
import { requireRights, rightsFor } from "../steps/guest/rights";

/** What belongs to a present guest beside its configuration, and what no backup of it holds. */
export interface Surroundings {
  /** Its configuration without changes that wait for the next start: what a backup holds and a restore replaces. */
  readonly current: Readonly<Record<string, string>>;
  /** Its firewall, one line for each option, rule, alias and address. Undefined: it could not be read. */
  readonly firewall: readonly string[] | undefined;
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
    firewall: firewall.value,
    replication: (replication.value ?? []).filter((job) => job.guest === guest.vmid),
    clones: clones.value ?? [],
    unread: [firewall, replication, resources, clones].flatMap(({ unread }) => unread ?? []),
  };
}

const none: Known<readonly string[]> = {};

/** A linked clone's volume is named behind its base: `basevol-101-disk-0/subvol-102-disk-0`, or has it as its parent. */
async function clonesOf(client: ProxmoxClient, { node, vmid }: GuestAddress): Promise<string[]> {
  const storages = (await client.backups.storages(node)).filter(({ enabled }) => enabled !== false);
  await requireRights(client, rightsFor(["Datastore.Audit"], { guests: [], storages: storages.flatMap(withDisks) }));
  const lists = await Promise.all(storages.map(({ storage }) => client.backups.disks(node, storage)));
  const base = new RegExp(`(?:^|[:/])base(?:vol)?-${String(vmid)}-`, "u");
  const clones = lists.flat().filter((volume) => {
    const isOthers = volume.vmid !== undefined && volume.vmid !== vmid;
    return isOthers && (base.test(volume.volid) || base.test(volume.parent ?? ""));
  });
  return [...new Set(clones.map(({ volid }) => plainText(volid)))];
}

/** The storage, where disks may lie on it. */
function withDisks(entry: StorageEntry): string[] {
  return mayHaveDisks(entry) ? [entry.storage] : [];
}
