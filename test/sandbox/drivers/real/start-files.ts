import type { ContainerNetwork, ContainerSpec } from "../driver";

/**
 * Texts of the files that Proxmox writes into a container before each start (PVE::LXC::Setup::Base and ::Debian). Lines
 * of the user's own outside Proxmox's section stay.
 */

const SECTION_BEGIN = "# --- BEGIN PVE ---";
const SECTION_END = "# --- END PVE ---";

/** `etc/hosts` with the container's own name. */
export function hostsFile(old: string | undefined, container: ContainerSpec): string {
  const { hostname, searchDomain } = container;
  const names = searchDomain === undefined ? hostname : `${hostname}.${searchDomain} ${hostname}`;
  const addresses = container.networks.flatMap(({ ip, ip6 }) => [ip, ip6].flatMap(plainAddress));
  const lines = addresses.length === 0 ? [`127.0.1.1 ${names}`] : addresses.map((address) => `${address} ${names}`);
  return withSection(old ?? defaultHosts, lines);
}

/** `etc/resolv.conf`; undefined when the configuration names no servers and the guest keeps what it has. */
export function resolverFile(old: string | undefined, container: ContainerSpec): string | undefined {
  const { nameservers, searchDomain } = container;
  if (nameservers.length === 0 && searchDomain === undefined) return undefined;
  const search = searchDomain === undefined ? [] : [`search ${searchDomain}`];
  return withSection(old ?? "", [...search, ...nameservers.map((server) => `nameserver ${server}`)]);
}

/** `etc/systemd/network/<name>.network` of one interface. */
export function networkdFile(network: ContainerNetwork): string {
  const { ip, gateway, ip6, gateway6 } = network;
  const lines = [
    "[Match]",
    `Name = ${network.name}`,
    "",
    "[Network]",
    `Description = Interface ${network.name} autoconfigured by PVE`,
    ...(isStatic(ip) ? [`Address = ${ip}`] : []),
    ...(isStatic(ip) && gateway !== undefined ? [`Gateway = ${gateway}`] : []),
    ...(isStatic(ip6) ? [`Address = ${ip6}`] : []),
    ...(isStatic(ip6) && gateway6 !== undefined ? [`Gateway = ${gateway6}`] : []),
    `DHCP = ${dhcpFamilies(ip, ip6)}`,
    `IPv6AcceptRA = ${ip6 === "auto" ? "true" : "false"}`,
  ];
  return `${lines.join("\n")}\n`;
}

/** `etc/network/interfaces` of a guest with ifupdown. */
export function interfacesFile(networks: readonly ContainerNetwork[]): string {
  const stanzas = networks.map((network) =>
    [
      `auto ${network.name}`,
      `iface ${network.name} inet ${ifupdownMethod(network.ip)}`,
      ...addressLines(network.ip, network.gateway),
      ...(network.ip6 === undefined
        ? []
        : [
            `iface ${network.name} inet6 ${ifupdownMethod(network.ip6)}`,
            ...addressLines(network.ip6, network.gateway6),
          ]),
    ].join("\n"),
  );
  return `${["auto lo\niface lo inet loopback", ...stanzas].join("\n\n")}\n`;
}

const defaultHosts = `127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
`;

/** Replaces Proxmox's section, or puts it at the end. */
function withSection(old: string, lines: readonly string[]): string {
  const section = [SECTION_BEGIN, ...lines, SECTION_END].join("\n");
  const begin = old.indexOf(SECTION_BEGIN);
  const end = old.indexOf(SECTION_END);
  if (begin >= 0 && end > begin) return old.slice(0, begin) + section + old.slice(end + SECTION_END.length);
  return `${old === "" || old.endsWith("\n") ? old : `${old}\n`}${section}\n`;
}

function isStatic(ip: string | undefined): ip is string {
  return ip !== undefined && ip.includes("/");
}

function plainAddress(ip: string | undefined): string[] {
  return isStatic(ip) ? [ip.slice(0, ip.indexOf("/"))] : [];
}

function dhcpFamilies(ip: string | undefined, ip6: string | undefined): string {
  if (ip === "dhcp") return ip6 === "dhcp" ? "yes" : "ipv4";
  return ip6 === "dhcp" ? "ipv6" : "no";
}

function ifupdownMethod(ip: string | undefined): string {
  if (isStatic(ip)) return "static";
  return ip === "dhcp" || ip === "auto" ? ip : "manual";
}

function addressLines(ip: string | undefined, gateway: string | undefined): string[] {
  if (!isStatic(ip)) return [];
  return [`\taddress ${ip}`, ...(gateway === undefined ? [] : [`\tgateway ${gateway}`])];
}
