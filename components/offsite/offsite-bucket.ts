import { Bucket } from "@pulumi/aws/s3/bucket";
import { BucketLifecycleConfiguration } from "@pulumi/aws/s3/bucketLifecycleConfiguration";
import { BucketObjectLockConfiguration } from "@pulumi/aws/s3/bucketObjectLockConfiguration";
import { BucketPolicy } from "@pulumi/aws/s3/bucketPolicy";
import { BucketPublicAccessBlock } from "@pulumi/aws/s3/bucketPublicAccessBlock";
import { BucketServerSideEncryptionConfiguration } from "@pulumi/aws/s3/bucketServerSideEncryptionConfiguration";
import { BucketVersioning } from "@pulumi/aws/s3/bucketVersioning";
import * as pulumi from "@pulumi/pulumi";
import type { OffsiteSettings } from "../../site/settings/environment";
import { offsiteComponent, type offsiteTypes } from "../../site/offsite/resource-names";
import { offsiteBucketInputs } from "./offsite-bucket-inputs";

export interface OffsiteBucketArgs {
  /** Its name, service and rules, as the settings describe them. */
  readonly offsite: OffsiteSettings;
  /** The service has the bucket: it is taken in. Default: false. */
  readonly exists?: boolean;
}

/**
 * A bucket of another S3 service (J1): with versions, object lock, encryption where the service has it, and rules by which what is old
 * goes. It is protected, and what was made stays there when the component is removed.
 */
export class OffsiteBucket extends pulumi.ComponentResource {
  /** Name of the bucket; known once everything that protects it is there. */
  readonly bucket: pulumi.Output<string>;

  constructor(name: string, { offsite, exists = false }: OffsiteBucketArgs, opts?: pulumi.ComponentResourceOptions) {
    super(offsiteComponent, name, {}, opts);
    const inputs = offsiteBucketInputs(offsite);
    const child = { parent: this, retainOnDelete: true };
    const nameOf = (role: keyof typeof offsiteTypes): string => `${name}-${role}`;
    const made = new Bucket(nameOf("bucket"), inputs.bucket, {
      ...child,
      protect: true,
      // An earlier bucket may have been made without; nothing can be done about it, and a replacement would leave its copies behind.
      ignoreChanges: ["objectLockEnabled"],
      ...(exists ? { import: offsite.bucket } : {}),
    });
    const versioning = new BucketVersioning(nameOf("versioning"), { bucket: made.bucket, ...inputs.versioning }, child);
    // Services refuse a lock, and rules about old versions, for a bucket without versions.
    const { bucket } = versioning;
    const rules: pulumi.Resource[] = [
      new BucketObjectLockConfiguration(nameOf("lock"), { bucket, ...inputs.lock }, child),
      new BucketLifecycleConfiguration(nameOf("lifecycle"), { bucket, ...inputs.lifecycle }, child),
    ];
    if (inputs.encryption) {
      const args = { bucket, ...inputs.encryption };
      rules.push(new BucketServerSideEncryptionConfiguration(nameOf("encryption"), args, child));
    }
    if (inputs.closed) {
      rules.push(new BucketPublicAccessBlock(nameOf("closed"), { bucket, ...inputs.closed }, child));
    }
    if (inputs.policy) rules.push(new BucketPolicy(nameOf("policy"), { bucket, ...inputs.policy }, child));
    this.bucket = pulumi.all([bucket, ...rules.map(({ urn }) => urn)]).apply(([is = ""]) => is);
    this.registerOutputs({ bucket: this.bucket });
  }
}
