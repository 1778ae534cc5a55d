/**
 * Network interfaces of guests, `netN`. Sources: pve-container, `PVE::LXC::Config`; qemu-server,
 * `PVE::QemuServer::Network`.
 */
import {
  readProperties,
  writeProperties,
  type PropertyFormat,
  type PropertyType,
  type UnknownProperties,
} from "./property-format";

/** A network interface, `netN`. */
export interface NetworkInterface {
  /** Container: name inside, such as `eth0`. */
  readonly name?: string;
  /** Virtual machine: the card, such as `virtio`. */
  readonly model?: string;
  readonly bridge?: string;
  /** `BC:24:11:00:00:01`. */
  readonly mac?: string;
  /** Container: address with prefix, `dhcp` or `manual`. */
  readonly ip?: string;
  readonly gateway?: string;
  /** Container: address with prefix, `auto`, `dhcp` or `manual`. */
  readonly ip6?: string;
  readonly gateway6?: string;
  readonly firewall?: boolean;
  readonly linkDown?: boolean;
  readonly mtu?: number;
  /** MB/s. */
  readonly rate?: number;
  /** VLAN. */
  readonly tag?: number;
  readonly trunks?: string;
  /** Everything else, by Proxmox's names. */
  readonly options: ReadonlyMap<string, string>;
}

function text(isValid: (value: string) => boolean, problem: string): PropertyType {
  return { type: "text", check: (value) => (isValid(value) ? undefined : problem) };
}

const noMatch = "value does not match the regex pattern";
const bridge = text((value) => /^[-_.\w]+$/.test(value), noMatch);
const macAddress = text(
  // The second digit is even in addresses of one receiver.
  (value) => /^[a-f0-9][02468ace](?::[a-f0-9]{2}){5}$/i.test(value),
  "invalid format - value does not look like a valid unicast MAC address",
);

/** True for an IPv4 address. */
function isIpv4(value: string): boolean {
  const parts = value.split(".");
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

function groups(part: string): string[] {
  return part === "" ? [] : part.split(":");
}

/** True for an IPv6 address, without a zone. */
export function isIpv6(value: string): boolean {
  const [head, tail, ...rest] = value.split("::");
  if (head === undefined || rest.length > 0) {
    return false;
  }
  const all = [...groups(head), ...groups(tail ?? "")];
  const last = all.at(-1) ?? "";
  const embedsIpv4 = last.includes(".") && isIpv4(last);
  const hexadecimal = embedsIpv4 ? all.slice(0, -1) : all;
  const length = hexadecimal.length + (embedsIpv4 ? 2 : 0);
  return (
    hexadecimal.every((group) => /^[0-9a-f]{1,4}$/i.test(group)) && (tail === undefined ? length === 8 : length < 8)
  );
}

function isCidr(value: string, isAddress: (address: string) => boolean, bits: number): boolean {
  const [address = "", prefix = "", ...rest] = value.split("/");
  return rest.length === 0 && isAddress(address) && /^\d{1,3}$/.test(prefix) && Number(prefix) <= bits;
}

const containerFormat: PropertyFormat = {
  required: ["name"],
  properties: {
    name: text((value) => /^[-_.\w]+$/.test(value), noMatch),
    bridge,
    firewall: { type: "boolean" },
    gw: text(isIpv4, "invalid format - value does not look like a valid IPv4 address"),
    gw6: text(isIpv6, "invalid format - value does not look like a valid IPv6 address"),
    "host-managed": { type: "boolean" },
    hwaddr: macAddress,
    ip: text(
      (value) => value === "dhcp" || value === "manual" || isCidr(value, isIpv4, 32),
      "invalid format - value does not look like a valid ipv4 network configuration",
    ),
    ip6: text(
      (value) => ["auto", "dhcp", "manual"].includes(value) || isCidr(value, isIpv6, 128),
      "invalid format - value does not look like a valid ipv6 network configuration",
    ),
    link_down: { type: "boolean" },
    mtu: { type: "integer", minimum: 64, maximum: 65535 },
    rate: { type: "number" },
    tag: { type: "integer", minimum: 1, maximum: 4094 },
    trunks: text((value) => /^\d+(?:;\d+)*$/.test(value), noMatch),
    type: { type: "choice", choices: ["veth"] },
  },
};

const cards = [
  "e1000",
  "e1000-82540em",
  "e1000-82544gc",
  "e1000-82545em",
  "e1000e",
  "i82551",
  "i82557b",
  "i82559er",
  "ne2k_isa",
  "ne2k_pci",
  "pcnet",
  "rtl8139",
  "virtio",
  "vmxnet3",
];

const machineFormat: PropertyFormat = {
  defaultKey: "model",
  required: ["model"],
  combined: { names: cards, key: "model", value: "macaddr" },
  properties: {
    model: { type: "choice", choices: cards },
    macaddr: macAddress,
    bridge,
    firewall: { type: "boolean" },
    link_down: { type: "boolean" },
    mtu: { type: "integer", minimum: 1, maximum: 65520 },
    queues: { type: "integer", minimum: 0, maximum: 64 },
    rate: { type: "number", minimum: 0 },
    tag: { type: "integer", minimum: 1, maximum: 4094 },
    trunks: text((value) => /^\d+(?:-\d+)?(?:;\d+(?:-\d+)?)*$/.test(value), noMatch),
  },
};

/** Names of the fields of `NetworkInterface` that are texts, with Proxmox's names by kind of guest. */
const textFields = [
  ["name", "name", "name"],
  ["model", "model", "model"],
  ["bridge", "bridge", "bridge"],
  ["mac", "hwaddr", "macaddr"],
  ["ip", "ip", "ip"],
  ["gateway", "gw", "gw"],
  ["ip6", "ip6", "ip6"],
  ["gateway6", "gw6", "gw6"],
  ["trunks", "trunks", "trunks"],
] as const;
const flagFields = [
  ["firewall", "firewall"],
  ["linkDown", "link_down"],
] as const;
const numberFields = ["mtu", "rate", "tag"] as const;

/**
 * Reads `netN`.
 *
 * @param key for messages.
 * @throws PropertyStringError
 */
export function parseNetwork(
  kind: "lxc" | "qemu",
  text: string,
  key = "net0",
  unknown: UnknownProperties = "refuse",
): NetworkInterface {
  const options = readProperties(kind === "lxc" ? containerFormat : machineFormat, key, text, unknown);
  const take = (property: string): string | undefined => {
    const value = options.get(property);
    options.delete(property);
    return value;
  };
  const fields: { -readonly [Field in keyof NetworkInterface]?: NetworkInterface[Field] } = {};
  for (const [field, ofContainer, ofMachine] of textFields) {
    const value = take(kind === "lxc" ? ofContainer : ofMachine);
    if (value !== undefined) {
      fields[field] = value;
    }
  }
  for (const [field, property] of flagFields) {
    const value = take(property);
    if (value !== undefined) {
      fields[field] = value === "1";
    }
  }
  for (const field of numberFields) {
    const value = take(field);
    if (value !== undefined) {
      fields[field] = Number(value);
    }
  }
  return { ...fields, options };
}

/**
 * Writes `netN` in Proxmox's order.
 *
 * @throws PropertyStringError when it could not be read again.
 */
export function formatNetwork(
  kind: "lxc" | "qemu",
  network: NetworkInterface,
  key = "net0",
  unknown: UnknownProperties = "refuse",
): string {
  const properties = new Map(network.options);
  for (const [field, ofContainer, ofMachine] of textFields) {
    const value = network[field];
    if (value !== undefined) {
      properties.set(kind === "lxc" ? ofContainer : ofMachine, value);
    }
  }
  for (const [field, property] of flagFields) {
    const value = network[field];
    if (value !== undefined) {
      properties.set(property, String(Number(value)));
    }
  }
  for (const field of numberFields) {
    const value = network[field];
    if (value !== undefined) {
      properties.set(field, String(value));
    }
  }
  return writeProperties(kind === "lxc" ? containerFormat : machineFormat, key, properties, unknown);
}

/** `net0` to `net31`. */
export function isNetworkKey(key: string): boolean {
  return /^net(\d|[12]\d|3[01])$/.test(key);
}
