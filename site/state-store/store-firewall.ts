import type { ContainerGuest, ContainerStateStore } from "../settings/environment";

/** A rule of Proxmox's firewall, as the provider takes it. */
export interface FirewallRule {
  readonly type: "in";
  readonly action: "ACCEPT";
  readonly proto: "tcp" | "icmp" | "icmpv6";
  /** Port. Absent: all of the protocol. */
  readonly dport?: string | undefined;
  /** Network. Absent: from everywhere. */
  readonly source?: string | undefined;
  readonly comment: string;
  readonly enabled: true;
}

/**
 * What may reach the store's guest: its ports from the named networks, SSH, and echo requests, which its checks send.
 * A rule for each network: a list of networks may not mix IPv4 and IPv6.
 */
export function storeRules(guest: ContainerGuest, store: ContainerStateStore): FirewallRule[] {
  const { allow, allowSsh, ports } = store;
  const { address } = guest.network;
  const isIpv6 = address.kind === "static" && address.family === 6;
  return [
    ...allow.map((source) => tcp(ports.api, "S3", source)),
    ...(ports.console === undefined ? [] : allow.map((source) => tcp(ports.console ?? 0, "console", source))),
    ...(allowSsh ?? [undefined]).map((source) => tcp(22, "SSH", source)),
    { type: "in", action: "ACCEPT", proto: isIpv6 ? "icmpv6" : "icmp", comment: "lifeboat: ping", enabled: true },
  ];
}

/**
 * The guest's own switch of the firewall. Every value that Proxmox has a default for is said, so that no preview takes one
 * for a change. The switches of the datacenter and of the node are left alone: where one is off, the rules have no effect.
 */
export const storeFirewall = {
  enabled: true,
  inputPolicy: "DROP",
  outputPolicy: "ACCEPT",
  dhcp: false,
  ndp: true,
  radv: false,
  macfilter: true,
  ipfilter: false,
  logLevelIn: "nolog",
  logLevelOut: "nolog",
} as const;

function tcp(port: number, what: string, source: string | undefined): FirewallRule {
  const from = source === undefined ? {} : { source };
  const comment = `lifeboat: ${what}`;
  return { type: "in", action: "ACCEPT", proto: "tcp", dport: String(port), ...from, comment, enabled: true };
}
