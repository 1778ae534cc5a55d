import * as answers from "../answers";
import type { Path } from "../encoding";
import type { Requests } from "../requests";
import type { GuestAddress } from "./guests";

/** Calls about Proxmox's firewall: whether it is on. Source of the defaults: pve-firewall, `PVE::Firewall`. */
export class FirewallCalls {
  constructor(private readonly requests: Requests) {}

  /** The datacenter's switch, for everything of the cluster: off unless somebody switched it on. Needs `Sys.Audit` on `/`. */
  datacenterIsOn(): Promise<boolean> {
    return this.isOn(["cluster"], false);
  }

  /**
   * The node's switch, which is about the node's own addresses and leaves guests' rules in force: on unless somebody
   * switched it off. Needs `Sys.Audit` on the node.
   */
  nodeIsOn(node: string): Promise<boolean> {
    return this.isOn(["nodes", node], true);
  }

  /** The guest's switch: off unless somebody switched it on, also for a guest that is not there. Needs `VM.Audit`. */
  guestIsOn({ node, type, vmid }: GuestAddress): Promise<boolean> {
    return this.isOn(["nodes", node, type, vmid], false);
  }

  private async isOn(place: Path, otherwise: boolean): Promise<boolean> {
    const { enable } = await this.requests.read(answers.firewallOptionsAnswer, [...place, "firewall", "options"]);
    return enable ?? otherwise;
  }
}
