import { createHash } from "node:crypto";
import { parseNetwork } from "../../../../proxmox/rules/property-strings";
import type { SeedFiles } from "../../drivers/machines";
import { death } from "../../protocol/failure";
import { isWindows } from "./machine-type";
import { splitList } from "../../protocol/parameters";

type Keys = ReadonlyMap<string, string>;

/** Addresses of one card as `ipconfigN` says them; undefined: none of that kind. */
export interface CardAddresses {
  /** `192.0.2.101/24` or `dhcp`. */
  ip: string | undefined;
  gateway: string | undefined;
  /** The same for IPv6, also `auto`. */
  ip6: string | undefined;
  gateway6: string | undefined;
}

/** Reads `ip=192.0.2.101/24,gw=192.0.2.1,ip6=auto`. */
export function readAddresses(text: string): CardAddresses {
  const parts = new Map(
    text.split(",").map((part): [string, string] => {
      const equals = part.indexOf("=");
      return [part.slice(0, equals), part.slice(equals + 1)];
    }),
  );
  return { ip: parts.get("ip"), gateway: parts.get("gw"), ip6: parts.get("ip6"), gateway6: parts.get("gw6") };
}

/** What a node tells its guests of names, where their configuration says nothing. */
export interface Resolver {
  search: string | undefined;
  nameservers: readonly string[];
}

/**
 * What cloud-init in a machine is told (PVE::QemuServer::Cloudinit, generate_nocloud). The instance's id follows from the rest:
 * a machine that gets another address or user is a new one for cloud-init, which makes new host keys.
 */
export function seedFiles(keys: Keys, vmid: number, resolver: Resolver): SeedFiles {
  const userData = userText(keys, vmid, keys.get("cipassword"));
  const networkConfig = networkText(keys, resolver);
  return { metaData: `instance-id: ${instanceOf(userData, networkConfig)}\n`, userData, networkConfig };
}

/** One of these texts as it is shown, in the form that the machine's system takes. @param hidden stars for the password */
export function seedText(
  type: "user" | "network" | "meta",
  keys: Keys,
  vmid: number,
  resolver: Resolver,
  hidden: boolean,
): string {
  const password = keys.get("cipassword");
  if (type === "user") return userText(keys, vmid, hidden && password !== undefined ? "**********" : password);
  if (!isConfigDrive(keys)) {
    const { networkConfig, metaData } = seedFiles(keys, vmid, resolver);
    return type === "network" ? networkConfig : metaData;
  }
  const network = interfacesText(keys, resolver);
  if (type === "network") return network;
  const uuid = instanceOf(userText(keys, vmid, password), network);
  return `{\n     "uuid": "${uuid}",\n     "network_config": { "content_path": "/content/0000" }\n}\n`;
}

function instanceOf(user: string, network: string): string {
  return createHash("sha1")
    .update(user + network)
    .digest("hex");
}

/** Windows wants another form of drive unless the configuration names one. */
function isConfigDrive(keys: Keys): boolean {
  const type = keys.get("citype") ?? (isWindows(keys.get("ostype")) ? "configdrive2" : "nocloud");
  return type !== "nocloud";
}

function lines(...texts: readonly (string | false)[]): string {
  return texts.map((text) => (text === false ? "" : `${text}\n`)).join("");
}

function userText(keys: Keys, vmid: number, password: string | undefined): string {
  const name = keys.get("name") ?? `VM${vmid}`;
  const [hostname = name] = name.split(".");
  const search = keys.get("searchdomain");
  const fqdn = name.includes(".") || search === undefined || search === "" ? name : `${name}.${search}`;
  const user = keys.get("ciuser");
  const sshKeys = decodeURIComponent(keys.get("sshkeys") ?? "")
    .split("\n")
    .filter((key) => key.trim() !== "");
  return lines(
    "#cloud-config",
    `hostname: ${hostname}`,
    "manage_etc_hosts: true",
    `fqdn: ${fqdn}`,
    user !== undefined && `user: ${user}`,
    user === "root" && "disable_root: False",
    password !== undefined && `password: ${password}`,
    keys.has("sshkeys") && "ssh_authorized_keys:",
    ...sshKeys.map((key) => `  - ${key}`),
    "chpasswd:",
    "  expire: False",
    user !== "root" && "users:",
    user !== "root" && "  - default",
    keys.get("ciupgrade") !== "0" && "package_upgrade: true",
  );
}

/** Cards that `ipconfigN` tells something of, in the order of their names. */
function cardsWithAddresses(keys: Keys): { number: string; mac: string; addresses: CardAddresses }[] {
  const cards = [...keys.keys()].filter((key) => /^net\d+$/.test(key)).sort();
  return cards.flatMap((key) => {
    const number = key.slice("net".length);
    const addresses = keys.get(`ipconfig${number}`);
    if (addresses === undefined) return [];
    const { mac } = parseNetwork("qemu", keys.get(key) ?? "", key);
    return [{ number, mac: mac?.toLowerCase() ?? "", addresses: readAddresses(addresses) }];
  });
}

function namesOf(keys: Keys, resolver: Resolver): { search: string[]; nameservers: readonly string[] } {
  const given = keys.get("nameserver");
  return {
    search: splitList(keys.get("searchdomain") ?? resolver.search ?? ""),
    nameservers: given === undefined ? resolver.nameservers : splitList(given),
  };
}

/** Version 1 of cloud-init's own form. */
function networkText(keys: Keys, resolver: Resolver): string {
  const cards = cardsWithAddresses(keys).map(
    ({ number, mac, addresses }) =>
      lines("    - type: physical", `      name: eth${number}`, `      mac_address: '${mac}'`, "      subnets:") +
      lines(...subnetLines(addresses)),
  );
  const { search, nameservers } = namesOf(keys, resolver);
  // A node always names a resolver. cloud-init refuses an entry without any address, which one of the sandbox would give.
  const names =
    search.length + nameservers.length === 0
      ? ""
      : lines(
          "    - type: nameserver",
          nameservers.length > 0 && "      address:",
          ...nameservers.map((address) => `      - '${address}'`),
          search.length > 0 && "      search:",
          ...search.map((domain) => `      - '${domain}'`),
        );
  return `version: 1\nconfig:\n${cards.join("")}${names}`;
}

function subnetLines({ ip, gateway, ip6, gateway6 }: CardAddresses): string[] {
  const four = (text: string): string[] => {
    const { address, mask } = splitAddress(text);
    return [
      "      - type: static",
      `        address: '${address}'`,
      `        netmask: '${mask}'`,
      ...routerLines(gateway),
    ];
  };
  const six = (text: string): string[] => [
    "      - type: static6",
    `        address: '${text}'`,
    ...routerLines(gateway6),
  ];
  const named: Readonly<Record<string, string[]>> = {
    dhcp: ["      - type: dhcp6"],
    auto: ["      - type: ipv6_slaac"],
  };
  return [
    ...(ip === undefined ? [] : ip === "dhcp" ? ["      - type: dhcp4"] : four(ip)),
    ...(ip6 === undefined ? [] : (named[ip6] ?? six(ip6))),
  ];
}

function routerLines(address: string | undefined): string[] {
  return address === undefined ? [] : [`        gateway: '${address}'`];
}

/** As /etc/network/interfaces says it, which the other form of drive has. */
function interfacesText(keys: Keys, resolver: Resolver): string {
  const { search, nameservers } = namesOf(keys, resolver);
  const cards = cardsWithAddresses(keys).map(({ number, addresses: { ip, gateway, ip6, gateway6 } }) => {
    const [address6 = "", mask6 = ""] = (ip6 ?? "").split("/");
    const four = ip === undefined || ip === "dhcp" ? undefined : splitAddress(ip);
    const isNamed = ip6 === "auto" || ip6 === "dhcp";
    return lines(
      `auto eth${number}`,
      ip === "dhcp" && `iface eth${number} inet dhcp`,
      four !== undefined && `iface eth${number} inet static`,
      four !== undefined && `        address ${four.address}`,
      four !== undefined && `        netmask ${four.mask}`,
      four !== undefined && gateway !== undefined && `        gateway ${gateway}`,
      isNamed && `iface eth${number} inet6 ${ip6}`,
      ip6 !== undefined && !isNamed && `iface eth${number} inet6 static`,
      ip6 !== undefined && !isNamed && `        address ${address6}`,
      ip6 !== undefined && !isNamed && `        netmask ${mask6}`,
      ip6 !== undefined && !isNamed && gateway6 !== undefined && `        gateway ${gateway6}`,
    );
  });
  const head = lines(
    "auto lo",
    "iface lo inet loopback",
    "",
    nameservers.length > 0 && `        dns_nameservers ${nameservers.join(" ")}`,
    search.length > 0 && `        dns_search ${search.join(" ")}`,
  );
  return `${head}${cards.join("")}`;
}

/** `192.0.2.5/24` as its two parts, the second as a mask. */
function splitAddress(text: string): { address: string; mask: string } {
  const [address = "", bits] = text.split("/");
  if (bits === undefined) throw death(`not a CIDR: ${text}`);
  const ones = 2 ** 32 - 2 ** (32 - Number(bits));
  const mask = [24, 16, 8, 0].map((shift) => Math.floor(ones / 2 ** shift) % 256).join(".");
  return { address, mask };
}
