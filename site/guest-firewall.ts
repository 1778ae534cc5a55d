import type { OwnedGuest } from "./settings/environment";

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
 * The guest's own switch of the firewall. Every value that Proxmox has a default for is said, so that no preview takes one
 * for a change. The switches of the datacenter and of the node are left alone: where one is off, the rules have no effect.
 */
export const guestFirewall = {
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

/** @param source network; undefined: everywhere */
export function acceptTcp(port: number, what: string, source: string | undefined): FirewallRule {
  const from = source === undefined ? {} : { source };
  const comment = `lifeboat: ${what}`;
  return { type: "in", action: "ACCEPT", proto: "tcp", dport: String(port), ...from, comment, enabled: true };
}

/** Echo requests, which a guest's checks send. */
export function acceptPing({ network: { address } }: Pick<OwnedGuest, "network">): FirewallRule {
  const isIpv6 = address.kind === "static" && address.family === 6;
  const proto = isIpv6 ? "icmpv6" : "icmp";
  return { type: "in", action: "ACCEPT", proto, comment: "lifeboat: ping", enabled: true };
}
