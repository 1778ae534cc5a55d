import type * as pulumi from "@pulumi/pulumi";
import { RecoveryBucket } from "../components/state-store/recovery-bucket";
import { StoreIdentity } from "../components/state-store/store-identity";
import type { StateStoreKeys } from "../site/settings/environment";
import { identityPolicy } from "../site/state-store/policies";
import { recoveryBucket, recoveryResource } from "../site/state-store/recovery-names";

/** Buckets of the guests whose WAL goes to the store, by its keys. */
export function recoveryBuckets({ recovery = {} }: StateStoreKeys): string[] {
  return Object.keys(recovery).map(recoveryBucket);
}

/**
 * For each guest a bucket, and an identity that reads and writes it and no other; it deletes nothing for good.
 *
 * @param existing buckets that the store has
 */
export function declareRecovery(
  { recovery = {} }: StateStoreKeys,
  existing: ReadonlySet<string>,
  opts: pulumi.ComponentResourceOptions,
): void {
  for (const [guest, { accessKey, secretKey }] of Object.entries(recovery)) {
    const name = recoveryResource(guest);
    const bucket = recoveryBucket(guest);
    new RecoveryBucket(name, { guest, exists: existing.has(bucket) }, opts);
    new StoreIdentity(name, { key: { accessKey, secretKey }, policy: identityPolicy(bucket) }, opts);
  }
}
