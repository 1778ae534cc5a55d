/** An interface of a node, as Proxmox lists it. */
export interface NodeInterface {
  readonly iface: string;
  readonly type: string;
  readonly bridge_ports?: string | undefined;
  readonly address?: string | undefined;
  readonly address6?: string | undefined;
  readonly cidr?: string | undefined;
  readonly cidr6?: string | undefined;
  readonly gateway?: string | undefined;
  readonly gateway6?: string | undefined;
  readonly method?: string | undefined;
  readonly method6?: string | undefined;
  readonly "vlan-raw-device"?: string | undefined;
  readonly ovs_bridge?: string | undefined;
  readonly ovs_ports?: string | undefined;
}

/**
 * Why a bridge cannot be taken for one that leads nowhere, as the end of a sentence: `it has the port eno1`. Undefined: nothing
 * leaves it, as far as the node's configuration says.
 */
export function whyNotIsolated(bridge: string, interfaces: readonly NodeInterface[]): string | undefined {
  const own = interfaces.find(({ iface }) => iface === bridge);
  if (own === undefined) return "the node has no such bridge";
  if (own.type !== "bridge") return `it is of type ${own.type}, of which nothing is known here`;
  const ports = (own.bridge_ports ?? "").split(/\s+/u).filter((port) => port !== "" && port !== "none");
  if (ports.length > 0) return `it has the port ${ports.join(", ")}`;
  const addresses = [own.cidr ?? own.address, own.cidr6 ?? own.address6, own.gateway, own.gateway6];
  const [address] = addresses.filter((one) => one !== undefined && one !== "");
  if (address !== undefined) return `the node has the address ${address} on it`;
  const [method] = [own.method, own.method6].filter((one) => one !== undefined && one !== "manual");
  if (method !== undefined) return `the node gets an address on it (${method})`;
  const above = interfaces.find(
    (other) =>
      other["vlan-raw-device"] === bridge ||
      other.iface.startsWith(`${bridge}.`) ||
      (other.bridge_ports ?? "").split(/\s+/u).some((port) => port === bridge || port.startsWith(`${bridge}.`)),
  );
  return above === undefined ? undefined : `${above.iface} is on top of it`;
}
