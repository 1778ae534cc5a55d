import type { Seconds, StateStoreSettings } from "../settings/environment";
import { bucketOf } from "./names";
import { recoveryBucket } from "./recovery-names";

const day = 86_400;

/** What the provider is given for a bucket. */
export type BucketInputs = ReturnType<typeof inputsOf>;

/** For the bucket of one environment's state. */
export function bucketInputs(store: StateStoreSettings, environmentName: string): BucketInputs {
  return inputsOf(bucketOf(store, environmentName), store.expire);
}

/**
 * For the bucket of a guest's WAL. What pgBackRest expires, or somebody with the guest's key deletes, can be had back for a week:
 * longer would keep a second time what the retention of backups keeps.
 *
 * @param guest with its environment: `prod/db`
 */
export function recoveryBucketInputs(guest: string): BucketInputs {
  return inputsOf(recoveryBucket(guest), 7 * day);
}

/**
 * Object lock without a default retention: everything stays
 * deletable, as Pulumi's own locks have to be, but MinIO forces nothing away with all of its versions. Never
 * `forceDestroy`: it deletes every version of every state.
 */
function inputsOf(bucket: string, expire: Seconds) {
  return {
    bucket: { bucket, acl: "private", forceDestroy: false, objectLocking: true },
    versioning: { bucket, versioningConfiguration: { status: "Enabled" } },
    lifecycle: { bucket, rules: lifecycleRules(expire) },
  };
}

/**
 * Old versions expire so many days after they were replaced or deleted, and a delete marker with nothing behind it goes
 * too. Current objects never expire.
 */
function lifecycleRules(expire: Seconds) {
  const rule = { id: "lifeboat-old-versions", expiration: "DeleteMarker" };
  return [{ ...rule, noncurrentVersionExpirationDays: expire / day }];
}
