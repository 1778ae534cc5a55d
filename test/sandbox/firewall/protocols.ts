/** What protocols, ports and macros of firewall rules are called in nftables. */

/** A part of what a macro admits, or of a rule without one. */
export interface Traffic {
  readonly proto?: string | undefined;
  readonly dport?: string | undefined;
  readonly sport?: string | undefined;
  readonly icmpType?: string | undefined;
}

/** The macros that the sandbox knows; Proxmox has about a hundred more. */
const macros: ReadonlyMap<string, readonly Traffic[]> = new Map([
  ["ssh", [{ proto: "tcp", dport: "22" }]],
  [
    "ping",
    [
      { proto: "icmp", icmpType: "echo-request" },
      { proto: "icmpv6", icmpType: "echo-request" },
    ],
  ],
  ["http", [{ proto: "tcp", dport: "80" }]],
  ["https", [{ proto: "tcp", dport: "443" }]],
  ["web", [{ proto: "tcp", dport: "80,443" }]],
  [
    "dns",
    [
      { proto: "udp", dport: "53" },
      { proto: "tcp", dport: "53" },
    ],
  ],
]);

/** Undefined for a macro that the sandbox does not know. */
export function macroTraffic(name: string): readonly Traffic[] | undefined {
  return macros.get(name.toLowerCase());
}

const macroNames =
  "Amanda Auth BGP BitTorrent BitTorrent32 Ceph CVS Citrix DAAP DCC DHCPfwd DHCPv6 DNS Distcc FTP Finger GNUnet GRE Git HKP HTTP HTTPS ICPV2 " +
  "ICQ IMAP IMAPS IPIP IPsec IPsecah IPsecnat IRC Jetdirect L2TP LDAP LDAPS MDNS MSNP MSSQL Mail Munin MySQL NNTP NNTPS NTP " +
  "NeighborDiscovery OSPF OpenVPN PCA PMG POP3 POP3S PPtP Ping PostgreSQL Printer RDP RIP RNDC Razor Rdate Rsync SANE SMB SMBswat SMTP " +
  "SMTPS SNMP SPAMD SPICEproxy SSH SVN SixXS Squid Submission Syslog TFTP Telnet Telnets Time Trcrt VNC VNCL Web Webcache Webmin Whois";

const preferredNames: ReadonlyMap<string, string> = new Map(
  macroNames.split(" ").map((name) => [name.toLowerCase(), name] as const),
);

/** How Proxmox writes a macro's name; undefined for one that it does not have. */
export function preferredMacro(name: string): string | undefined {
  return preferredNames.get(name.toLowerCase());
}

const protocolNumbers: ReadonlyMap<string, number> = new Map([
  ["icmp", 1],
  ["igmp", 2],
  ["tcp", 6],
  ["udp", 17],
  ["gre", 47],
  ["esp", 50],
  ["ah", 51],
  ["icmpv6", 58],
  ["ipv6-icmp", 58],
  ["ospf", 89],
  ["vrrp", 112],
  ["sctp", 132],
  ["udplite", 136],
]);

/** Undefined for a name that the sandbox does not know. */
export function protocolNumber(proto: string): number | undefined {
  return /^\d{1,3}$/u.test(proto) ? Number(proto) : protocolNumbers.get(proto);
}

export function isIcmp(number: number): boolean {
  return number === 1 || number === 58;
}

/**
 * `22`, `80,443`, `8000:8010` as a set of nftables.
 *
 * @returns undefined for names of services, which are another machine's `/etc/services`
 */
export function portSet(specification: string): string | undefined {
  const items = specification.split(",").map((item) => /^(\d{1,5})(?::(\d{1,5}))?$/u.exec(item));
  const ports = items.flatMap((item) =>
    item === null ? [] : [[Number(item[1]), Number(item[2] ?? item[1])] as const],
  );
  const sound = ports.length === items.length && ports.every(([from, to]) => from <= to && to <= 65_535);
  return sound ? `{ ${merged(ports).map(formatPorts).join(", ")} }` : undefined;
}

type Ports = readonly [from: number, to: number];

/** Without overlaps, which nftables refuses. */
function merged(ports: readonly Ports[]): Ports[] {
  const found: Ports[] = [];
  for (const [from, to] of [...ports].sort(([a], [b]) => a - b)) {
    const before = found.at(-1);
    if (before !== undefined && from <= before[1]) found[found.length - 1] = [before[0], Math.max(before[1], to)];
    else found.push([from, to]);
  }
  return found;
}

function formatPorts([from, to]: Ports): string {
  return from === to ? String(from) : `${from}-${to}`;
}

const icmpTypes: ReadonlyMap<string, string> = new Map([
  ["fragmentation-needed", "icmp type destination-unreachable icmp code frag-needed"],
  ["port-unreachable", "icmp type destination-unreachable icmp code port-unreachable"],
  ["host-unreachable", "icmp type destination-unreachable icmp code host-unreachable"],
  ["network-unreachable", "icmp type destination-unreachable icmp code net-unreachable"],
  ...[
    "destination-unreachable",
    "echo-reply",
    "echo-request",
    "parameter-problem",
    "redirect",
    "source-quench",
    "time-exceeded",
    "timestamp-reply",
    "timestamp-request",
  ].map((name) => [name, `icmp type ${name}`] as const),
]);

const icmpv6Types: ReadonlyMap<string, string> = new Map(
  [
    ["destination-unreachable", "destination-unreachable"],
    ["echo-reply", "echo-reply"],
    ["echo-request", "echo-request"],
    ["neighbor-advertisement", "nd-neighbor-advert"],
    ["neighbor-solicitation", "nd-neighbor-solicit"],
    ["packet-too-big", "packet-too-big"],
    ["parameter-problem", "parameter-problem"],
    ["router-advertisement", "nd-router-advert"],
    ["router-solicitation", "nd-router-solicit"],
    ["time-exceeded", "time-exceeded"],
  ].map(([name = "", type = ""]) => [name, `icmpv6 type ${type}`]),
);

/** The match of an ICMP type, by name or number; undefined for one that the sandbox does not know. */
export function icmpMatch(protocol: number, type: string): string | undefined {
  if (type === "any") return "";
  if (/^\d{1,3}$/u.test(type) && Number(type) < 256) return `${protocol === 1 ? "icmp" : "icmpv6"} type ${type}`;
  return (protocol === 1 ? icmpTypes : icmpv6Types).get(type);
}
