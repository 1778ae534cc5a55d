/** One statement of a policy of AWS's language, as far as it is used here. */
export interface PolicyStatement {
  readonly Effect: "Allow" | "Deny";
  readonly Action: readonly string[];
  /** Absent: actions of MinIO's administration, which have none. */
  readonly Resource?: readonly string[];
  /** By operator and key: what has to be true of a request. */
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** A policy as S3 services read it. */
export interface PolicyDocument {
  readonly Version: "2012-10-17";
  readonly Statement: readonly PolicyStatement[];
}

const lookAtBucket = [
  "s3:GetBucketLocation",
  "s3:GetBucketObjectLockConfiguration",
  "s3:GetBucketVersioning",
  "s3:ListBucket",
  "s3:ListBucketVersions",
];
const lookAtObjects = ["s3:GetObject", "s3:GetObjectVersion"];

/**
 * What an environment's identity may do (B2): look at its bucket and at every version in it, write objects and delete the
 * current ones. Deleting leaves the versions: to delete one is refused, and nothing that changes versioning, lifecycle or
 * policy is among the actions.
 *
 * It is refused in so many words, because MinIO lets whoever may delete objects delete versions too unless a policy says no,
 * and whoever may write objects write into a version that is there: a request that names one is refused.
 */
export function identityPolicy(bucket: string): PolicyDocument {
  const { Version, Statement } = policy([bucket], [...lookAtObjects, "s3:PutObject", "s3:DeleteObject"]);
  const never = { Effect: "Deny", Resource: [`arn:aws:s3:::${bucket}/*`] } as const;
  return {
    Version,
    Statement: [
      ...Statement,
      { ...never, Action: ["s3:DeleteObjectVersion"] },
      { ...never, Action: ["s3:PutObject"], Condition: { StringLike: { "s3:versionid": "?*" } } },
    ],
  };
}

/** What previews of pull requests may do: look. */
export function readerPolicy(bucket: string): PolicyDocument {
  return policy([bucket], lookAtObjects);
}

/** What the copies need: to look at every bucket of the store. */
export function copierPolicy(buckets: readonly string[]): PolicyDocument {
  return policy(buckets, lookAtObjects);
}

/**
 * MinIO lets everybody make access keys for themselves, change their own secret, and get credentials for up to a year: each
 * of them would outlive the key that was stolen and replaced. The first two are refused. Credentials cannot be refused, but
 * open nothing: whoever comes with them is no user.
 */
const noOtherKeys: readonly PolicyStatement[] = [
  { Effect: "Deny", Action: ["admin:*"] },
  {
    Effect: "Deny",
    Action: ["s3:*"],
    Resource: ["arn:aws:s3:::*"],
    Condition: { StringEquals: { "aws:principaltype": "AssumedRole" } },
  },
];

function policy(buckets: readonly string[], objectActions: readonly string[]): PolicyDocument {
  const arns = [...buckets].sort().map((bucket) => `arn:aws:s3:::${bucket}`);
  return {
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Action: lookAtBucket, Resource: arns },
      { Effect: "Allow", Action: objectActions, Resource: arns.map((arn) => `${arn}/*`) },
      ...noOtherKeys,
    ],
  };
}
