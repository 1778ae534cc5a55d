import { isIP } from "node:net";
import type { ContainerNetwork, GuardedCard } from "../../drivers/driver";
import { cardsOf } from "../cards";
import { readConfiguration } from "../configuration";
import { networksOf } from "./networks";
import { type FirewallFile, parseFirewall } from "../../firewall/file";
import { parseInterfaces } from "../../model/interfaces";
import type { Site } from "../../model/site";
import type { ClusterState, GuestState, NodeState } from "../../model/state";
import { cardChains } from "../../firewall/card-chains";

type Guarded = Pick<ContainerNetwork, "number" | "hardwareAddress" | "firewall"> &
  Partial<Pick<ContainerNetwork, "ip" | "ip6">>;

/**
 * Lets the driver enforce what the firewall files say now. To be called whenever one of them, or a guest's card, may have
 * changed; Proxmox's daemon looks every few seconds instead.
 */
export async function enforceFirewall({ driver, state }: Site): Promise<void> {
  await driver.firewall?.enforce(state.clusters.flatMap(guardedCards));
}

/**
 * The guests' cards that rules stand before. Three switches must be on: the datacenter's, the guest's and the
 * card's. The node's own `enable` is about the node's own addresses and leaves guests' rules in force
 * (PVE::Firewall::compile_iptables_filter; proxmox-firewall's `full_host_fw` likewise).
 */
export function guardedCards({ nodes, guests, firewall }: ClusterState): GuardedCard[] {
  const datacenter = parseFirewall(firewall ?? "");
  if (!isEnabled(datacenter)) return [];
  return guests.flatMap((guest) => {
    const node = nodes.find(({ node }) => node === guest.node);
    return node === undefined ? [] : guestCards(guest, node, datacenter);
  });
}

function guestCards(
  { vmid, type, configuration, firewall }: GuestState,
  node: NodeState,
  datacenter: FirewallFile,
): GuardedCard[] {
  const guest = parseFirewall(firewall ?? "");
  if (!isEnabled(guest)) return [];
  const { options: nodeOptions } = parseFirewall(node.firewall ?? "");
  const localNetwork = localNetworkOf(node);
  const { keys } = readConfiguration(configuration);
  // A machine's addresses are its own business: Proxmox filters by them only where an IP set says so.
  const cards: Guarded[] = type === "lxc" ? networksOf(keys) : cardsOf(keys);
  return cards
    .filter((card) => card.firewall)
    .map(({ number, hardwareAddress, ip, ip6 }) => ({
      node: node.node,
      vmid,
      number,
      ...cardChains({
        key: `net${String(number)}`,
        hardwareAddress,
        addresses: [ip, ip6].flatMap((address) => (isIP(address?.split("/")[0] ?? "") === 0 ? [] : [address ?? ""])),
        guest,
        datacenter,
        nodeOptions,
        localNetwork,
      }),
    }));
}

function isEnabled({ options }: FirewallFile): boolean {
  return Number(options.get("enable") ?? 0) !== 0;
}

/** The network of the node's address, which is what Proxmox takes for `local_network`. */
function localNetworkOf({ address, interfaces }: NodeState): string | undefined {
  const addresses = parseInterfaces(interfaces).map(({ options }) => options.get("address"));
  return addresses.find((found) => found?.startsWith(`${address}/`) === true);
}
