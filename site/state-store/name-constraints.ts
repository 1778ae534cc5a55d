import { X509Certificate } from "node:crypto";
import { type IpAddress, parseIp } from "../settings/values/addresses";

/**
 * X.509 name constraints (RFC 5280, 4.2.1.10): the names for which an authority can vouch. Whoever trusts the store's authority
 * for the store trusts it for nothing else, also when its key is stolen.
 *
 * A kind of name that is not constrained at all would be free, so both are: where the store has none of one kind, one is
 * permitted that nobody has.
 */
export function nameConstraints(names: readonly string[]): Buffer {
  const sorted = [...new Set(names)].sort();
  const hosts = sorted.filter((name) => parseIp(name) === undefined);
  const addresses = sorted.flatMap((name) => parseIp(name) ?? []);
  const permitted = [
    ...(hosts.length === 0 ? ["nobody.invalid"] : hosts).map(subtreeOfHost),
    ...(addresses.length === 0 ? [nobody] : addresses).map(subtreeOfAddress),
  ];
  return element(0x30, element(0xa0, ...permitted));
}

const oid = Buffer.from([0x06, 0x03, 0x55, 0x1d, 0x1e]);

/** Whether clients believe an authority for these names: they are permitted, or it is not limited at all. */
export function vouchesFor(certificate: string, names: readonly string[]): boolean {
  const { raw } = new X509Certificate(certificate);
  const isPermitted = (name: string): boolean => {
    const address = parseIp(name);
    return raw.includes(address === undefined ? subtreeOfHost(name) : subtreeOfAddress(address));
  };
  return !raw.includes(oid) || names.every(isPermitted);
}

/** Whether a certificate of an authority is limited to these names and to no others. */
export function isLimitedTo(certificate: string, names: readonly string[]): boolean {
  const critical = Buffer.from([0x01, 0x01, 0xff]);
  const extension = element(0x30, oid, critical, element(0x04, nameConstraints(names)));
  return new X509Certificate(certificate).raw.includes(extension);
}

const nobody: IpAddress = { family: 4, value: 0n };

function subtreeOfHost(host: string): Buffer {
  return element(0x30, element(0x82, Buffer.from(host, "ascii")));
}

/** The address and a mask of all its bits. */
function subtreeOfAddress({ family, value }: IpAddress): Buffer {
  const bytes = family === 4 ? 4 : 16;
  const address = Buffer.from(value.toString(16).padStart(2 * bytes, "0"), "hex");
  return element(0x30, element(0x87, address, Buffer.alloc(bytes, 0xff)));
}

/** DER: tag, length, content. */
function element(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const octets = length < 0x80 ? [length] : length < 0x1_00 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...octets]), content]);
}
