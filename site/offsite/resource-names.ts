/** Pulumi's types and names of what the bucket elsewhere is made of, without Pulumi. */

export const offsiteComponent = "lifeboat:offsite:OffsiteBucket";

/** Types of the provider's resources, by their role. */
export const offsiteTypes = {
  bucket: "aws:s3/bucket:Bucket",
  versioning: "aws:s3/bucketVersioning:BucketVersioning",
  lock: "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
  encryption: "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
  lifecycle: "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
  closed: "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
  policy: "aws:s3/bucketPolicy:BucketPolicy",
} as const;

/** What copies archives from a node. */
export const archiveCopiesComponent = "lifeboat:offsite:ArchiveCopies";
export const archiveCopiesType = "command:remote:Command";

/** Name of the component of a node. */
export function archiveCopiesResource(node: string): string {
  return `archives-${node}`;
}

/** Name of the command that installs it. */
export function archiveCopiesChild(component: string): string {
  return `${component}-install`;
}

/** Name of the one bucket elsewhere of a stack, and of its provider. */
export const offsiteName = "offsite";

/** Inputs that the program gives to its provider. */
export const offsiteProviderInputs = [
  "region",
  "accessKey",
  "secretKey",
  "endpoints",
  "s3UsePathStyle",
  "customCaBundle",
  "skipCredentialsValidation",
  "skipMetadataApiCheck",
  "skipRegionValidation",
  "skipRequestingAccountId",
] as const;
