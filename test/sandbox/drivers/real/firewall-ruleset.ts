import { REJECT_POLICY_CHAIN } from "../../firewall/card-chains";
import { REJECT_CHAIN } from "../../firewall/rules";
import type { GuardedCard } from "../driver";
import { type CardDevices, devicesOf } from "./card-devices";

/** Tables of the site's network namespace that are the firewall's. */
const TABLE = "lifeboat-firewall";

/** On a packet that the guest of the card sent. */
const SENT_BY_GUEST = "0x1";

/**
 * The rules of every card as one text for `nft --file`, which replaces the earlier ones in one step.
 *
 * A card with the firewall flag has a bridge of its own between it and the node's (as with Proxmox's `fwbr`), so that
 * also what the node itself sends to the guest is forwarded and passes here. `br_netfilter` shows forwarded packets to
 * the family `inet`, with connection tracking, but not by which port they came: the family `bridge` sees that first and
 * marks them. (`nf_conntrack_bridge` would do it in one table, but many kernels are built without it.)
 */
export function firewallRuleset(cards: readonly GuardedCard[], nodes: readonly string[]): string {
  const guarded = cards.map((card) => ({ card, devices: devicesOf(nodes, card) }));
  const tables = guarded.length === 0 ? [] : [...markingTable(guarded), ...filterTable(guarded)];
  return `${[...noTable("bridge"), ...noTable("inet"), ...tables].join("\n")}\n`;
}

type Guarded = readonly { card: GuardedCard; devices: CardDevices }[];

/** A packet from one guest to another passes two cards: its mark is of the card that it passes now. */
function markingTable(guarded: Guarded): string[] {
  return table("bridge", [
    ...chain("senders", [
      "type filter hook prerouting priority -300; policy accept;",
      `iifname { ${guarded.map(({ devices }) => quoted(devices.card)).join(", ")} } meta mark set ${SENT_BY_GUEST}`,
      `iifname { ${guarded.map(({ devices }) => quoted(devices.inner)).join(", ")} } meta mark set 0`,
    ]),
  ]);
}

function filterTable(guarded: Guarded): string[] {
  return table("inet", [
    ...chain(REJECT_CHAIN, [
      "fib daddr type { broadcast, multicast, anycast } drop",
      "ip saddr 224.0.0.0/4 drop",
      "meta l4proto { icmp, ipv6-icmp } drop",
      "meta l4proto tcp reject with tcp reset",
      "meta l4proto udp reject with icmpx port-unreachable",
      "reject with icmpx admin-prohibited",
    ]),
    ...chain(REJECT_POLICY_CHAIN, [
      "udp dport 1900 drop",
      "tcp flags & (fin | syn | rst | ack) != syn drop",
      "udp sport 53 drop",
    ]),
    ...guarded.flatMap(({ card, devices }) => [
      ...chain(`in-${devices.bridge}`, card.incoming),
      ...chain(`out-${devices.bridge}`, card.outgoing),
    ]),
    ...chain("guests", [
      "type filter hook forward priority filter; policy accept;",
      ...guarded.flatMap(({ devices: { bridge } }) => [
        `iifname ${quoted(bridge)} meta mark ${SENT_BY_GUEST} goto out-${bridge}`,
        `iifname ${quoted(bridge)} goto in-${bridge}`,
      ]),
    ]),
  ]);
}

/** A table has to be there to be deleted. */
function noTable(family: string): string[] {
  return [`table ${family} ${TABLE}`, `delete table ${family} ${TABLE}`];
}

function table(family: string, content: readonly string[]): string[] {
  return [`table ${family} ${TABLE} {`, ...content.map(indented), "}"];
}

function chain(name: string, statements: readonly string[]): string[] {
  return [`chain ${name} {`, ...statements.map(indented), "}"];
}

function indented(line: string): string {
  return `  ${line}`;
}

function quoted(name: string): string {
  return `"${name}"`;
}
