/** What the provider is given for the bucket elsewhere, by what its service takes. No Pulumi. */
import type { OffsiteSettings } from "../../site/settings/environment";
import { archivesFolder, dumpsFolder, mirrorsFolder } from "../../site/offsite/places";
import { bucketPolicy } from "../../site/offsite/policies";

const day = 86_400;

/**
 * What services take for the same thing (all of it but OVH tried with the provider against a server).
 *
 * `transition`: the provider waits, for minutes, until what it reads of the rules equals what it wrote. AWS answers with a least size for
 * transitions that nobody wrote, others with none; an empty text stands for "none".
 */
const traits = {
  aws: { closes: true, bucketPolicy: true, abortsUploads: true, transition: undefined },
  // It answers nothing of public access, has policies of users in place of buckets', and its uploads were not tried.
  ovh: { closes: false, bucketPolicy: false, abortsUploads: false, transition: "" },
  // Its server takes neither a block of public access nor a rule about uploads, and removes those by itself after a day.
  minio: { closes: false, bucketPolicy: false, abortsUploads: false, transition: "" },
} as const;

/** Inputs of each resource; undefined where the service has no such thing. */
export function offsiteBucketInputs(settings: OffsiteSettings) {
  const { bucket, kind, lock, retention, encrypt } = settings;
  const { closes, bucketPolicy: hasPolicy, transition } = traits[kind];
  const days = retention / day;
  return {
    // Never `forceDestroy`. Object lock is given at a bucket's birth or never.
    bucket: { bucket, forceDestroy: false, objectLockEnabled: true },
    versioning: { versioningConfiguration: { status: "Enabled" } },
    lock: { rule: { defaultRetention: { mode: lock.toUpperCase(), days } } },
    encryption: encrypt ? { rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }] } : undefined,
    lifecycle: {
      rules: lifecycleRules(settings),
      ...(transition === undefined ? {} : { transitionDefaultMinimumObjectSize: transition }),
    },
    closed: closes
      ? { blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true }
      : undefined,
    policy: hasPolicy ? { policy: JSON.stringify(bucketPolicy(bucket)) } : undefined,
  };
}

/**
 * What was replaced or removed goes for good so many days later. What is current goes in the folders of dumps, of archives and of
 * mirrored buckets only: there each name has its date. Whatever else somebody puts there has none, and stays as long as nobody replaces it.
 */
function lifecycleRules({ kind, retention, expire }: OffsiteSettings) {
  const days = retention / day;
  const old = {
    id: "lifeboat-old-versions",
    status: "Enabled",
    filter: { prefix: "" },
    noncurrentVersionExpiration: { noncurrentDays: days },
    expiration: { expiredObjectDeleteMarker: true },
  };
  const uploads = {
    id: "lifeboat-unfinished-uploads",
    status: "Enabled",
    filter: { prefix: "" },
    abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
  };
  const dated = [dumpsFolder, archivesFolder, mirrorsFolder].map((folder) => ({
    id: `lifeboat-${folder}`,
    status: "Enabled",
    filter: { prefix: `${folder}/` },
    expiration: { days: expire / day },
  }));
  return [old, ...(traits[kind].abortsUploads ? [uploads] : []), ...dated];
}
