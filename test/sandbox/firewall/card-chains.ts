/** What one card of a guest lets in and out, as statements of nftables (PVE::Firewall, compile_iptables_filter). */
import type { FirewallFile, FirewallRule } from "./file";
import { contentOf, parseRange } from "./addresses";
import { addressesOf, type NameScope } from "./names";
import { addressSet, REJECT_CHAIN, ruleStatements } from "./rules";

/** The chain of what Proxmox drops without an answer before it refuses the rest (PVEFW-Reject). */
export const REJECT_POLICY_CHAIN = "reject-policy";

/** A card whose firewall is on in every place that counts. */
export interface FirewalledCard {
  /** Name in the guest's configuration, such as `net0`: what a rule's `iface` names. */
  readonly key: string;
  readonly hardwareAddress: string;
  /** Addresses in the configuration, with their prefixes. */
  readonly addresses: readonly string[];
  readonly guest: FirewallFile;
  readonly datacenter: FirewallFile;
  /** Options of the node's firewall file. */
  readonly nodeOptions: ReadonlyMap<string, string>;
  readonly localNetwork: string | undefined;
}

export interface CardChains {
  /** For what is sent to the guest. */
  readonly incoming: readonly string[];
  /** For what the guest sends. */
  readonly outgoing: readonly string[];
}

const ndpTypes = ["nd-router-solicit", "nd-router-advert", "nd-neighbor-solicit", "nd-neighbor-advert"];

export function cardChains(card: FirewalledCard): CardChains {
  return { incoming: incoming(card), outgoing: outgoing(card) };
}

function incoming(card: FirewalledCard): string[] {
  const { options } = card.guest;
  return [
    ...connections(card),
    ...blacklisted(card),
    ...(isOff(card.nodeOptions, "nosmurfs") ? [] : ["ip saddr != 0.0.0.0 fib saddr type broadcast drop"]),
    ...(isOff(card.nodeOptions, "nosmurfs") ? [] : ["ip saddr 224.0.0.0/4 drop"]),
    ...(isOff(options, "dhcp") ? [] : ["udp sport 67 udp dport 68 accept", "udp sport 547 udp dport 546 accept"]),
    ...(isOff(options, "ndp") ? [] : [`icmpv6 type { ${ndpTypes.join(", ")} } accept`]),
    ...rules(card, "in"),
    ...policy(options.get("policy_in") ?? "DROP"),
  ];
}

function outgoing(card: FirewalledCard): string[] {
  const { options } = card.guest;
  const sendsRouters = isOn(options, "radv");
  const ndp = sendsRouters ? ndpTypes : ndpTypes.filter((type) => type !== "nd-router-advert");
  return [
    ...connections(card),
    ...(isOff(options, "dhcp") ? [] : ["udp sport 68 udp dport 67 accept", "udp sport 546 udp dport 547 accept"]),
    ...(isOff(options, "macfilter") ? [] : [`ether saddr != ${card.hardwareAddress.toLowerCase()} drop`]),
    ...(sendsRouters ? [] : ["icmpv6 type nd-router-advert drop"]),
    ...ownAddresses(card),
    ...(isOff(options, "ndp") ? [] : [`icmpv6 type { ${ndp.join(", ")} } accept`]),
    ...rules(card, "out"),
    ...policy(options.get("policy_out") ?? "ACCEPT"),
  ];
}

/** What belongs to a connection that was let through passes, whatever the rules say meanwhile. */
function connections({ nodeOptions }: FirewalledCard): string[] {
  const invalid = isOn(nodeOptions, "nf_conntrack_allow_invalid") ? [] : ["ct state invalid drop"];
  return [...invalid, "ct state established,related accept"];
}

function blacklisted(card: FirewalledCard): string[] {
  const ranges = addressesOf("+dc/blacklist", scopeOf(card)) ?? [];
  return ([4, 6] as const).flatMap((family) => {
    const set = addressSet("saddr", family, ranges);
    return set === undefined ? [] : [`${set} drop`];
  });
}

/**
 * With `ipfilter`, or a set `ipfilter-netN`, the guest sends from its own addresses only: those of the set, of its
 * configuration, and the one that its card's hardware address makes.
 */
function ownAddresses(card: FirewalledCard): string[] {
  const { guest, key } = card;
  const name = `ipfilter-${key}`;
  const hasSet = guest.ipsets.some((set) => set.name.toLowerCase() === name);
  if (!hasSet && !isOn(guest.options, "ipfilter")) return [];
  const configured = [...card.addresses.map((address) => address.split("/")[0] ?? ""), linkLocal(card.hardwareAddress)];
  const ranges = contentOf([
    ...(hasSet ? (addressesOf(`+guest/${name}`, scopeOf(card)) ?? []) : []).map((range) => ({ range, nomatch: false })),
    ...configured.flatMap((address) => {
      const range = parseRange(address);
      return range === undefined ? [] : [{ range, nomatch: false }];
    }),
  ]);
  return ([4, 6] as const).map((family) => {
    const set = addressSet("saddr", family, ranges);
    const all = `meta nfproto ${family === 4 ? "ipv4" : "ipv6"}`;
    return set === undefined ? `${all} drop` : `${set.replace(" saddr ", " saddr != ")} drop`;
  });
}

/** The IPv6 address that a card gives itself (RFC 4291, appendix A). */
function linkLocal(hardwareAddress: string): string {
  const bytes = hardwareAddress.split(":").map((byte) => Number.parseInt(byte, 16));
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = bytes;
  const groups = [((a ^ 2) << 8) | b, (c << 8) | 0xff, 0xfe00 | d, (e << 8) | f];
  return `fe80::${groups.map((group) => group.toString(16)).join(":")}`;
}

function rules(card: FirewalledCard, direction: "in" | "out"): string[] {
  const scope = scopeOf(card);
  return active(card.guest.rules, card.key).flatMap((rule) => {
    if (rule.type === direction) return ruleStatements(rule, scope);
    if (rule.type !== "group") return [];
    const group = card.datacenter.groups.find(({ group: name }) => name.toLowerCase() === rule.action.toLowerCase());
    return active(group?.rules ?? [], card.key)
      .filter(({ type }) => type === direction)
      .flatMap((own) => ruleStatements(own, { ...scope, guest: undefined }));
  });
}

function active(list: readonly FirewallRule[], key: string): FirewallRule[] {
  return list.filter(({ enable, options }) => enable !== 0 && (options.get("iface") ?? key) === key);
}

function policy(action: string): string[] {
  if (action === "ACCEPT") return ["accept"];
  return [
    "fib daddr type { broadcast, multicast, anycast } drop",
    "icmp type destination-unreachable icmp code frag-needed accept",
    "icmp type time-exceeded accept",
    "icmpv6 type { destination-unreachable, time-exceeded, packet-too-big } accept",
    ...(action === "REJECT" ? [`jump ${REJECT_POLICY_CHAIN}`, `goto ${REJECT_CHAIN}`] : ["drop"]),
  ];
}

function scopeOf({ guest, datacenter, localNetwork }: FirewalledCard): NameScope {
  return { guest, datacenter, localNetwork };
}

function isOn(options: ReadonlyMap<string, string>, name: string): boolean {
  return Number(options.get(name) ?? 0) !== 0;
}

/** For options that are on unless they are set to 0. */
function isOff(options: ReadonlyMap<string, string>, name: string): boolean {
  return Number(options.get(name) ?? 1) === 0;
}
