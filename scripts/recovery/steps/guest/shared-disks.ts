import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { nodeTools } from "../../../../proxmox/rules/node-tools";
import { plainText } from "../../../../proxmox/api/plain-text";
import { unlessUnasked } from "../../../../proxmox/api/unless-hidden";

/**
 * Disks with a guest's number on storages that all nodes share, as a node sees them: they outlive the guest's own node. Empty
 * also where they cannot be listed.
 */
export async function sharedDisksOf(client: ProxmoxClient, node: string, vmid: number): Promise<string[]> {
  const storages = (await unlessUnasked(client.backups.storages(node))) ?? [];
  const shared = storages.filter(
    ({ shared: isShared, active, enabled }) => isShared === true && active !== false && enabled !== false,
  );
  const lists = await Promise.all(
    shared.map(({ storage }) => unlessUnasked(client.backups.volumesOf(node, storage, vmid))),
  );
  const disks = lists
    .flatMap((volumes) => volumes ?? [])
    .filter(({ content }) => content === "rootdir" || content === "images");
  return disks.map(({ volid }) => plainText(volid));
}

/**
 * How a guest of a dead node goes on elsewhere with its disks, where those are on shared storage: a restore, or moving its
 * configuration out of the way for one, would leave the newest data behind.
 *
 * @param from its node, which is offline.
 * @param to a node that is not.
 */
export function keepDisksAdvice(
  disks: readonly string[],
  { vmid, type }: { readonly vmid: number; readonly type: "lxc" | "qemu" },
  from: string,
  to: string,
): string | undefined {
  if (disks.length === 0) return undefined;
  const { program, folder } = nodeTools(type);
  const move = `mv /etc/pve/nodes/${from}/${folder}/${vmid}.conf /etc/pve/nodes/${to}/${folder}/`;
  return `its disks are still there (${disks.join(", ")}): when ${from} is certainly off, and has no further disk of it, ${to} can take the guest over with them: ${move} on ${to}, then ${program} start ${vmid}`;
}
