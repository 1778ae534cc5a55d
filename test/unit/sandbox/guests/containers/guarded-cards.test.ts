import type { GuardedCard } from "../../../../sandbox/drivers/driver";
import { guardedCards } from "../../../../sandbox/guests/containers/enforce-firewall";
import { firewalledCluster as cluster, type FirewallFiles as Files } from "../../../../support/firewalled-cluster";

function onlyCard(files: Files): GuardedCard {
  const [card, ...others] = guardedCards(cluster(files));
  if (card === undefined || others.length > 0) throw new Error("there is not one guarded card");
  return card;
}

/** The statements that rules and the policy made: behind what is always there, without the policy's own. */
function rulesOf(
  files: Omit<Files, "guest"> & { rules: string; more?: string },
  direction: "in" | "out" = "in",
): string[] {
  const bare = onlyCard({ ...files, guest: `${on}${files.more ?? ""}` });
  const full = onlyCard({ ...files, guest: `${on}${files.more ?? ""}\n[RULES]\n\n${files.rules}\n` });
  const [without, all] = direction === "in" ? [bare.incoming, full.incoming] : [bare.outgoing, full.outgoing];
  const start = all.findIndex((statement, index) => statement !== without[index]);
  return start < 0 ? [] : all.slice(start, start + all.length - without.length);
}

const on = "[OPTIONS]\nenable: 1\n";

describe("the switches", () => {
  test("with all of them on, the card with the flag is guarded and the one without is not [B1]", () => {
    expect(guardedCards(cluster({}))).toMatchObject([{ node: "pve-prod", vmid: 101, number: 0 }]);
  });

  test.each<[string, Files]>([
    ["the datacenter's is off", { datacenter: "[OPTIONS]\nenable: 0\n" }],
    ["the datacenter's was never set", { datacenter: "" }],
    ["the guest's is off", { guest: "[OPTIONS]\nenable: 0\n" }],
    ["the guest's was never set", { guest: "" }],
    ["the card's is off", { card: ",firewall=0" }],
    ["the card's was never set", { card: "" }],
  ])("%s: nothing is guarded [B1]", (_, files) => {
    expect(guardedCards(cluster(files))).toEqual([]);
  });

  test("the node's own switch changes nothing for guests, as in Proxmox [B1]", () => {
    expect(guardedCards(cluster({ node: "[OPTIONS]\nenable: 0\n" }))).toEqual(guardedCards(cluster({})));
  });
});

describe("what no rule has to say", () => {
  test("into the guest: open connections, DHCP answers and neighbour discovery, nothing else [B1]", () => {
    expect(onlyCard({}).incoming).toEqual([
      "ct state invalid drop",
      "ct state established,related accept",
      "ip saddr != 0.0.0.0 fib saddr type broadcast drop",
      "ip saddr 224.0.0.0/4 drop",
      "udp sport 67 udp dport 68 accept",
      "udp sport 547 udp dport 546 accept",
      "icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept",
      "fib daddr type { broadcast, multicast, anycast } drop",
      "icmp type destination-unreachable icmp code frag-needed accept",
      "icmp type time-exceeded accept",
      "icmpv6 type { destination-unreachable, time-exceeded, packet-too-big } accept",
      "drop",
    ]);
  });

  test("out of the guest: everything that its own card sends, but no router advertisements [B1]", () => {
    expect(onlyCard({}).outgoing).toEqual([
      "ct state invalid drop",
      "ct state established,related accept",
      "udp sport 68 udp dport 67 accept",
      "udp sport 546 udp dport 547 accept",
      "ether saddr != bc:24:11:00:00:01 drop",
      "icmpv6 type nd-router-advert drop",
      "icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } accept",
      "accept",
    ]);
  });

  test("options turn each of them off", () => {
    const guest = "[OPTIONS]\nenable: 1\ndhcp: 0\nndp: 0\nmacfilter: 0\nradv: 1\npolicy_in: ACCEPT\npolicy_out: DROP\n";
    const node = "[OPTIONS]\nnosmurfs: 0\nnf_conntrack_allow_invalid: 1\n";
    const { incoming, outgoing } = onlyCard({ guest, node });
    expect(incoming).toEqual(["ct state established,related accept", "accept"]);
    expect(outgoing).toEqual([
      "ct state established,related accept",
      "fib daddr type { broadcast, multicast, anycast } drop",
      "icmp type destination-unreachable icmp code frag-needed accept",
      "icmp type time-exceeded accept",
      "icmpv6 type { destination-unreachable, time-exceeded, packet-too-big } accept",
      "drop",
    ]);
  });

  test("the policy REJECT answers the sender", () => {
    expect(onlyCard({ guest: `${on}policy_in: REJECT\n` }).incoming.slice(-2)).toEqual([
      "jump reject-policy",
      "goto reject-packet",
    ]);
  });

  test("the datacenter's blacklist comes before every rule", () => {
    const { incoming } = onlyCard({ datacenter: `${on}\n[IPSET blacklist]\n\n203.0.113.0/24\n` });
    expect(incoming[2]).toBe("ip saddr { 203.0.113.0-203.0.113.255 } drop");
  });

  test("with `ipfilter` the guest sends from its own addresses only", () => {
    const { outgoing } = onlyCard({ guest: `${on}ipfilter: 1\n` });
    expect(outgoing).toContain("ip saddr != { 192.0.2.101 } drop");
    expect(outgoing).toContain("ip6 saddr != { fe80:0:0:0:be24:11ff:fe00:1 } drop");
  });
});

describe("rules", () => {
  test("an admitted network and port [B1]", () => {
    expect(rulesOf({ rules: "IN ACCEPT -source 198.51.100.0/24 -p tcp -dport 9000" })).toEqual([
      "ip saddr { 198.51.100.0-198.51.100.255 } meta l4proto 6 th dport { 9000 } accept",
    ]);
  });

  test("keep their order, and one that is switched off or of the other direction does not count [B1]", () => {
    const rules = ["IN DROP -source 192.0.2.7", "|IN ACCEPT -p tcp", "OUT DROP -p udp", "IN REJECT -p udp -dport 53"];
    expect(rulesOf({ rules: rules.join("\n") })).toEqual([
      "ip saddr { 192.0.2.7 } drop",
      "meta l4proto 17 th dport { 53 } goto reject-packet",
    ]);
    expect(rulesOf({ rules: rules.join("\n") }, "out")).toEqual(["meta l4proto 17 drop"]);
  });

  test("lists and ranges of ports and addresses, of both families", () => {
    expect(
      rulesOf({
        rules: "IN ACCEPT -source 192.0.2.1,192.0.2.3-192.0.2.4 -p tcp -dport 80,8000:8010 -sport 1024:65535",
      }),
    ).toEqual([]);
    expect(
      rulesOf({ rules: "IN ACCEPT -source 192.0.2.1,192.0.2.4/31 -p tcp -dport 80,8000:8010 -sport 1024:65535" }),
    ).toEqual([
      "ip saddr { 192.0.2.1, 192.0.2.4-192.0.2.5 } meta l4proto 6 th dport { 80, 8000-8010 } th sport { 1024-65535 } accept",
    ]);
    expect(rulesOf({ rules: "IN ACCEPT -source 2001:db8::/64 -dest 2001:db8::1" })).toEqual([
      "ip6 saddr { 2001:db8:0:0:0:0:0:0-2001:db8:0:0:ffff:ffff:ffff:ffff } ip6 daddr { 2001:db8:0:0:0:0:0:1 } accept",
    ]);
    expect(rulesOf({ rules: "IN ACCEPT -source 192.0.2.1 -dest 2001:db8::1" })).toEqual([]);
  });

  test("ports that overlap are one range", () => {
    expect(rulesOf({ rules: "IN ACCEPT -p tcp -dport 9000,80,8000:9000,80" })).toEqual([
      "meta l4proto 6 th dport { 80, 8000-9000 } accept",
    ]);
  });

  test("a rule for another card does not count", () => {
    expect(rulesOf({ rules: "IN ACCEPT -i net1 -p tcp\nIN ACCEPT -i net0 -p udp" })).toEqual([
      "meta l4proto 17 accept",
    ]);
  });

  test("ICMP by type", () => {
    expect(rulesOf({ rules: "IN ACCEPT -p icmp -icmp-type echo-request\nIN ACCEPT -p icmpv6 -dport 128" })).toEqual([
      "meta nfproto ipv4 meta l4proto 1 icmp type echo-request accept",
      "meta nfproto ipv6 meta l4proto 58 icmpv6 type 128 accept",
    ]);
  });

  test.each([
    ["SSH(ACCEPT)", ["meta l4proto 6 th dport { 22 } accept"]],
    ["HTTP(ACCEPT)", ["meta l4proto 6 th dport { 80 } accept"]],
    ["HTTPS(DROP)", ["meta l4proto 6 th dport { 443 } drop"]],
    ["Web(ACCEPT)", ["meta l4proto 6 th dport { 80, 443 } accept"]],
    ["DNS(ACCEPT)", ["meta l4proto 17 th dport { 53 } accept", "meta l4proto 6 th dport { 53 } accept"]],
    [
      "Ping(ACCEPT)",
      [
        "meta nfproto ipv4 meta l4proto 1 icmp type echo-request accept",
        "meta nfproto ipv6 meta l4proto 58 icmpv6 type echo-request accept",
      ],
    ],
  ])("the macro %s", (macro, expected) => {
    expect(rulesOf({ rules: `IN ${macro}` })).toEqual(expected);
  });

  test.each(["Citrix(ACCEPT)", "ACCEPT -p chaos", "ACCEPT -p tcp -dport ssh", "ACCEPT -p icmp -icmp-type no-such"])(
    "what the sandbox does not know opens nothing: %s",
    (rule) => {
      expect(rulesOf({ rules: `IN ${rule}` })).toEqual([]);
    },
  );

  test("what the sandbox does not know blocks more rather than less", () => {
    expect(rulesOf({ rules: "IN Citrix(DROP) -source 192.0.2.7" })).toEqual(["ip saddr { 192.0.2.7 } drop"]);
  });
});

describe("names", () => {
  const datacenter = `${on}
[ALIASES]

office 198.51.100.0/24
own 203.0.113.1

[IPSET clients]

dc/office
192.0.2.0/24
!192.0.2.128/25
192.0.2.200

[group api]

IN ACCEPT -source +clients -p tcp -dport 9000
OUT DROP -p udp
`;
  const source = (name: string, more = ""): string[] =>
    rulesOf({ datacenter, more, rules: `IN ACCEPT -source ${name}` });

  test("aliases of the datacenter and of the guest, the guest's first", () => {
    const more = "\n[ALIASES]\n\nown 203.0.113.9\n";
    expect(source("office")).toEqual(["ip saddr { 198.51.100.0-198.51.100.255 } accept"]);
    expect(source("dc/office")).toEqual(source("office"));
    expect(source("guest/office")).toEqual([]);
    expect(source("own")).toEqual(["ip saddr { 203.0.113.1 } accept"]);
    expect(source("own", more)).toEqual(["ip saddr { 203.0.113.9 } accept"]);
    expect(source("dc/own", more)).toEqual(["ip saddr { 203.0.113.1 } accept"]);
  });

  test("a set holds what its smallest entry says, and aliases", () => {
    expect(source("+clients")).toEqual([
      "ip saddr { 192.0.2.0-192.0.2.127, 192.0.2.200, 198.51.100.0-198.51.100.255 } accept",
    ]);
    expect(source("+dc/clients")).toEqual(source("+clients"));
  });

  test("the network of the node is there without anybody's doing", () => {
    expect(source("local_network")).toEqual(["ip saddr { 192.0.2.0-192.0.2.255 } accept"]);
    expect(source("+management")).toEqual(source("local_network"));
  });

  test("a name that does not exist opens nothing", () => {
    expect(source("+nobody")).toEqual([]);
    expect(source("nobody")).toEqual([]);
    expect(source("+guest/clients")).toEqual([]);
  });

  test("a security group's rules stand where it is named", () => {
    const rules = "IN ACCEPT -p tcp -dport 22\nGROUP api\nIN DROP -p udp";
    expect(rulesOf({ datacenter, rules })).toEqual([
      "meta l4proto 6 th dport { 22 } accept",
      "ip saddr { 192.0.2.0-192.0.2.127, 192.0.2.200, 198.51.100.0-198.51.100.255 } meta l4proto 6 th dport { 9000 } accept",
      "meta l4proto 17 drop",
    ]);
    expect(rulesOf({ datacenter, rules }, "out")).toEqual(["meta l4proto 17 drop"]);
    expect(rulesOf({ datacenter, rules: "GROUP api -i net1" })).toEqual([]);
  });
});
