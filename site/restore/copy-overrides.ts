import { createHash } from "node:crypto";
import type { ConfigurationKeys } from "../../proxmox/rules/guest-configuration";
import { formatNetwork, isNetworkKey, parseNetwork, type NetworkInterface } from "../../proxmox/rules/property-strings";
import { markTag } from "../mark";
import { copyLine, copyTag } from "./copy-notes";
import { nameOf } from "./identity";

export interface CopyOptions {
  readonly kind: "lxc" | "qemu";
  /** Id of the copy. */
  readonly targetId: number;
  /** Id of the guest that is copied. */
  readonly sourceId: number;
  /** Volume id of the archive, for the copy's notes. */
  readonly archive: string;
  /** Another bridge for all interfaces, such as an isolated one. */
  readonly bridge?: string | undefined;
  /** An address of its own for the first interface of a container; its link is then up. */
  readonly address?: { readonly ip: string; readonly gateway?: string | undefined } | undefined;
}

/** What keeps a copy from colliding with its original, as parameters of the restore request. */
export interface CopyOverrides {
  readonly parameters: Readonly<Record<string, string | boolean>>;
  /** The copy's host name. */
  readonly name: string;
  /** What was changed, one line each, for the plan. */
  readonly changes: readonly string[];
}

/**
 * Overrides for a restored copy (D10). They are part of the restore request: changed afterwards, the copy could run for
 * a moment as its original's twin.
 *
 * - MAC: every interface gets one of its own, derived from the original's and the copy's id, so that the same plan has
 *   the same request. `unique=1` is for virtual machines only, where it covers what is not named here (`smbios1`). For a
 *   container it must not be sent: Proxmox then takes the archive's `netN`, address included, gives it a random MAC, and
 *   drops the `netN` of the request (pve-container, `sanitize_and_merge_config`).
 * - Address: DHCP gives another one to another MAC. A static one is dropped, and the link is down: inside, files that
 *   Proxmox does not write may still set it. Of a virtual machine nothing is known, so its links are always down.
 * - Autostart, Proxmox's protection and Lifeboat's mark are the original's alone. With the mark the copy would count as
 *   a guest that the settings made (A14).
 *
 * Needs `VM.Config.Network` and `VM.Config.Options` on the copy besides the rights of a restore.
 *
 * @throws PropertyStringError when the archive's network settings cannot be read.
 */
export function copyOverrides(archived: ConfigurationKeys, options: CopyOptions): CopyOverrides {
  const { kind, targetId, sourceId } = options;
  const original = nameOf(kind, archived) ?? `guest-${sourceId}`;
  const name = copyName(original, targetId);
  const networks = Object.keys(archived)
    .filter(isNetworkKey)
    .sort((a, b) => Number(a.slice("net".length)) - Number(b.slice("net".length)))
    .map((key, index) => ({ key, ...copyNetwork(key, archived[key] ?? "", options, index === 0) }));
  return {
    parameters: {
      onboot: false,
      protection: false,
      tags: copyTags(archived["tags"]),
      description: copyLine({ name: original, id: sourceId, archive: options.archive }),
      [kind === "lxc" ? "hostname" : "name"]: name,
      ...Object.fromEntries(networks.map(({ key, parameter }) => [key, parameter])),
      ...(kind === "qemu" ? { unique: true, ...cloudInitAddresses(archived) } : {}),
    },
    name,
    changes: [
      `name ${name} instead of ${original}`,
      "no start at boot",
      ...networks.map(({ key, change }) => `${key}: ${change}`),
    ],
  };
}

/** Longest name of a host, without its domain. */
const labelLimit = 63;

/** `web.example.org` becomes `web-201.example.org`. */
function copyName(original: string, targetId: number): string {
  const [label = "", ...domain] = original.split(".");
  const suffix = `-${targetId}`;
  return [label.slice(0, labelLimit - suffix.length).replace(/-+$/, "") + suffix, ...domain].join(".");
}

function copyTags(tags: string | undefined): string {
  const kept = (tags ?? "").split(/[;,\s]+/).filter((tag) => tag !== "" && tag !== markTag && tag !== copyTag);
  return [...kept, copyTag].sort().join(";");
}

interface CopiedNetwork {
  readonly parameter: string;
  readonly change: string;
}

function copyNetwork(key: string, text: string, options: CopyOptions, isFirst: boolean): CopiedNetwork {
  const original = parseNetwork(options.kind, text, key, "keep");
  const mac = derivedMac(original.mac ?? "", options.targetId, key);
  const address = isFirst && options.kind === "lxc" ? options.address : undefined;
  const isolated =
    address === undefined && (options.kind === "qemu" || isStatic(original.ip) || isStatic(original.ip6));
  const copy: NetworkInterface = {
    ...withoutAddresses(original),
    mac,
    ...(address === undefined ? keptAddresses(original) : { ip: address.ip }),
    ...(address?.gateway === undefined ? {} : { gateway: address.gateway }),
    ...(options.bridge === undefined ? {} : { bridge: options.bridge }),
    ...(isolated ? { linkDown: true } : {}),
  };
  const changes = [`MAC ${mac}`];
  if (address !== undefined) {
    changes.push(`address ${address.ip}`);
  } else if (options.kind === "lxc" && isolated) {
    changes.push("no address");
  }
  if (isolated) {
    changes.push("link down");
  }
  return { parameter: formatNetwork(options.kind, copy, key, "keep"), change: changes.join(", ") };
}

function isStatic(ip: string | undefined): boolean {
  return ip?.includes("/") === true;
}

function withoutAddresses(network: NetworkInterface): NetworkInterface {
  const { ip: _ip, gateway: _gateway, ip6: _ip6, gateway6: _gateway6, ...rest } = network;
  return rest;
}

/** `dhcp`, `auto` and `manual` stay; a static address becomes `manual`. */
function keptAddresses({ ip, ip6 }: NetworkInterface): Pick<NetworkInterface, "ip" | "ip6"> {
  return {
    ...(ip === undefined ? {} : { ip: isStatic(ip) ? "manual" : ip }),
    ...(ip6 === undefined ? {} : { ip6: isStatic(ip6) ? "manual" : ip6 }),
  };
}

/** Cloud-init would set the original's static addresses at the copy's first start. */
function cloudInitAddresses(archived: ConfigurationKeys): Record<string, string> {
  const keys = Object.keys(archived).filter((key) => /^ipconfig\d+$/.test(key) && /=[^,]*\//.test(archived[key] ?? ""));
  return Object.fromEntries(keys.map((key) => [key, "ip=dhcp"]));
}

/**
 * A MAC address that is locally administered, so that it is no manufacturer's (and not of Proxmox's range), and for one
 * receiver. 46 of its bits are a hash of what it stands for.
 */
export function derivedMac(original: string, targetId: number, key: string): string {
  const hash = createHash("sha256").update(`${original.toUpperCase()} ${targetId} ${key}`).digest();
  const bytes = [...hash.subarray(0, 6)].map((byte, index) => (index === 0 ? (byte & 0xfc) | 0x02 : byte));
  return bytes.map((byte) => byte.toString(16).toUpperCase().padStart(2, "0")).join(":");
}
