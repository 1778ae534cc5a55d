import { createHash } from "node:crypto";
import type { StateStoreSettings } from "../settings/environment";

/** S3's own limit. */
const longestBucket = 63;

/**
 * Bucket of an environment's state: `lifeboat-state-prod`. A name that no bucket may have (capitals, `_`, `.`) is put in
 * small letters and gets eight digits of its SHA-256, so that two environments never share a bucket.
 */
export function bucketOf({ buckets }: Pick<StateStoreSettings, "buckets">, environmentName: string): string {
  const plain = `${buckets}-${environmentName}`;
  if (/^[a-z0-9-]*[a-z0-9]$/u.test(plain) && plain.length <= longestBucket) return plain;
  const digits = createHash("sha256").update(environmentName).digest("hex").slice(0, 8);
  const readable = plain.toLowerCase().replaceAll(/[^a-z0-9]+/gu, "-");
  return `${readable.slice(0, longestBucket - digits.length - 1).replace(/-$/u, "")}-${digits}`;
}

/** Name of an environment's identity at the store: its access key, and its profile in a file of AWS credentials. */
export function identityOf(environmentName: string): string {
  return `lifeboat-${environmentName}`;
}

/** Name of the identity that reads an environment's bucket: its access key. */
export function readerOf(environmentName: string): string {
  return `lifeboat-${environmentName}-reader`;
}

/** Name of the identity that reads every bucket of the store. No environment can be called so. */
export const copierName = "lifeboat@copier";

/** Name of the store's own key, which may do everything. No environment can be called so. */
export const rootName = "lifeboat@root";

/**
 * Names of identities that two environments would share: the reader of `prod` and the identity of `prod-reader`.
 *
 * @returns sentences, empty when there is none.
 */
export function identityClashes(environmentNames: readonly string[]): string[] {
  const readers = new Map(environmentNames.map((name) => [readerOf(name), name]));
  return environmentNames.flatMap((name) => {
    const other = readers.get(identityOf(name));
    return other === undefined
      ? []
      : [`the key of environment ${name} would be called ${identityOf(name)}, as the reader of ${other} is`];
  });
}
