import type { ProxmoxClient } from "../../../../proxmox/api/client";
import type { NodeTime } from "../../../../proxmox/api/answers";
import { plainText } from "../../../../proxmox/api/plain-text";
import { unlessUnasked } from "../../../../proxmox/api/unless-hidden";
import { unless } from "./inspect-present";
import { missingPrivileges } from "../../../../proxmox/api/permissions";

/** Without `Sys.Audit` on the node its clock cannot be read; this machine's then stands in. */
export async function nodeClock(client: ProxmoxClient, node: string): Promise<NodeTime> {
  const here = { time: Date.now() / 1000, timezone: Intl.DateTimeFormat().resolvedOptions().timeZone };
  return (await unless(["forbidden"], client.cluster.nodeTime(node))) ?? here;
}

/** Whether the token may set a retention for one run on a storage: then a save point prunes nothing. */
export async function mayAllocate(client: ProxmoxClient, storage: string): Promise<boolean> {
  const needed = [{ privilege: "Datastore.Allocate", path: `/storage/${storage}` }];
  return (await missingPrivileges(client, needed)).length === 0;
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
  const defaults = await unlessUnasked(client.backups.nodeDefaults(node, storage));
  return defaults && (defaults["exclude-path"] ?? []).map(plainText);
}
