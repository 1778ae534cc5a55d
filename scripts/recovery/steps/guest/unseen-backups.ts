import type { ProxmoxClient } from "../../../../proxmox/api/client";

/**
 * A storage whose disk is not mounted looks as one without backups does: what it held is not known.
 *
 * @returns why what a storage does not show may be there nevertheless, as a clause; undefined where it shows other backups
 */
export async function whyUnseen(client: ProxmoxClient, node: string, storage: string): Promise<string | undefined> {
  const shown = await client.backups.archives(node, storage);
  return shown.length > 0 ? undefined : `${storage} shows no backup at all, and its disk may not be mounted`;
}
