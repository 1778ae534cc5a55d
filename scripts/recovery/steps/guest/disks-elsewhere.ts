import type { NodeEntry, StorageEntry } from "../../../../proxmox/api/answers";
import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { couldNotBeAsked } from "../../../../proxmox/api/errors";
import { showsVolumes } from "../../../../proxmox/api/permissions";
import { plainText } from "../../../../proxmox/api/plain-text";
import { unlessUnasked } from "../../../../proxmox/api/unless-hidden";
import { isDisk, mayHaveDisks } from "../../../../proxmox/rules/storage-content";
import { CommandError } from "../../../terminal/command-error";
import { exitCodes } from "../../../terminal/exit-codes";
import { isOnline } from "./search-archives";

/** Disks with a guest's number, and where they could not be looked for. */
export interface FoundDisks {
  readonly disks: readonly string[];
  /** `storage nfs: it is not active`: there may be some. */
  readonly unseen: readonly string[];
  /** Those of them that gave no answer, although they may be asked. */
  readonly unasked: readonly string[];
}

/** Disks on storages that all nodes share, as one of them sees them: they outlive the guest's own node. */
export async function disksOnShared(client: ProxmoxClient, node: string, vmid: number): Promise<FoundDisks> {
  const storages = await client.backups.storages(node);
  return disksOn(
    client,
    node,
    vmid,
    storages.filter(({ shared }) => shared === true),
  );
}

/** A node with disks of a guest that is not on it, or on which they cannot be looked for. */
interface OldDisks extends FoundDisks {
  readonly node: string;
  /** Seconds since it was started; undefined: it does not say. */
  readonly uptime: number | undefined;
}

/**
 * Disks with a guest's number on other nodes' own storages. A node that was dead comes back with them, and one that was only cut
 * off may run the guest still. Copies that replication makes are none of them.
 *
 * @param home not looked at
 */
async function disksElsewhere(
  client: ProxmoxClient,
  vmid: number,
  home: string | undefined,
  nodes: readonly NodeEntry[],
): Promise<OldDisks[]> {
  const others = nodes.filter((one) => isOnline(one) && one.node !== home);
  if (others.length === 0) return [];
  const jobs = (await unlessUnasked(client.cluster.replicationJobs())) ?? [];
  const targets = jobs.filter(({ guest }) => guest === vmid).map(({ target }) => target);
  const found = await Promise.all(
    others
      .filter(({ node }) => !targets.includes(node))
      .map(async ({ node, uptime }) => {
        const storages = await unlessUnasked(client.backups.storages(node));
        if (storages === undefined)
          return { node, uptime, disks: [], unseen: [], unasked: ["the node does not say which storages it has"] };
        const own = storages.filter(({ shared, active }) => shared !== true && active !== false);
        return { node, uptime, ...(await disksOn(client, node, vmid, own)) };
      }),
  );
  return found.filter(({ disks, unasked }) => disks.length > 0 || unasked.length > 0);
}

/**
 * A guest that the cluster does not know any more, and whose disks another node has: that node was away when its configuration was
 * taken from it. Restored, it would perhaps run twice, and what is on those disks is newer than any backup. A node without others
 * cannot have been away like that.
 *
 * @param home the node whose disks are known to be of no worth, as a restore there has failed
 * @throws CommandError (13)
 */
export async function refuseReturned(
  client: ProxmoxClient,
  guest: { readonly id: number; readonly name: string },
  home: string | undefined,
  nodes: readonly NodeEntry[],
): Promise<void> {
  if (nodes.length < 2) return;
  const found = await disksElsewhere(client, guest.id, home, nodes);
  const first = found.find(({ disks }) => disks.length > 0);
  const [unseen] = found;
  const id = String(guest.id);
  if (first === undefined && unseen !== undefined) {
    throw new CommandError(
      `whether ${unseen.node}, which is there, has disks of ${guest.name} (${id}) cannot be seen: ${unseen.unasked.join("; ")}. They may be newer than any backup, and ${guest.name} may run there still if ${unseen.node} was only cut off`,
      {
        exitCode: exitCodes.refused,
        hint: "make them visible, then the same command; or look into the backup beside: --target-id next",
      },
    );
  }
  if (first === undefined) return;
  const { node, disks } = first;
  throw new CommandError(
    `${node} is there, and has disks of ${guest.name} (${id}): ${disks.join(", ")}. They may be newer than any backup, and ${guest.name} may run there still if ${node} was only cut off: restored, it would be started twice`,
    {
      exitCode: exitCodes.refused,
      hint: `decide which one lives on (docs/runbooks/node-lost.md): the one on ${node}: put its configuration back there, as root: mv /root/${id}.conf /etc/pve/nodes/${node}/lxc/ (a virtual machine's: qemu-server/); or the backup: restart ${node}, so that nothing of it runs there, then as root on it: ${disks.map((disk) => `pvesm free ${disk}`).join("; ")}; or look into the backup beside: --target-id next`,
    },
  );
}

/**
 * A node that has come back while its guest was being restored elsewhere: one that was only cut off runs the guest still. One that
 * was started since then runs nothing of it, as Proxmox has the guest elsewhere.
 *
 * @param since when the restore began, ISO 8601: what was there before that was looked at by {@link refuseReturned}
 * @throws CommandError (13)
 */
export async function refuseToRunTwice(
  client: ProxmoxClient,
  { guest, target }: { readonly guest: string; readonly target: { readonly node: string; readonly vmid: number } },
  since: string,
): Promise<void> {
  const nodes = await client.cluster.nodes();
  const age = (Date.now() - Date.parse(since)) / 1_000;
  const found = await disksElsewhere(client, target.vmid, target.node, nodes);
  const back = found.find(({ uptime }) => uptime === undefined || uptime > age);
  if (back === undefined) return;
  const { node, disks, unasked } = back;
  const what =
    disks.length > 0
      ? `has disks of ${guest} (${String(target.vmid)}): ${disks.join(", ")}`
      : `whether it has disks of ${guest} (${String(target.vmid)}) cannot be seen: ${unasked.join("; ")}`;
  throw new CommandError(
    `${node} has come back meanwhile, and ${what}. If it was only cut off it runs ${guest} still, so ${guest} is restored on ${target.node} and not started; restart ${node}, then resume this (docs/runbooks/node-lost.md)`,
    {
      exitCode: exitCodes.refused,
      hint: `restart ${node}, so that nothing of it runs there, then the same command`,
    },
  );
}

async function disksOn(
  client: ProxmoxClient,
  node: string,
  vmid: number,
  storages: readonly StorageEntry[],
): Promise<FoundDisks> {
  const withDisks = storages.filter((storage) => storage.enabled !== false && mayHaveDisks(storage));
  const looks = await Promise.all(withDisks.map((storage) => lookInto(client, node, vmid, storage)));
  return {
    disks: looks.flatMap(({ disks }) => disks),
    unseen: looks.flatMap(({ unseen }) => unseen),
    unasked: looks.flatMap(({ unasked }) => unasked),
  };
}

async function lookInto(
  client: ProxmoxClient,
  node: string,
  vmid: number,
  { storage, active }: StorageEntry,
): Promise<FoundDisks> {
  const unseen = (why: string): FoundDisks => ({ disks: [], unseen: [`storage ${storage}: ${why}`], unasked: [] });
  if (active === false) return unseen(`it is not active on ${node}`);
  try {
    const volumes = await client.backups.volumesOf(node, storage, vmid);
    const disks = volumes.filter(isDisk);
    if (disks.length === 0 && !(await showsVolumes(client, storage, vmid))) {
      return unseen(`the token may not see disks on it (Datastore.Audit on /storage/${storage})`);
    }
    return { disks: disks.map(({ volid }) => plainText(volid)), unseen: [], unasked: [] };
  } catch (error) {
    if (couldNotBeAsked(error)) {
      const found = unseen(error.reason);
      return { ...found, unasked: found.unseen };
    }
    throw error;
  }
}
