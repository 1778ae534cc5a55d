import { parseNetwork, PropertyStringError, type NetworkInterface } from "../../proxmox/rules/property-strings";
import type { ConfigurationKeys } from "../../proxmox/rules/guest-configuration";
import type { ContainerGuest, Network } from "../settings/environment";
import { parseHostAddress } from "../settings/values/addresses";
import { formatSize, mebibyte } from "../settings/values/sizes";
import { compareDisks, type DiskDifference } from "./compare-disks";
import type { LiveContainer } from "./replacements";

/**
 * Changes of the settings after which the provider reboots a running container (A11): one line each. Source:
 * `rebootRequired` in bpg/terraform-provider-proxmox 0.112, `containerUpdate`. What it changes without a reboot is left
 * out: cores, tags, description, start on boot, protection, features, and the size of the root disk.
 */
export function reboots(guest: ContainerGuest, { configuration, running }: LiveContainer): string[] {
  if (!running || !guest.started) return [];
  return [
    ...compareDisks(guest, configuration).flatMap(diskReboot),
    ...textReboots(guest, configuration),
    ...networkReboots(guest.network, configuration),
  ];
}

function diskReboot(difference: DiskDifference): string[] {
  switch (difference.kind) {
    case "backup":
      return [`disk ${difference.disk.name} is ${difference.found ? "taken out of" : "put into"} backups`];
    case "read-only":
      return [`disk ${difference.disk.name} becomes ${difference.found ? "writable" : "read-only"}`];
    case "mount":
      return [`disk ${difference.disk.name} moves from ${difference.found} to ${difference.disk.mount}`];
    default:
      return [];
  }
}

function textReboots(guest: ContainerGuest, configuration: ConfigurationKeys): string[] {
  const { hostname, memory, swap, osType, nameservers, searchDomain } = guest;
  const lists = (configuration["nameserver"] ?? "").split(/[\s,;]+/u).filter((server) => server !== "");
  return [
    ...changed("host name", configuration["hostname"], hostname),
    ...changed("memory", sizeOf(configuration["memory"]), formatSize(memory)),
    ...changed("swap", sizeOf(configuration["swap"]), swap === 0 ? "none" : formatSize(swap)),
    ...changed("operating system", configuration["ostype"], osType),
    // Without a word in the settings the provider leaves them alone.
    ...(nameservers.length === 0 ? [] : changed("name servers", lists.join(", ") || "none", nameservers.join(", "))),
    ...(searchDomain === undefined
      ? []
      : changed("search domain", configuration["searchdomain"] ?? "none", searchDomain)),
  ];
}

/** Proxmox counts MiB. */
function sizeOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  return text === "0" ? "none" : formatSize(Number(text) * mebibyte);
}

/** What Proxmox does not say is taken for unchanged. */
function changed(what: string, found: string | undefined, wanted: string): string[] {
  return found === undefined || found === wanted ? [] : [`${what} from ${found} to ${wanted}`];
}

function networkReboots({ bridge, mac, vlan, firewall, address }: Network, configuration: ConfigurationKeys): string[] {
  const live = firstInterface(configuration);
  if (live === undefined) return [];
  const gateway = address.kind === "static" ? address.gateway : undefined;
  const found = addressesOf(live);
  return [
    ...changed("bridge", live.bridge, bridge),
    ...(mac === undefined ? [] : changed("MAC address", live.mac?.toUpperCase(), mac)),
    ...changed("VLAN", String(live.tag ?? "none"), String(vlan ?? "none")),
    ...changed("firewall of the interface", onOff(live.firewall ?? false), onOff(firewall)),
    ...(sameAddress(found.address, address) ? [] : [`address from ${found.address ?? "none"} to ${textOf(address)}`]),
    ...changed("gateway", found.gateway ?? "none", gateway ?? "none"),
  ];
}

function firstInterface(configuration: ConfigurationKeys): NetworkInterface | undefined {
  const text = configuration["net0"];
  if (text === undefined) return undefined;
  try {
    return parseNetwork("lxc", text, "net0", "keep");
  } catch (error) {
    if (error instanceof PropertyStringError) return undefined;
    throw error;
  }
}

/** The settings give one address, of either kind. */
function addressesOf({ ip, gateway, ip6, gateway6 }: NetworkInterface) {
  return ip === undefined && ip6 !== undefined ? { address: ip6, gateway: gateway6 } : { address: ip, gateway };
}

/** An address can be written in several ways. */
function sameAddress(found: string | undefined, wanted: Network["address"]): boolean {
  if (wanted.kind === "dhcp") return found === "dhcp";
  const [left, right] = [parseHostAddress(found), parseHostAddress(wanted.cidr)];
  return left !== undefined && left.value === right?.value && left.prefix === right.prefix;
}

function textOf(address: Network["address"]): string {
  return address.kind === "dhcp" ? "dhcp" : address.cidr;
}

function onOff(flag: boolean): string {
  return flag ? "on" : "off";
}
