import { createHash } from "node:crypto";

/**
 * Host keys of SSH as text: `type base64`, without a comment. Those that Pulumi's command provider can pin go first: it offers
 * the one type that it pins, and for RSA the one signature (SHA-1) that servers of today refuse.
 */
const pinned: readonly RegExp[] = [/^ssh-ed25519 /u, /^ecdsa-/u];

/** The keys among lines of `ssh_host_*_key.pub`. */
export function publicKeysIn(text: string): string[] {
  return text.split("\n").flatMap((line) => /^(?:ssh|ecdsa)-[\w-]+ [\w+/]+=*/u.exec(line.trim())?.[0] ?? []);
}

/** The best of several keys of a host to pin; undefined: none can be. */
export function keyToPin(keys: readonly string[]): string | undefined {
  return pinned.flatMap((type) => keys.find((key) => type.test(key)) ?? [])[0];
}

/** As `ssh-keygen -l` prints it: `SHA256:…`. */
export function fingerprintOf(key: string): string {
  const [, base64 = ""] = key.split(" ");
  const sum = createHash("sha256").update(Buffer.from(base64, "base64")).digest("base64");
  return `SHA256:${sum.replace(/=+$/u, "")}`;
}

/** What this machine's file has the keys of a guest under: its id, since a copy and whoever comes after it may have its address. */
export function guestAlias(id: number): string {
  return `guest-${String(id)}`;
}

/**
 * A key as a state keeps it, sealed together with whose it is. Pulumi seals a value for its stack and not for its place: whoever
 * writes a state could put any sealed value of it into any other place.
 *
 * @param macAddress of the guest's network card: one that was made anew has another
 */
export function boundKey(key: string, name: string, macAddress: string): string {
  return `${key} ${ownerOf(name, macAddress)}`;
}

/** The key of a value that {@link boundKey} made for the same guest; undefined for every other one. */
export function keyBoundTo(value: unknown, name: string, macAddress: string): string | undefined {
  if (typeof value !== "string") return undefined;
  const end = ` ${ownerOf(name, macAddress)}`;
  return value.endsWith(end) ? publicKeysIn(value.slice(0, -end.length))[0] : undefined;
}

function ownerOf(name: string, macAddress: string): string {
  return `${name}@${macAddress}`;
}
