import type { ConfigurationKeys } from "../../proxmox/rules/guest-configuration";
import { formatNetwork, isNetworkKey, parseNetwork, type NetworkInterface } from "../../proxmox/rules/property-strings";
import { markTag } from "../mark";
import { derivedMac } from "../restore/copy-overrides";
import { nameOf } from "../restore/identity";

/** Tag of every copy that a drill makes, for people and lists. The mark in the notes decides. */
export const drillTag = `${markTag}-drill`;

export interface DrillCopy {
  readonly kind: "lxc" | "qemu";
  readonly targetId: number;
  readonly bridge: string;
}

/**
 * What a copy for a drill gets in the restore request itself: every card on the drill's bridge from the first moment on, with a
 * MAC address of its own. Name and addresses stay the original's, since on a bridge that leads nowhere nothing can collide,
 * and an application finds its database where it always was. VLAN and firewall belong to the network that it is not in.
 *
 * @throws PropertyStringError when the archive's network settings cannot be read
 */
export function drillParameters(archived: ConfigurationKeys, copy: DrillCopy): Record<string, string | boolean> {
  const { kind } = copy;
  const name = nameOf(kind, archived);
  const cards = Object.keys(archived).filter(isNetworkKey);
  return {
    onboot: false,
    protection: false,
    tags: drillTag,
    ...(name === undefined ? {} : { [kind === "lxc" ? "hostname" : "name"]: name }),
    ...Object.fromEntries(cards.map((key) => [key, cardOf(key, archived[key] ?? "", copy)])),
  };
}

/** MAC addresses that the copy's cards get, in capitals. */
export function drillMacs(archived: ConfigurationKeys, copy: DrillCopy): string[] {
  return Object.keys(archived)
    .filter(isNetworkKey)
    .map((key) => macOf(key, parseNetwork(copy.kind, archived[key] ?? "", key, "keep"), copy));
}

function cardOf(key: string, text: string, copy: DrillCopy): string {
  const original = parseNetwork(copy.kind, text, key, "keep");
  const { tag: _tag, trunks: _trunks, firewall: _firewall, linkDown: _linkDown, ...kept } = original;
  const mac = macOf(key, original, copy);
  return formatNetwork(copy.kind, { ...kept, mac, bridge: copy.bridge }, key, "keep");
}

function macOf(key: string, { mac = "" }: NetworkInterface, { targetId }: DrillCopy): string {
  return derivedMac(mac, targetId, key);
}

/** Where a copy is found, and by which address of its network somebody can ask it. */
export interface ProbeAddress {
  /** `192.0.2.101` */
  readonly host: string;
  /** An address of the guest's network for who asks, with its prefix: `192.0.2.1/24`. */
  readonly from: string;
}

/** The fixed IPv4 address of an archived guest, with its gateway. */
export function fixedAddress(
  kind: "lxc" | "qemu",
  archived: ConfigurationKeys,
): { readonly cidr: string; readonly gateway: string | undefined } | undefined {
  if (kind === "qemu") {
    const parts = new Map((archived["ipconfig0"] ?? "").split(",").map((part) => splitOnce(part)));
    const cidr = parts.get("ip");
    return cidr?.includes("/") === true ? { cidr, gateway: parts.get("gw") } : undefined;
  }
  const first = Object.keys(archived).filter(isNetworkKey).sort().at(0);
  if (first === undefined) return undefined;
  const { ip, gateway } = parseNetwork(kind, archived[first] ?? "", first, "keep");
  return ip?.includes("/") === true ? { cidr: ip, gateway } : undefined;
}

function splitOnce(text: string): [string, string] {
  const at = text.indexOf("=");
  return [text.slice(0, at), text.slice(at + 1)];
}

/**
 * The gateway's own address where no guest has it, so that answers to anywhere come back; else the highest free one.
 *
 * @param taken addresses of guests that are up at the same time
 */
export function probeAddress(
  { cidr, gateway }: { readonly cidr: string; readonly gateway: string | undefined },
  taken: ReadonlySet<string>,
): ProbeAddress | undefined {
  const [host = "", prefixText = ""] = cidr.split("/");
  const prefix = Number(prefixText);
  if (!(prefix >= 8 && prefix <= 30)) return undefined;
  if (gateway !== undefined && !taken.has(gateway)) return { host, from: `${gateway}/${prefixText}` };
  const own = numberOf(host);
  const size = 2 ** (32 - prefix);
  const network = own - (own % size);
  for (let offset = size - 2; offset > 0; offset -= 1) {
    const candidate = textOf(network + offset);
    if (candidate !== host && !taken.has(candidate)) return { host, from: `${candidate}/${prefixText}` };
  }
  return undefined;
}

function numberOf(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function textOf(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
}
