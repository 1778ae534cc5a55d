import { death } from "../protocol/failure";

const TYPES =
  /^(?:ssh-rsa|ssh-ed25519|ecdsa-sha2-nistp(?:256|384|521)|sk-ssh-ed25519@openssh\.com|sk-ecdsa-sha2-nistp256@openssh\.com|[a-z0-9-]+-cert-v01@openssh\.com)$/;

/** Smallest modulus of an RSA key that OpenSSH reads, in bytes. */
const SMALLEST_MODULUS = 128;

/** @throws unless `ssh-keygen -l` reads each line that is not empty (PVE::Tools::validate_ssh_public_keys) */
export function checkPublicKeys(text: string): void {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  if (!lines.every(isPublicKey)) throw death("SSH public key validation error");
}

/** A type and its data, with options before it or without, as in `authorized_keys`. */
function isPublicKey(line: string): boolean {
  const words = line.trim().split(/\s+/);
  const at = words.findIndex((word) => TYPES.test(word));
  const [type, data] = at < 0 ? [] : words.slice(at, at + 2);
  return type !== undefined && data !== undefined && isDataOf(type, data);
}

function isDataOf(type: string, data: string): boolean {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(data)) return false;
  const [name, ...parts] = stringsOf(Buffer.from(data, "base64")) ?? [];
  if (name?.toString("latin1") !== type) return false;
  const [first, second] = parts;
  if (type === "ssh-ed25519") return parts.length === 1 && first?.length === 32;
  if (type === "ssh-rsa") return parts.length === 2 && (second?.length ?? 0) >= SMALLEST_MODULUS;
  if (type.startsWith("ecdsa-") && !type.includes("-cert-")) {
    return parts.length === 2 && first?.toString("latin1") === type.slice("ecdsa-sha2-".length);
  }
  return parts.length > 0;
}

/** The strings, each behind its length, that a key's data is made of; undefined where it is not. */
function stringsOf(data: Buffer): Buffer[] | undefined {
  const found: Buffer[] = [];
  for (let at = 0; at < data.length;) {
    const length = at + 4 <= data.length ? data.readUInt32BE(at) : undefined;
    // A certificate has other things behind its first strings.
    if (length === undefined || at + 4 + length > data.length) return found.length > 1 ? found : undefined;
    found.push(data.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return found;
}
