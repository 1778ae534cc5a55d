import type { BindMount, Mount } from "../../drivers/driver";
import type { Node } from "../../model/site";
import { activateVolume, machineVolume } from "../volumes";
import { mountsOf } from "./mount-points";

/** The volumes of a container at their places, root first. */
export async function volumeMounts(node: Node, keys: ReadonlyMap<string, string>): Promise<Mount[]> {
  const mounts: Mount[] = [];
  for (const mount of mountsOf(keys)) {
    if (mount.kind !== "volume" || mount.target === undefined) continue;
    const volume = await activateVolume(node, mount.volume);
    mounts.push({
      volume: machineVolume(node, volume),
      target: mount.target,
      readOnly: mount.properties.get("ro") === "1",
    });
  }
  return mounts;
}

/** The node's folders in a container, at their places. */
export function bindMounts(node: Node, keys: ReadonlyMap<string, string>): BindMount[] {
  return mountsOf(keys).flatMap((mount) => {
    if (mount.kind !== "bind" || mount.target === undefined) return [];
    const readOnly = mount.properties.get("ro") === "1";
    return [{ source: node.path(mount.volume), target: mount.target, readOnly }];
  });
}
