import { createHash } from "node:crypto";
import { stringify } from "yaml";
import { parseNetwork } from "../../../../proxmox/rules/property-strings";
import type { SeedFiles } from "../../drivers/machines";
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

/**
 * What cloud-init in a machine is told (PVE::QemuServer::Cloudinit, generate_nocloud). The instance's id follows from the rest:
 * a machine that gets another address or user is a new one for cloud-init, which makes new host keys.
 */
export function seedFiles(keys: Keys, vmid: number): SeedFiles {
  const userData = `#cloud-config\n${stringify(userOf(keys, vmid))}`;
  const networkConfig = stringify({ version: 1, config: networkOf(keys) });
  const id = createHash("sha1")
    .update(userData + networkConfig)
    .digest("hex");
  return { metaData: `instance-id: ${id}\n`, userData, networkConfig };
}

function userOf(keys: Keys, vmid: number): object {
  const name = keys.get("name") ?? `VM${vmid}`;
  const [hostname = name] = name.split(".");
  const user = keys.get("ciuser");
  const password = keys.get("cipassword");
  const sshKeys = decodeURIComponent(keys.get("sshkeys") ?? "")
    .split("\n")
    .filter((key) => key.trim() !== "");
  return {
    hostname,
    manage_etc_hosts: true,
    fqdn: name,
    ...(user === undefined ? {} : { user }),
    ...(user === "root" ? { disable_root: false } : {}),
    ...(password === undefined ? {} : { password }),
    ...(sshKeys.length === 0 ? {} : { ssh_authorized_keys: sshKeys }),
    chpasswd: { expire: false },
    ...(user === "root" ? {} : { users: ["default"] }),
    ...(keys.get("ciupgrade") === "0" ? {} : { package_upgrade: true }),
  };
}

function networkOf(keys: Keys): object[] {
  const cards = [...keys.keys()].filter((key) => /^net\d+$/.test(key)).sort();
  const physical = cards.flatMap((key) => {
    const number = key.slice("net".length);
    const addresses = keys.get(`ipconfig${number}`);
    if (addresses === undefined) return [];
    const { mac } = parseNetwork("qemu", keys.get(key) ?? "", key);
    const subnets = subnetsOf(readAddresses(addresses));
    return [{ type: "physical", name: `eth${number}`, mac_address: mac?.toLowerCase() ?? "", subnets }];
  });
  const search = splitList(keys.get("searchdomain") ?? "");
  const address = splitList(keys.get("nameserver") ?? "");
  if (address.length + search.length === 0) return physical;
  return [...physical, { type: "nameserver", address, search }];
}

function subnetsOf({ ip, gateway, ip6, gateway6 }: CardAddresses): object[] {
  const four = ip === undefined ? [] : [ip === "dhcp" ? { type: "dhcp4" } : fixed("static", ip, gateway)];
  const named: Readonly<Record<string, object>> = { dhcp: { type: "dhcp6" }, auto: { type: "ipv6_slaac" } };
  const six = ip6 === undefined ? [] : [named[ip6] ?? fixed("static6", ip6, gateway6)];
  return [...four, ...six];
}

function fixed(type: string, address: string, gateway: string | undefined): object {
  return { type, address, ...(gateway === undefined ? {} : { gateway }) };
}
