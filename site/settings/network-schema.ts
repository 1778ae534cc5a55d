import type { Address } from "./environment";
import { at, checked, flag, mapping, optional, value, wholeNumber, type Finding } from "./schema-tools";
import { isInNetwork, parseHostAddress, parseIp, parseNetwork } from "./values/addresses";
import { bridgeName } from "./values/names";

/** An IP address. */
export const ip = value("an IP address", "an IPv4 or IPv6 address such as 192.0.2.1", (raw) =>
  typeof raw === "string" && parseIp(raw) !== undefined ? raw : undefined,
);

/** Where connections may come from. */
export const networkRange = value(
  "a network",
  "a network such as 192.0.2.0/24, or one address such as 192.0.2.7",
  parseNetwork,
);

export const networkSchema = checked(
  mapping({
    /** Bridge of the node. */
    bridge: bridgeName,
    /** `dhcp`, or the address with its prefix. */
    address: value("an address", "dhcp, or the guest's address with its prefix such as 192.0.2.101/24", parseAddress),
    /** Router, in the network of the guest. Default: none. */
    gateway: optional(ip),
    /** Fixed MAC address. Default: Proxmox makes one up. */
    mac: optional(value("a MAC address", "a unicast address such as BC:24:11:00:01:01", parseMac)),
    /** VLAN tag. Default: none. */
    vlan: optional(wholeNumber("a VLAN", 1, 4094)),
    /** Proxmox's firewall on this interface. Default: false. */
    firewall: optional(flag),
  }),
  gatewayFits,
);

function parseAddress(raw: unknown): Address | undefined {
  if (raw === "dhcp") return { kind: "dhcp" };
  const address = parseHostAddress(raw);
  if (address === undefined) return undefined;
  const { family, prefix } = address;
  return { kind: "static", family, ip: address.ip, prefix, cidr: `${address.ip}/${prefix}` };
}

function parseMac(raw: unknown): string | undefined {
  const pattern = /^[0-9A-Fa-f][02468ACEace](?::[0-9A-Fa-f]{2}){5}$/;
  return typeof raw === "string" && pattern.test(raw) ? raw.toUpperCase() : undefined;
}

function gatewayFits(raw: unknown): Finding[] {
  const gateway = parseIp(at(raw, "gateway"));
  if (gateway === undefined) return [];
  const allowed = "another address of the guest's own network";
  if (at(raw, "address") === "dhcp") {
    return [{ path: ["gateway"], message: "DHCP brings the gateway", allowed: "no gateway beside address: dhcp" }];
  }
  const address = parseHostAddress(at(raw, "address"));
  if (address === undefined) return [];
  if (!isInNetwork(address, gateway)) return [{ path: ["gateway"], message: "not in the guest's network", allowed }];
  return address.value === gateway.value ? [{ path: ["gateway"], message: "the guest's own address", allowed }] : [];
}
