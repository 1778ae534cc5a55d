import type { ProxmoxClient } from "../../../proxmox/api/client";
import { couldNotBeAsked } from "../../../proxmox/api/errors";
import { nodesOf } from "../../../site/needs";
import type { Environment } from "../../../site/settings/environment";
import { type Check, skipped, warning } from "./check";

/**
 * A folder whose disk is not mounted looks like a storage without archives, and backups then fill the node's own disk,
 * unless Proxmox is told that a file system must be mounted there. The provider has no argument for that. Says nothing where
 * somebody has decided it, even with `no`.
 */
export async function inspectMounts(client: ProxmoxClient, settings: Environment): Promise<Check[]> {
  const { id } = settings.backup.storage;
  const listed = await Promise.all(nodesOf(settings).map((node) => client.backups.storages(node)));
  if (!listed.flat().some(({ storage, type }) => storage === id && type === "dir")) return [];
  try {
    const { is_mountpoint: decided, path = "its folder" } = await client.backups.storageDefinition(id);
    if (decided !== undefined) return [];
    return [
      warning(
        "storages",
        `${id}: when the disk at ${path} is not mounted, the storage looks empty, and backups go onto the node's own disk`,
        `if a disk is mounted there: pvesm set ${id} --is_mountpoint yes (the folder above it in place of yes, if it is mounted there; no, if it is part of the node's own disk)`,
      ),
    ];
  } catch (error) {
    if (!couldNotBeAsked(error)) throw error;
    return [skipped("storages", `whether ${id} is to be a mount point is not known: ${error.reason}`)];
  }
}
