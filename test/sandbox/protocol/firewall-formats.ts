/** Formats of what a firewall rule names: addresses, ports, protocols (PVE::Firewall, `pve_fw_verify_*`). */
import { addressProblem, checkAddressOrNetwork } from "./addresses";
import { FormatError } from "./format-error";

/** The name of an alias, where it may be looked up, and nothing else. */
export const ALIAS_REFERENCE = /^(dc\/|guest\/)?([A-Za-z][A-Za-z0-9\-_]+)$/u;

const LONGEST_NAME = 64;

/**
 * Addresses, networks, a range, an alias or `+set`; empty for none.
 *
 * @returns which IP version they are of, where they say so
 * @throws FormatError
 */
export function checkAddressList(text: string): 4 | 6 | undefined {
  if (/^\+\S+$/u.test(text)) {
    if (text.length > LONGEST_NAME + 1) throw new FormatError("ipset name too long");
    return undefined;
  }
  if (ALIAS_REFERENCE.test(text)) {
    if (text.length > LONGEST_NAME) throw new FormatError("alias name too long");
    return undefined;
  }
  const parts = listOf(text);
  let version: 4 | 6 | undefined;
  for (const part of parts) {
    const problem = addressProblem(part);
    if (problem !== undefined) throw new FormatError(`invalid IP address: ${problem}`);
    const its = part.includes(":") ? 6 : 4;
    if (version !== undefined && version !== its) {
      throw new FormatError(`detected mixed ipv4/ipv6 addresses in address list '${text}'`);
    }
    version = its;
  }
  if (parts.length > 1 && text.includes("-")) throw new FormatError("you can't use a range in a list");
  return version;
}

/** The parts of a comma list; nothing may follow the last comma. */
function listOf(text: string): string[] {
  if (text === "") return [];
  if (text.endsWith(",")) throw new FormatError("extraneous commas in list");
  return text.split(",");
}

/** @param takesIcmp the port may also be the name of an ICMP type @throws FormatError */
export function checkPorts(text: string, takesIcmp: boolean): void {
  let numbers = 0;
  let hasIcmp = false;
  for (const part of listOf(text)) {
    const [, first, last] = /^(\d+)(?::(\d+))?$/u.exec(part) ?? [];
    if (first !== undefined) {
      for (const port of [first, last ?? first])
        if (Number(port) > 65_535) throw new FormatError(`invalid port '${port}'`);
      if (last !== undefined && Number(first) > Number(last)) {
        throw new FormatError(`backwards range '${first}:${last}' not allowed, did you mean '${last}:${first}'?`);
      }
      numbers += last === undefined ? 1 : 2;
    } else if (takesIcmp && (ICMP_TYPES.has(part) || ICMP6_TYPES.has(part))) hasIcmp = true;
    else if (!SERVICES.has(part)) throw new FormatError(`invalid port '${part}'`);
  }
  if (hasIcmp && numbers > 0) throw new FormatError("ICMP ports not allowed in port range");
  if (numbers > 15) throw new FormatError("too many entries in port list (> 15 numbers)");
}

export function checkProtocol(text: string): void {
  const isNumber = /^\d{1,3}$/u.test(text) && Number(text) <= 142;
  if (text !== "" && !isNumber && !PROTOCOLS.has(text)) throw new FormatError(`unknown protocol '${text}'`);
}

export function checkIcmpType(text: string): void {
  if (text !== "" && !ICMP_TYPES.has(text) && !ICMP6_TYPES.has(text)) {
    throw new FormatError(`invalid icmp-type value '${text}'`);
  }
}

export function checkConntrackHelpers(text: string): void {
  const unknown = listOf(text).find((helper) => !HELPERS.has(helper));
  if (unknown !== undefined) throw new FormatError(`unknown helper ${unknown}`);
}

/** The format `IPorCIDRorAlias`. @throws FormatError */
export function checkAddressOrAlias(value: string): void {
  if (!ALIAS_REFERENCE.test(value)) checkAddressOrNetwork(value);
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(/\s+/u));
}

const HELPERS = words("amanda ftp irc netbios-ns pptp sane sip snmp tftp");

/** The names in /etc/protocols of a node that are in use, and the one that Proxmox adds. */
const PROTOCOLS = words(
  "ip hopopt icmp igmp ggp ipencap st tcp egp igp pup udp hmp xns-idp rdp iso-tp4 dccp xtp ddp idpr-cmtp ipv6 ipv6-route ipv6-frag idrp " +
    "rsvp gre esp ah skip ipv6-icmp ipv6-nonxt ipv6-opts rspf vmtp eigrp ospf ax.25 ipip etherip encap pim ipcomp vrrp l2tp isis sctp " +
    "fc mobility-header udplite mpls-in-ip hip shim6 wesp rohc ethernet icmpv6",
);

/** The names in /etc/services of a node that rules use. */
const SERVICES = words(
  "tcpmux echo discard systat daytime netstat chargen ftp-data ftp ssh telnet smtp time whois tacacs domain bootps bootpc tftp gopher " +
    "finger http kerberos iso-tsap acr-nema pop3 sunrpc auth nntp ntp epmap netbios-ns netbios-dgm netbios-ssn imap2 snmp snmp-trap " +
    "cmip-man cmip-agent mailq bgp smux qmtp z3950 ipx imap3 ldap svrloc https snpp microsoft-ds kpasswd submissions submission ldaps " +
    "tinc silc kerberos-adm domain-s rsync ftps-data ftps telnets imaps pop3s socks openvpn rmiregistry lotusnote ms-sql-s ms-sql-m " +
    "ingreslock datametrics l2f radius radius-acct cisco-sccp nfs gnunet rtcm-sc104 cvspserver mysql rdp icpv2 svn nut epmd postgresql " +
    "rfb x11 amqp amqps sip sip-tls xmpp-client xmpp-server ircd redis http-alt webmin bacula-dir bacula-fd bacula-sd munin git",
);

/** Types of ICMP that a rule may name. */
export const ICMP_TYPES = words(
  "any echo-reply destination-unreachable network-unreachable host-unreachable protocol-unreachable port-unreachable " +
    "fragmentation-needed source-route-failed network-unknown host-unknown network-prohibited host-prohibited " +
    "TOS-network-unreachable TOS-host-unreachable communication-prohibited host-precedence-violation precedence-cutoff source-quench " +
    "redirect network-redirect host-redirect TOS-network-redirect TOS-host-redirect echo-request router-advertisement " +
    "router-solicitation time-exceeded ttl-zero-during-transit ttl-zero-during-reassembly parameter-problem ip-header-bad " +
    "required-option-missing timestamp-request timestamp-reply address-mask-request address-mask-reply",
);

export const ICMP6_TYPES = words(
  "destination-unreachable no-route communication-prohibited beyond-scope address-unreachable port-unreachable failed-policy " +
    "reject-route packet-too-big time-exceeded ttl-zero-during-transit ttl-zero-during-reassembly parameter-problem bad-header " +
    "unknown-header-type unknown-option echo-request echo-reply router-solicitation router-advertisement neighbor-solicitation " +
    "neighbour-solicitation neighbor-advertisement neighbour-advertisement redirect",
);
