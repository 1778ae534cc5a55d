/** Addresses of firewall rules, as ranges that neither overlap nor depend on how they were written. */
import { isIPv4, isIPv6 } from "node:net";

export type Family = 4 | 6;

/** All addresses from the first to the last. */
export interface AddressRange {
  readonly family: Family;
  readonly first: bigint;
  readonly last: bigint;
}

/** `192.0.2.1`, `192.0.2.0/24`, `192.0.2.1-192.0.2.9`, and the same for IPv6; undefined for anything else. */
export function parseRange(text: string): AddressRange | undefined {
  const [from = "", to] = text.split("-");
  if (to === undefined) return parseNetwork(from);
  const [first, last] = [parseNetwork(from), parseNetwork(to)];
  if (first === undefined || last === undefined || first.family !== last.family) return undefined;
  return first.first > last.last ? undefined : { family: first.family, first: first.first, last: last.last };
}

function parseNetwork(text: string): AddressRange | undefined {
  const [address = "", prefix, ...rest] = text.split("/");
  const family = isIPv4(address) ? 4 : isIPv6(address) ? 6 : undefined;
  if (family === undefined || rest.length > 0) return undefined;
  const bits = family === 4 ? 32 : 128;
  const length = prefix === undefined ? bits : /^\d{1,3}$/u.test(prefix) ? Number(prefix) : bits + 1;
  if (length > bits) return undefined;
  const hosts = 1n << BigInt(bits - length);
  const value = family === 4 ? valueOf(address.split("."), 10, 8n) : valueOf(groupsOf(address), 16, 16n);
  const first = value - (value % hosts);
  return { family, first, last: first + hosts - 1n };
}

function valueOf(parts: readonly string[], radix: 10 | 16, bits: bigint): bigint {
  return parts.reduce((value, part) => (value << bits) + BigInt(Number.parseInt(part, radix)), 0n);
}

/** The eight groups of an IPv6 address, with `::` filled in and an IPv4 address at its end as two groups. */
function groupsOf(address: string): string[] {
  const plain = address.replace(/\d+\.\d+\.\d+\.\d+$/u, (ipv4) => {
    const value = valueOf(ipv4.split("."), 10, 8n);
    return `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
  });
  const [head = "", tail] = plain.split("::");
  if (tail === undefined) return colonParts(head);
  const [before, after] = [colonParts(head), colonParts(tail)];
  return [...before, ...Array<string>(8 - before.length - after.length).fill("0"), ...after];
}

function colonParts(text: string): string[] {
  return text === "" ? [] : text.split(":");
}

export function formatRange({ family, first, last }: AddressRange): string {
  const [from, to] = [formatAddress(family, first), formatAddress(family, last)];
  return from === to ? from : `${from}-${to}`;
}

function formatAddress(family: Family, value: bigint): string {
  const [count, bits, radix, separator] = family === 4 ? [4, 8n, 10, "."] : [8, 16n, 16, ":"];
  const mask = (1n << bits) - 1n;
  const parts = Array.from({ length: count }, (_, index) =>
    ((value >> (bits * BigInt(count - 1 - index))) & mask).toString(radix),
  );
  return parts.join(separator);
}

/** An entry of a set. */
export interface SetEntry {
  readonly range: AddressRange;
  /** The addresses are taken out of the set. */
  readonly nomatch: boolean;
}

/** What a set holds: of the entries that an address is in, the smallest decides, as in the kernel's `hash:net`. */
export function contentOf(entries: readonly SetEntry[]): AddressRange[] {
  return ([4, 6] as const).flatMap((family) => familyContent(entries.filter(({ range }) => range.family === family)));
}

function familyContent(entries: readonly SetEntry[]): AddressRange[] {
  const bySize = [...entries].sort((a, b) => (sizeOf(a.range) < sizeOf(b.range) ? -1 : 1));
  const borders = [...new Set(entries.flatMap(({ range }) => [range.first, range.last + 1n]))].sort((a, b) =>
    a < b ? -1 : 1,
  );
  const found: AddressRange[] = [];
  for (const [index, first] of borders.entries()) {
    const deciding = bySize.find(({ range }) => range.first <= first && first <= range.last);
    const next = borders[index + 1];
    if (deciding === undefined || deciding.nomatch || next === undefined) continue;
    const before = found.at(-1);
    const touches = before !== undefined && before.last + 1n === first;
    if (touches) found.pop();
    found.push({ family: deciding.range.family, first: touches ? before.first : first, last: next - 1n });
  }
  return found;
}

function sizeOf({ first, last }: AddressRange): bigint {
  return last - first;
}
