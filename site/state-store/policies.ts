/** One statement of a policy of AWS's language, as far as it is used here. */
export interface PolicyStatement {
  readonly Effect: "Allow" | "Deny";
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
}

/** A policy as S3 services read it. */
export interface PolicyDocument {
  readonly Version: "2012-10-17";
  readonly Statement: readonly PolicyStatement[];
}

const lookAtBucket = ["s3:GetBucketLocation", "s3:GetBucketVersioning", "s3:ListBucket", "s3:ListBucketVersions"];
const lookAtObjects = ["s3:GetObject", "s3:GetObjectVersion"];

/**
 * What an environment's identity may do (B2): look at its bucket and at every version in it, write objects and delete the
 * current ones. Deleting leaves the versions: to delete one is refused, and nothing that changes versioning, lifecycle or
 * policy is among the actions.
 *
 * It is refused in so many words, because MinIO lets whoever may delete objects delete versions too unless a policy says no.
 */
export function identityPolicy(bucket: string): PolicyDocument {
  const { Version, Statement } = policy([bucket], [...lookAtObjects, "s3:PutObject", "s3:DeleteObject"]);
  const Resource = [`arn:aws:s3:::${bucket}/*`];
  return { Version, Statement: [...Statement, { Effect: "Deny", Action: ["s3:DeleteObjectVersion"], Resource }] };
}

/** What previews of pull requests may do: look. */
export function readerPolicy(bucket: string): PolicyDocument {
  return policy([bucket], lookAtObjects);
}

/** What the copies need: to look at every bucket of the store. */
export function copierPolicy(buckets: readonly string[]): PolicyDocument {
  return policy(buckets, lookAtObjects);
}

function policy(buckets: readonly string[], objectActions: readonly string[]): PolicyDocument {
  const arns = [...buckets].sort().map((bucket) => `arn:aws:s3:::${bucket}`);
  return {
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Action: lookAtBucket, Resource: arns },
      { Effect: "Allow", Action: objectActions, Resource: arns.map((arn) => `${arn}/*`) },
    ],
  };
}
