import type { ProxmoxClient } from "../../../../proxmox/api/client";
import type { NodeMoment } from "../../../../site/restore/doubt";

/** What time it is on a node. Asked where something is judged: archives are read for hours. */
export type MomentOn = (node: string) => Promise<NodeMoment>;

/** Clock and time zone of each node: those of a cluster may differ. */
export function momentsOf(client: ProxmoxClient): MomentOn {
  return async (node) => {
    const { time, timezone } = await client.cluster.nodeTime(node);
    return { now: time, timeZone: timezone };
  };
}
