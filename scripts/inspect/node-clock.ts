import type { NodeTime } from "../../proxmox/api/answers";
import type { ProxmoxClient } from "../../proxmox/api/client";

/** What a node's clock shows. */
export interface NodeClock extends NodeTime {
  /** Seconds that it is ahead of this machine's. */
  readonly difference: number;
}

/** The node's answer has whole seconds, and the middle of the request is the best guess at when it was given. */
export async function readClock(client: ProxmoxClient, node: string): Promise<NodeClock> {
  const before = Date.now();
  const answer = await client.cluster.nodeTime(node);
  return { ...answer, difference: answer.time + 0.5 - (before + Date.now()) / 2_000 };
}
