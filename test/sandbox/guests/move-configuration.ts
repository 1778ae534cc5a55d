/** What `mv` below /etc/pve/nodes does: the same guest on another node, or none any more. */
import type { Cluster, Node } from "../model/site";
import type { GuestState } from "../model/state";
import { loadGuest } from "./configuration";
import { killContainer } from "./containers/runtime";
import { killMachine } from "./machines/runtime";

/** The guest belongs to another node from now on. Its volumes stay where they are, and it runs nowhere. */
export async function moveConfiguration(cluster: Cluster, guest: GuestState, target: Node): Promise<void> {
  await powerOff(cluster, guest);
  guest.node = target.name;
  cluster.save();
}

/** The cluster has no such guest any more. Jobs, pools and HA name it still, and its volumes have no owner. */
export async function takeConfigurationAway(cluster: Cluster, guest: GuestState): Promise<void> {
  await powerOff(cluster, guest);
  const { guests } = cluster.state;
  guests.splice(guests.indexOf(guest), 1);
  cluster.save();
}

/** A guest whose node was switched off does not run there any more, which nobody could tell its record meanwhile. */
async function powerOff(cluster: Cluster, guest: GuestState): Promise<void> {
  const home = cluster.node(guest.node);
  if (home === undefined || guest.status !== "running") return;
  const loaded = loadGuest(home, guest.type, guest.vmid);
  await (guest.type === "lxc" ? killContainer(home, loaded) : killMachine(home, loaded));
}
