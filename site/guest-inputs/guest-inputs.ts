import type { Network } from "../settings/environment";

/** What containers and virtual machines are given alike. */

/** A network card. The address is set elsewhere: {@link addressInputs}. */
export function cardInputs({ bridge, mac, vlan, firewall }: Network) {
  return {
    bridge,
    firewall,
    ...(mac === undefined ? {} : { macAddress: mac }),
    ...(vlan === undefined ? {} : { vlanId: vlan }),
  };
}

/** The address of a card. */
export function addressInputs({ address }: Network) {
  if (address.kind === "dhcp") return { ipv4: { address: "dhcp" } };
  const inputs = { address: address.cidr, ...(address.gateway === undefined ? {} : { gateway: address.gateway }) };
  return address.family === 4 ? { ipv4: inputs } : { ipv6: inputs };
}

/** Left out where the settings say nothing: the node's own count then. */
export function dnsInputs({
  nameservers,
  searchDomain,
}: {
  readonly nameservers: readonly string[];
  readonly searchDomain?: string | undefined;
}) {
  const dns = {
    ...(nameservers.length === 0 ? {} : { servers: [...nameservers] }),
    ...(searchDomain === undefined ? {} : { domain: searchDomain }),
  };
  return Object.keys(dns).length === 0 ? {} : { dns };
}
