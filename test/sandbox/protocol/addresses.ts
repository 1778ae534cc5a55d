/** Addresses as Proxmox checks and writes them: its own expressions for IP addresses, and Perl's Net::IP. */
import { isIP, isIPv4, isIPv6 } from "node:net";
import { FormatError } from "./format-error";

/**
 * What Net::IP says of an address, a network or a range.
 *
 * @returns undefined for one that it takes
 */
export function addressProblem(text: string): string | undefined {
  if (text.includes("/")) return networkProblem(text);
  const [, first, last] = /^(.+?)\s*-\s*(.+)$/u.exec(text) ?? [];
  if (first === undefined || last === undefined) return singleProblem(text);
  return singleProblem(first) ?? singleProblem(last);
}

function networkProblem(text: string): string | undefined {
  const [, address, prefix] = /^([^/]+?)\/(\d+)$/u.exec(text) ?? [];
  if (address === undefined || prefix === undefined) return "";
  const problem = singleProblem(address);
  if (problem !== undefined) return problem;
  const bits = bitsOf(address);
  if (Number(prefix) > bits.length) {
    return `Prefix length ${prefix} is longer than IP address (${String(bits.length)})`;
  }
  return /^0*$/u.test(bits.slice(Number(prefix))) ? undefined : `Invalid prefix ${bits}/${prefix}`;
}

function singleProblem(address: string): string | undefined {
  return address.includes(":") ? problemOf6(address) : problemOf4(address);
}

/** Fewer than four numbers are an address too; the missing ones are 0. */
function problemOf4(address: string): string | undefined {
  if (!/^[\d.]+$/u.test(address)) return `Invalid chars in IP ${address}`;
  if (address.startsWith(".")) return `Invalid IP ${address} - starts with a dot`;
  if (address.endsWith(".")) return `Invalid IP ${address} - ends with a dot`;
  const quads = address.split(".");
  if (quads.length > 4) return `Invalid IP address ${address}`;
  if (quads.includes("")) return `Empty quad in IP address ${address}`;
  const wrong = quads.find((quad) => Number(quad) > 255);
  return wrong === undefined ? undefined : `Invalid quad in IP address ${address} - ${wrong}`;
}

function problemOf6(address: string): string | undefined {
  return isIPv6(address) ? undefined : `Invalid IP address ${address}`;
}

function bitsOf(address: string): string {
  if (address.includes(":")) {
    return groups(expanded(address))
      .map((group) => Number.parseInt(group, 16).toString(2).padStart(16, "0"))
      .join("");
  }
  const quads = [...address.split("."), "0", "0", "0"].slice(0, 4);
  return quads.map((quad) => Number(quad).toString(2).padStart(8, "0")).join("");
}

function groups(text: string): string[] {
  return text === "" ? [] : text.split(":");
}

/** All eight groups of an IPv6 address. */
function expanded(address: string): string {
  const short = compressed(address);
  const [head = "", tail] = short.split("::");
  if (tail === undefined) return short;
  const zeros = Array<string>(8 - groups(head).length - groups(tail).length).fill("0");
  return [...groups(head), ...zeros, ...groups(tail)].join(":");
}

/** An IPv6 address in its shortest form. */
function compressed(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

/** The network that an address with a prefix lies in; anything else as it is (PVE::Firewall::clean_cidr). */
export function networkOf(text: string): string {
  const [address = "", prefix] = text.split("/");
  if (prefix === undefined || Number(prefix) === 0) return text;
  const bits = bitsOf(address);
  const kept = bits.slice(0, Number(prefix)).padEnd(bits.length, "0");
  return `${isIPv4(address) ? quadsOf(kept) : compressed(groupsOf(kept))}/${prefix}`;
}

function quadsOf(bits: string): string {
  return (bits.match(/.{8}/gu) ?? []).map((part) => String(Number.parseInt(part, 2))).join(".");
}

function groupsOf(bits: string): string {
  return (bits.match(/.{16}/gu) ?? []).map((part) => Number.parseInt(part, 2).toString(16)).join(":");
}

/** Without the prefix of a single address, as Proxmox reads one back (PVE::Firewall::parse_ip_or_cidr). */
export function withoutHostPrefix(text: string): string {
  return text.includes(":") ? text.replace(/\/128$/u, "") : text.replace(/\/32$/u, "");
}

/** The format `IPorCIDR`. @throws FormatError */
export function checkAddressOrNetwork(value: string): void {
  const [, address = ""] = /^([^/]+)(?:\/\d+)?$/u.exec(value) ?? [];
  if (isIP(address) === 0) throw new FormatError("value does not look like a valid IP address or CIDR network");
  const problem = addressProblem(networkOf(value));
  if (problem !== undefined) throw new FormatError(problem);
}
