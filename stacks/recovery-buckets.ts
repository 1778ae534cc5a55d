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

/** What a guest has in the store. */
interface DeclaredRecovery {
  readonly bucket: pulumi.Output<string>;
  readonly accessKey: pulumi.Output<string>;
}

/**
 * For each guest a bucket, and an identity that reads and writes it and no other; it deletes nothing for good.
 *
 * @param existing buckets that the store has
 * @returns by the guest's archive: `prod/db`
 */
export function declareRecovery(
  { recovery = {} }: StateStoreKeys,
  existing: ReadonlySet<string>,
  opts: pulumi.ComponentResourceOptions,
): Readonly<Record<string, DeclaredRecovery>> {
  const made = Object.entries(recovery).map(([guest, { accessKey, secretKey }]) => {
    const name = recoveryResource(guest);
    const bucket = recoveryBucket(guest);
    const key = { accessKey, secretKey };
    const held = new RecoveryBucket(name, { guest, exists: existing.has(bucket) }, opts);
    const identity = new StoreIdentity(name, { key, policy: identityPolicy(bucket) }, opts);
    return [guest, { bucket: held.bucket, accessKey: identity.accessKey }] as const;
  });
  return Object.fromEntries(made);
}
