/** A storage on a backup server, as far as its key goes. */
export interface KeyedStorage {
  readonly storage: string;
  /** Fingerprint of its key; `1` for a key without one; undefined: it has none. */
  readonly key: string | undefined;
}

/**
 * Why a snapshot cannot be opened with the key that its storage has in Proxmox, as a sentence about it without a full stop;
 * undefined where it can, or where nobody can tell before it is tried. A key without a fingerprint is not told from others.
 *
 * @param encrypted what the list says of the snapshot: fingerprint of its key, or 1; undefined: it is not encrypted.
 */
export function whyKeyMissing(encrypted: string | undefined, { storage, key }: KeyedStorage): string | undefined {
  if (encrypted === undefined) return undefined;
  const named = isFingerprint(encrypted) ? ` with the key ${short(encrypted)}` : "";
  if (key === undefined) return `it is encrypted${named}, and storage ${storage} has no key`;
  if (!isFingerprint(key) || !isFingerprint(encrypted)) return undefined;
  if (key.toLowerCase() === encrypted.toLowerCase()) return undefined;
  return `it is encrypted${named}, and storage ${storage} has another: ${short(key)}`;
}

function isFingerprint(text: string): boolean {
  return /^[0-9a-f]{2}(?::[0-9a-f]{2}){7,}$/iu.test(text);
}

/** The first eight bytes, by which the backup server shows a key. */
function short(fingerprint: string): string {
  return fingerprint.slice(0, 23);
}
