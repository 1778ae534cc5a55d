import type { NodeEntry } from "../../../../proxmox/api/answers";
import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { ProxmoxError } from "../../../../proxmox/api/errors";
import { CommandError } from "../../../terminal/command-error";
import { exitCodes } from "../../../terminal/exit-codes";
import { isOnline } from "./search-archives";

/**
 * Refuses a cluster of which no more than half of the nodes are up: Proxmox writes no configuration and starts no guest there,
 * and a restore would end half-way. Whoever may not ask goes on: Proxmox itself refuses then.
 *
 * @throws CommandError (14)
 */
export async function requireQuorum(client: ProxmoxClient, nodes: readonly NodeEntry[]): Promise<void> {
  if (nodes.every(isOnline)) return;
  const cluster = (await statusOf(client)).find(({ type }) => type === "cluster");
  if (cluster?.quorate !== false) return;
  const up = nodes.filter(isOnline).map(({ node }) => node);
  const down = nodes.filter((one) => !isOnline(one)).map(({ node }) => node);
  const count = `${String(up.length)} of ${String(nodes.length)} nodes`;
  throw new CommandError(
    `the cluster ${cluster.name} has no quorum: ${count} answer (${up.join(", ")}), and without more than half nothing is written or started`,
    {
      exitCode: exitCodes.unavailable,
      hint: `bring one of ${down.join(", ")} up (pvecm status); are they dead for good and switched off, so that none comes back with its guests: pvecm expected 1, as root on ${up[0] ?? "a node that is left"}`,
    },
  );
}

async function statusOf(client: ProxmoxClient): ReturnType<ProxmoxClient["cluster"]["clusterStatus"]> {
  try {
    return await client.cluster.clusterStatus();
  } catch (error) {
    if (error instanceof ProxmoxError && error.kind === "forbidden") return [];
    throw error;
  }
}
