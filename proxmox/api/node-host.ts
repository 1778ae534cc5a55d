import type { ProxmoxClient } from "./client";
import { ProxmoxError } from "./errors";

/** The node that is asked has the endpoint's name; the others have the addresses by which the cluster knows them. */
export async function hostOf(client: ProxmoxClient, endpoint: string, node: string): Promise<string | undefined> {
  const { hostname } = new URL(endpoint);
  const host = hostname.replace(/^\[|\]$/gu, "");
  try {
    const entries = (await client.cluster.clusterStatus()).filter(({ type }) => type === "node");
    const entry = entries.find(({ name }) => name === node);
    return entry === undefined || entry.local === true || entries.length === 1 ? host : entry.ip;
  } catch (error) {
    if (error instanceof ProxmoxError && error.kind === "forbidden") return host;
    throw error;
  }
}
