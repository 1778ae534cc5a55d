import * as z from "zod";
import * as answers from "../answers";
import type { Path } from "../encoding";
import type { Requests } from "../requests";
import type { GuestAddress } from "./guests";

/** A guest's firewall. */
export interface GuestFirewall {
  readonly options: answers.FirewallEntry;
  /** In their order, which decides. */
  readonly rules: readonly answers.FirewallEntry[];
  readonly aliases: readonly answers.FirewallEntry[];
  readonly sets: readonly { readonly name: string; readonly entries: readonly answers.FirewallEntry[] }[];
}

/** Calls about Proxmox's firewall: whether it is on, and what it says. Source of the defaults: pve-firewall, `PVE::Firewall`. */
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

  /** Everything that a guest's firewall file holds; empty where it has none. Needs `VM.Audit`. */
  async ofGuest({ node, type, vmid }: GuestAddress): Promise<GuestFirewall> {
    const place = ["nodes", node, type, vmid, "firewall"];
    const list = (...path: string[]) => this.requests.read(z.array(answers.firewallEntryAnswer), [...place, ...path]);
    const [{ digest: _digest, ...options }, rules, aliases, sets] = await Promise.all([
      this.requests.read(answers.firewallEntryAnswer, [...place, "options"]),
      list("rules"),
      list("aliases"),
      list("ipset"),
    ]);
    const named = sets.map(async ({ name = "" }) => ({ name, entries: await list("ipset", name) }));
    return { options, rules, aliases, sets: await Promise.all(named) };
  }

  private async isOn(place: Path, otherwise: boolean): Promise<boolean> {
    const { enable } = await this.requests.read(answers.firewallOptionsAnswer, [...place, "firewall", "options"]);
    return enable ?? otherwise;
  }
}
