import { randomBytes } from "node:crypto";
import type { ContainerNetwork } from "../../drivers/driver";
import type { Authority } from "../../model/access";
import { FORMATS, readProperties, writeProperties, type Properties } from "../properties";

/** Proxmox's own prefix for addresses that it makes up. */
const PREFIX = "BC:24:11";

export function randomHardwareAddress(): string {
  const rest = [...randomBytes(3)].map((byte) => byte.toString(16).toUpperCase().padStart(2, "0"));
  return [PREFIX, ...rest].join(":");
}

/** Reads `netN`, with the type and, where it has none, a new hardware address (PVE::LXC::Config::parse_lxc_network). */
export function readNetwork(text: string): Properties {
  const network = readProperties(FORMATS.containerNetwork, text);
  network.set("type", "veth");
  const address = network.get("hwaddr");
  network.set("hwaddr", address === undefined ? randomHardwareAddress() : address.toUpperCase());
  return network;
}

export function writeNetwork(network: Properties): string {
  return writeProperties(FORMATS.containerNetwork, network);
}

/** Network interfaces in the order of their numbers. */
export function networksOf(keys: ReadonlyMap<string, string>): ContainerNetwork[] {
  return [...keys.keys()]
    .filter((key) => /^net\d+$/.test(key))
    .sort((a, b) => Number(a.slice(3)) - Number(b.slice(3)))
    .map((key) => {
      const network = readNetwork(keys.get(key) ?? "");
      return {
        number: Number(key.slice(3)),
        name: network.get("name") ?? "eth0",
        bridge: network.get("bridge"),
        hardwareAddress: network.get("hwaddr") ?? "",
        ip: network.get("ip"),
        gateway: network.get("gw"),
        ip6: network.get("ip6"),
        gateway6: network.get("gw6"),
        linkDown: network.get("link_down") === "1",
        firewall: network.get("firewall") === "1",
      };
    });
}

/**
 * The right to use a network's bridge (PVE::LXC::check_bridge_access). root@pam has it.
 * @throws `Permission check failed (/sdn/zones/localnetwork/vmbr0, SDN.Use)`
 */
export function checkBridge(authority: Authority, text: string): void {
  if (authority.isRoot) return;
  const network = readNetwork(text);
  checkVirtualNetwork(authority, network.get("bridge"), network.get("tag"), network.get("trunks"));
}

/** The right to use a bridge with these VLANs (PVE::GuestHelpers::check_vnet_access). */
export function checkVirtualNetwork(
  authority: Authority,
  bridge: string | undefined,
  tag: string | undefined,
  trunks: string | undefined,
): void {
  if (bridge === undefined) return;
  const path = `/sdn/zones/localnetwork/${bridge}`;
  if (tag !== undefined) authority.check(`${path}/${tag}`, "SDN.Use");
  for (const trunk of trunkTags(trunks)) authority.check(`${path}/${trunk}`, "SDN.Use");
  if (tag === undefined && trunks === undefined) authority.check(path, "SDN.Use");
}

function trunkTags(trunks: string | undefined): string[] {
  const tags = new Set(
    (trunks ?? "").split(";").flatMap((part) => {
      const [first = "", last = first] = part.split("-");
      if (first === "") return [];
      return Array.from(
        { length: Math.max(1, Number(last) - Number(first) + 1) },
        (_, step) => `${Number(first) + step}`,
      );
    }),
  );
  return [...tags].sort();
}
