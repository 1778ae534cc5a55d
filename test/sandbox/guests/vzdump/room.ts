import type { Node } from "../../model/site";
import type { StorageEntry } from "../../model/state";
import { capacityOf, storageUsage } from "../usage";

/** Whether a storage holds no more than it does: by a fault, or by its capacity. */
export async function isFull(node: Node, storage: StorageEntry): Promise<boolean> {
  const where = { node: node.name, storage: storage.storage };
  if (node.cluster.site.faults.hit("storage-full", where) !== undefined) return true;
  if (capacityOf(node, storage) === undefined) return false;
  const { used, total } = await storageUsage(node, storage);
  return used > total;
}
