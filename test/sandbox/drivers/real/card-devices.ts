import type { ContainerNetwork } from "../driver";

/** What decides where a card of a guest is plugged in. */
type Plug = Pick<ContainerNetwork, "number" | "bridge" | "linkDown" | "firewall">;

/** The cards of a guest, and what tells it from others. */
export interface GuestCards {
  node: string;
  vmid: number;
  networks: readonly Plug[];
}

/** The host's ends of one card of a guest, by their names in the kernel. */
export interface CardDevices {
  /** The card's own end. */
  readonly card: string;
  /** Bridge between the card and the node's bridge, where the firewall stands. */
  readonly bridge: string;
  /** The pair that joins both bridges: its end on the node's bridge, and the one on the card's. */
  readonly outer: string;
  readonly inner: string;
}

/**
 * Kernel names have 15 characters at most; the node's place makes them differ between nodes.
 *
 * @param nodes names of all nodes of the site, always in the same order
 */
export function devicesOf(
  nodes: readonly string[],
  { node, vmid, number }: { node: string; vmid: number; number: number },
): CardDevices {
  const rest = `${String(nodes.indexOf(node))}-${String(vmid)}i${String(number)}`;
  return { card: `v${rest}`, bridge: `b${rest}`, outer: `p${rest}`, inner: `l${rest}` };
}

/**
 * Lines for `ip -batch` that put the cards of a running guest on their bridges, and take away those that its
 * configuration has no more.
 *
 * @param present the devices that there are in the site's network
 */
export function plugLines(
  { node, vmid, networks }: GuestCards,
  nodes: readonly string[],
  present: ReadonlySet<string>,
): string[] {
  const numbers = new Set(networks.map(({ number }) => number));
  const removed = ownDevices(nodes, { node, vmid }, present).filter(
    (device) => !numbers.has(Number(device.slice(device.lastIndexOf("i") + 1))),
  );
  const plugged = networks.flatMap((network) => {
    const devices = devicesOf(nodes, { node, vmid, number: network.number });
    if (network.bridge === undefined || !present.has(devices.card)) return [];
    return network.firewall && !network.linkDown
      ? guardedLines(devices, network.bridge, present)
      : plainLines(devices, network.bridge, network, present);
  });
  return [...plugged, ...removed.map((device) => `link delete ${device}`)];
}

/** The card's bridge answers for nobody: it has neither addresses nor ARP of its own. */
function guardedLines({ card, bridge, outer, inner }: CardDevices, nodeBridge: string, present: ReadonlySet<string>) {
  const make = [
    `link add ${bridge} type bridge mcast_snooping 0`,
    `link set ${bridge} addrgenmode none arp off up`,
    `link add ${outer} type veth peer name ${inner}`,
  ];
  return [
    ...(present.has(bridge) ? [] : make),
    ...[outer, inner].map((device) => `link set ${device} addrgenmode none`),
    `link set ${inner} master ${bridge} up`,
    `link set ${outer} master ${nodeBridge} up`,
    `link set ${card} master ${bridge} up`,
  ];
}

function plainLines(
  { card, bridge, outer }: CardDevices,
  nodeBridge: string,
  { linkDown }: Plug,
  present: ReadonlySet<string>,
): string[] {
  return [
    `link set ${card} master ${nodeBridge} ${linkDown ? "down" : "up"}`,
    ...[outer, bridge].filter((device) => present.has(device)).map((device) => `link delete ${device}`),
  ];
}

/** Lines that remove what a guest's cards leave behind when it ends: the kernel removes only the cards themselves. */
export function unplugLines(
  nodes: readonly string[],
  { node, vmid }: { node: string; vmid: number },
  present: ReadonlySet<string>,
): string[] {
  return ownDevices(nodes, { node, vmid }, present)
    .filter((device) => !device.startsWith("v"))
    .map((device) => `link delete ${device}`);
}

/** Devices of a guest's cards. Of a pair one end is enough: the other goes with it. */
function ownDevices(
  nodes: readonly string[],
  { node, vmid }: { node: string; vmid: number },
  present: ReadonlySet<string>,
): string[] {
  const own = new RegExp(`^[vbp]${String(nodes.indexOf(node))}-${String(vmid)}i\\d+$`, "u");
  return [...present].filter((device) => own.test(device));
}
