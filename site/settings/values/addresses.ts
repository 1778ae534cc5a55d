/** An address as a number, so that networks can be compared. */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** `192.0.2.101/24`. */
export interface NetworkAddress extends IpAddress {
  readonly ip: string;
  readonly prefix: number;
}

/** Reads an IPv4 or IPv6 address, without a zone. Octets with leading zeros are refused: some read them as octal. */
export function parseIp(raw: unknown): IpAddress | undefined {
  if (typeof raw !== "string") return undefined;
  return raw.includes(":") ? parseIpv6(raw) : parseIpv4(raw);
}

/** Reads the address of one host with its network's prefix. The network's own address and broadcast are refused. */
export function parseHostAddress(raw: unknown): NetworkAddress | undefined {
  if (typeof raw !== "string") return undefined;
  const [, ip, digits] = /^([0-9A-Fa-f.:]+)\/(0|[1-9]\d{0,2})$/.exec(raw) ?? [];
  const address = parseIp(ip);
  const prefix = Number(digits);
  if (ip === undefined || address === undefined || prefix < 1 || prefix > bitsOf(address)) return undefined;
  return isNetworkOrBroadcast(address, prefix) ? undefined : { ...address, ip, prefix };
}

/**
 * Reads a network: an address with its prefix, all bits of the host 0, such as `192.0.2.0/24`. An address without prefix is
 * the network of that one host.
 *
 * @returns the network in one spelling.
 */
export function parseNetwork(raw: unknown): string | undefined {
  if (typeof raw !== "string") return undefined;
  const [, ip, digits] = /^([0-9A-Fa-f.:]+)(?:\/(0|[1-9]\d{0,2}))?$/.exec(raw) ?? [];
  const address = parseIp(ip);
  if (ip === undefined || address === undefined) return undefined;
  const prefix = digits === undefined ? bitsOf(address) : Number(digits);
  if (prefix > bitsOf(address)) return undefined;
  const hosts = 1n << BigInt(bitsOf(address) - prefix);
  return address.value % hosts === 0n ? `${ip.toLowerCase()}/${String(prefix)}` : undefined;
}

/** True when both are in the network of the first. */
export function isInNetwork(network: NetworkAddress, other: IpAddress): boolean {
  const hostBits = BigInt(bitsOf(network) - network.prefix);
  return network.family === other.family && network.value >> hostBits === other.value >> hostBits;
}

function bitsOf({ family }: IpAddress): number {
  return family === 4 ? 32 : 128;
}

function isNetworkOrBroadcast(address: IpAddress, prefix: number): boolean {
  const hostBits = bitsOf(address) - prefix;
  if (address.family === 6 || hostBits < 2) return false;
  const hosts = 1n << BigInt(hostBits);
  const host = address.value % hosts;
  return host === 0n || host === hosts - 1n;
}

function parseIpv4(text: string): IpAddress | undefined {
  const octets = text.split(".");
  if (octets.length !== 4 || !octets.every((octet) => /^(0|[1-9]\d{0,2})$/.test(octet) && Number(octet) <= 255)) {
    return undefined;
  }
  return { family: 4, value: octets.reduce((value, octet) => value * 256n + BigInt(octet), 0n) };
}

function parseIpv6(text: string): IpAddress | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head = "", tail] = halves;
  const before = groupsOf(head);
  const after = tail === undefined ? [] : groupsOf(tail);
  if (before === undefined || after === undefined) return undefined;
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...before, ...Array.from({ length: missing }, () => 0n), ...after];
  return { family: 6, value: groups.reduce((value, group) => value * 65_536n + group, 0n) };
}

function groupsOf(text: string): bigint[] | undefined {
  if (text === "") return [];
  const groups = text.split(":");
  if (!groups.every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group))) return undefined;
  return groups.map((group) => BigInt(`0x${group}`));
}
