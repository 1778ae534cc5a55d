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
