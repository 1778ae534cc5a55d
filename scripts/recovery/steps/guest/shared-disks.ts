import { nodeTools } from "../../../../proxmox/rules/node-tools";

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
