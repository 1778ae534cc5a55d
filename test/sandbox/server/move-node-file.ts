import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { moveConfiguration, takeConfigurationAway } from "../guests/move-configuration";
import { hasQuorum } from "../guests/resources";
import type { Node, Site } from "../model/site";
import type { GuestType } from "../model/state";

/** A guest's configuration below /etc/pve. */
interface Place {
  readonly node: Node;
  readonly type: GuestType;
  readonly vmid: number;
}

/**
 * `mv FROM TO` as root on a node. Everything below /etc/pve is the cluster's, whichever node is asked.
 *
 * @throws Error with the words of `mv`
 */
export async function moveNodeFile(
  site: Site,
  { node: name, from, to: given }: { readonly node: string; readonly from: string; readonly to: string },
): Promise<void> {
  const node = site.findNode(name);
  if (node === undefined) throw new Error(`there is no node '${name}'`);
  const to = given.endsWith("/") ? join(given, basename(from)) : given;
  const [source, target] = [placeOf(node, from), placeOf(node, to)];
  if (source === undefined && target === undefined) throw new Error("only configurations of guests are moved");
  const refused = (why: string): Error => new Error(`mv: cannot move '${from}' to '${to}': ${why}`);
  if (!hasQuorum(node.cluster)) throw refused("Permission denied");
  const file = node.path(to);
  if (source === undefined) return putBack(node, from, target);
  const guest = node.cluster.guest(source.vmid);
  if (guest?.node !== source.node.name || guest.type !== source.type) throw refused("No such file or directory");
  if (target !== undefined) return moveConfiguration(node.cluster, guest, target.node);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, guest.configuration);
  return takeConfigurationAway(node.cluster, guest);
}

/** A number is a guest's only once in a cluster: pmxcfs has no second file of it. */
function putBack(on: Node, from: string, target: Place | undefined): void {
  const { cluster } = on;
  const file = on.path(from);
  if (target === undefined || !existsSync(file))
    throw new Error(`mv: cannot stat '${from}': No such file or directory`);
  if (cluster.guest(target.vmid) !== undefined) throw new Error(`mv: cannot move '${from}': File exists`);
  const { node, type, vmid } = target;
  cluster.state.guests.push({
    vmid,
    type,
    node: node.name,
    configuration: readFileSync(file, "utf8"),
    status: "stopped",
  });
  rmSync(file);
  cluster.save();
}

function placeOf({ cluster }: Node, path: string): Place | undefined {
  const [, name, folder, id] = /^\/etc\/pve\/nodes\/([^/]+)\/(lxc|qemu-server)\/(\d+)\.conf$/u.exec(path) ?? [];
  const node = cluster.node(name ?? "");
  return node && { node, type: folder === "lxc" ? "lxc" : "qemu", vmid: Number(id) };
}
