import type { Seconds, StateStoreSettings } from "../settings/environment";
import { bucketOf } from "./names";

const day = 86_400;

/**
 * What the provider is given for the bucket of one environment. Object lock without a default retention: everything stays
 * deletable, as Pulumi's own locks have to be, but MinIO forces nothing away with all of its versions. Never
 * `forceDestroy`: it deletes every version of every state.
 */
export function bucketInputs(store: StateStoreSettings, environmentName: string) {
  const bucket = bucketOf(store, environmentName);
  return {
    bucket: { bucket, acl: "private", forceDestroy: false, objectLocking: true },
    versioning: { bucket, versioningConfiguration: { status: "Enabled" } },
    lifecycle: { bucket, rules: lifecycleRules(store.expire) },
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
