import { IlmPolicy } from "@pulumi/minio/ilmPolicy";
import { S3Bucket } from "@pulumi/minio/s3bucket";
import { S3BucketVersioning } from "@pulumi/minio/s3bucketVersioning";
import * as pulumi from "@pulumi/pulumi";
import type { BucketInputs } from "../../site/state-store/bucket-inputs";
import { childName } from "../../site/state-store/resource-names";

/**
 * A bucket of the site's store: versioned, with old versions that expire, and with object lock where it is made here.
 * Deleting the component, or replacing the bucket, leaves the bucket there with everything in it.
 */
export abstract class VersionedBucket extends pulumi.ComponentResource {
  /** Name of the bucket; known when it is as it should be. */
  readonly bucket: pulumi.Output<string>;

  /** @param exists the store has the bucket: it is taken in as it is */
  protected constructor(
    type: string,
    name: string,
    inputs: BucketInputs,
    exists: boolean,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super(type, name, {}, opts);
    const child = { parent: this, retainOnDelete: true, dependsOn: opts?.dependsOn ?? [] };
    const bucket = new S3Bucket(childName(name, "bucket"), inputs.bucket, {
      ...child,
      // A bucket gets object lock at its birth or never; the provider would note a change that it does not make.
      ignoreChanges: ["objectLocking"],
      // The provider makes no bucket that is there. What is in the state already is not imported again.
      ...(exists ? { import: inputs.bucket.bucket } : {}),
    });
    const versioning = new S3BucketVersioning(
      childName(name, "versioning"),
      { ...inputs.versioning, bucket: bucket.bucket },
      child,
    );
    // A rule about old versions is refused by a bucket that has none.
    const lifecycle = { ...inputs.lifecycle, bucket: versioning.bucket };
    const expiring = new IlmPolicy(childName(name, "lifecycle"), lifecycle, child);
    this.bucket = expiring.bucket;
    this.registerOutputs({ bucket: this.bucket });
  }
}
