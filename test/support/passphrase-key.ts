import { createHash, pbkdf2Sync } from "node:crypto";

const known = new Map<string, PassphraseKey>();

export interface PassphraseKey {
  readonly salt: Buffer;
  readonly key: Buffer;
}

/**
 * The key that Pulumi makes of a passphrase, with a salt. One salt for each passphrase, unless another is asked for: deriving a key takes a while on purpose,
 * and Lifeboat remembers those that it has derived in this process.
 */
export function passphraseKey(passphrase: string, saltedWith = passphrase): PassphraseKey {
  const name = JSON.stringify([passphrase, saltedWith]);
  const made = known.get(name) ?? derive(passphrase, saltedWith);
  known.set(name, made);
  return made;
}

function derive(passphrase: string, saltedWith: string): PassphraseKey {
  const salt = createHash("sha256").update(saltedWith).digest().subarray(0, 8);
  return { salt, key: pbkdf2Sync(passphrase, salt, 1_000_000, 32, "sha256") };
}
