import { formatSize, parseSize } from "../../../proxmox/rules/property-strings";
import { death, ProxmoxFailure } from "../protocol/failure";
import { FormatError } from "../protocol/format-error";
import { parseProperties } from "../protocol/parameter-check";
import type { PropertyFormat } from "../protocol/parameters";

/** A parsed property string, such as a mount point: booleans are `0` or `1`, sizes are bytes. */
export type Properties = Map<string, string>;

/**
 * Property strings of guests' configurations, after PVE::LXC::Config. The keys' types decide how a value is read; the
 * order in which Proxmox prints is: the key without a name, required keys, then optional ones, each group by name.
 */
const rootFileSystem: PropertyFormat = {
  volume: { type: "string", defaultKey: true, format: "pve-lxc-mp-string" },
  size: { type: "string", format: "disk-size", optional: true },
  acl: { type: "boolean", optional: true },
  mountoptions: {
    type: "string",
    optional: true,
    pattern: "(discard|lazytime|noatime|nodev|noexec|nosuid)(;(discard|lazytime|noatime|nodev|noexec|nosuid))*",
  },
  idmap: {
    type: "string",
    optional: true,
    pattern: "(?:passthrough|[ug]:[0-9]+:[0-9]+:[1-9][0-9]*(?:;[ug]:[0-9]+:[0-9]+:[1-9][0-9]*)*)",
  },
  ro: { type: "boolean", optional: true },
  quota: { type: "boolean", optional: true },
  replicate: { type: "boolean", optional: true },
  shared: { type: "boolean", optional: true },
};

const mountPoint: PropertyFormat = {
  ...rootFileSystem,
  backup: { type: "boolean", optional: true },
  mp: { type: "string", format: "pve-lxc-mp-string" },
  keepattrs: { type: "boolean", optional: true },
};

const unusedVolume: PropertyFormat = {
  volume: { type: "string", defaultKey: true, format: "pve-volume-id" },
};

const containerNetwork: PropertyFormat = {
  type: { type: "string", optional: true, enum: ["veth"] },
  name: { type: "string", pattern: "[-_.\\w\\d]+" },
  bridge: { type: "string", optional: true, pattern: "[-_.\\w\\d]+" },
  hwaddr: { type: "string", optional: true, format: "mac-addr" },
  mtu: { type: "integer", optional: true, minimum: 64, maximum: 65535 },
  ip: { type: "string", optional: true, format: "pve-ipv4-config" },
  gw: { type: "string", optional: true, format: "ipv4" },
  ip6: { type: "string", optional: true, format: "pve-ipv6-config" },
  gw6: { type: "string", optional: true, format: "ipv6" },
  firewall: { type: "boolean", optional: true },
  tag: { type: "integer", optional: true, minimum: 1, maximum: 4094 },
  trunks: { type: "string", optional: true, pattern: "\\d+(?:;\\d+)*" },
  rate: { type: "number", optional: true },
  link_down: { type: "boolean", optional: true },
  "host-managed": { type: "boolean", optional: true },
};

const features: PropertyFormat = {
  mount: { type: "string", optional: true, pattern: "[a-zA-Z0-9_; ]+" },
  nesting: { type: "boolean", optional: true },
  keyctl: { type: "boolean", optional: true },
  fuse: { type: "boolean", optional: true },
  mknod: { type: "boolean", optional: true },
  force_rw_sys: { type: "boolean", optional: true },
};

const device: PropertyFormat = {
  path: { type: "string", defaultKey: true, optional: true, format: "pve-lxc-dev-string" },
  mode: { type: "string", optional: true, pattern: "0[0-7]{3}" },
  uid: { type: "integer", optional: true, minimum: 0 },
  gid: { type: "integer", optional: true, minimum: 0 },
  "deny-write": { type: "boolean", optional: true },
};

export const FORMATS = { rootFileSystem, mountPoint, unusedVolume, containerNetwork, features, device } as const;

/** @throws the text of Proxmox for a string that does not have the format */
export function readProperties(format: PropertyFormat, text: string): Properties {
  try {
    const properties = parseProperties(format, text, "");
    for (const [key, value] of properties) {
      if (format[key]?.format === "disk-size") properties.set(key, String(readSize(value)));
    }
    return properties;
  } catch (failure) {
    if (!(failure instanceof FormatError)) throw failure;
    if (failure.problems.size === 0) throw death(failure.message);
    const problems = [...failure.problems].map(([key, problem]) => [key.replace(/^\./, ""), problem]);
    throw new ProxmoxFailure(500, "format error", Object.fromEntries(problems));
  }
}

function readSize(text: string): number {
  const size = parseSize(text);
  if (size === undefined) throw death(`invalid size: ${text}`);
  return size;
}

/** Prints in Proxmox's order. @param skip keys that are left out */
export function writeProperties(format: PropertyFormat, properties: Properties, skip: readonly string[] = []): string {
  const rank = (key: string): number => {
    if (format[key]?.defaultKey === true) return 0;
    return format[key]?.optional === true ? 2 : 1;
  };
  return [...properties.keys()]
    .filter((key) => !skip.includes(key))
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .map((key) => {
      const value = properties.get(key) ?? "";
      const text = format[key]?.format === "disk-size" ? formatSize(Number(value)) : value;
      return rank(key) === 0 ? text : `${key}=${text}`;
    })
    .join(",");
}
