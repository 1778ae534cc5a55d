import type { PolicyDocument, PolicyStatement } from "../state-store/policies";

/** What takes something away, or lets somebody take it away. */
const destructive = [
  "s3:DeleteObject",
  "s3:DeleteObjectVersion",
  "s3:BypassGovernanceRetention",
  "s3:PutObjectRetention",
  "s3:PutObjectLegalHold",
] as const;

/** What changes the bucket's own rules. */
const rulesOfBucket = [
  "s3:DeleteBucket",
  "s3:PutBucketVersioning",
  "s3:PutBucketObjectLockConfiguration",
  "s3:PutLifecycleConfiguration",
  "s3:PutReplicationConfiguration",
  "s3:PutBucketPolicy",
  "s3:DeleteBucketPolicy",
] as const;

const looking = ["s3:GetBucketLocation", "s3:GetBucketVersioning", "s3:ListBucket", "s3:ListBucketVersions"] as const;

/**
 * What a guest's key may do: write objects, and read back what it has written. It can neither remove nor replace a version, shorten
 * what locks it, nor change the bucket. An object that is there can get a newer version beside it, and the older one stays.
 */
export function writerPolicy(bucket: string, kind: "aws" | "minio"): PolicyDocument {
  return policy(bucket, kind, [
    "s3:GetObject",
    "s3:PutObject",
    "s3:ListMultipartUploadParts",
    // What an interrupted upload has left, never an object.
    "s3:AbortMultipartUpload",
  ]);
}

/** What restores and the exporter need: to look at everything, in every version. */
export function offsiteReaderPolicy(bucket: string, kind: "aws" | "minio"): PolicyDocument {
  return policy(bucket, kind, ["s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectRetention"]);
}

/**
 * It is refused in so many words: MinIO lets whoever may write objects write into a version that is there, by a request that names
 * it, and makes access keys for everybody who asks.
 */
function policy(bucket: string, kind: "aws" | "minio", objects: readonly string[]): PolicyDocument {
  const arn = `arn:aws:s3:::${bucket}`;
  const minioAlone: PolicyStatement[] = [
    { Effect: "Deny", Action: ["admin:*"] },
    {
      Effect: "Deny",
      Action: ["s3:PutObject"],
      Resource: [`${arn}/*`],
      Condition: { StringLike: { "s3:versionid": "?*" } },
    },
    {
      Effect: "Deny",
      Action: ["s3:*"],
      Resource: ["arn:aws:s3:::*"],
      Condition: { StringEquals: { "aws:principaltype": "AssumedRole" } },
    },
  ];
  return {
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Action: looking, Resource: [arn] },
      { Effect: "Allow", Action: objects, Resource: [`${arn}/*`] },
      { Effect: "Deny", Action: destructive, Resource: [`${arn}/*`] },
      { Effect: "Deny", Action: rulesOfBucket, Resource: [arn] },
      ...(kind === "minio" ? minioAlone : []),
    ],
  };
}

/** What the bucket itself refuses to everybody (AWS): connections without TLS. */
export function bucketPolicy(bucket: string) {
  const arn = `arn:aws:s3:::${bucket}`;
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "TlsOnly",
        Effect: "Deny",
        Principal: "*",
        Action: "s3:*",
        Resource: [arn, `${arn}/*`],
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
    ],
  };
}
