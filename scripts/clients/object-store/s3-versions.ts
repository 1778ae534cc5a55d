import { Readable } from "node:stream";
import { GetObjectCommand, GetObjectRetentionCommand, type S3Client } from "@aws-sdk/client-s3";
import { limitSilence } from "./body-patience";
import { clientOf, type S3StoreOptions } from "./s3-client";
import { s3FailureOf, storeErrorOf } from "./s3-errors";
import { S3Store } from "./s3-store";

/** Milliseconds: whoever reads a large object may take a while over each part of it. */
const patience = 600_000;

/** A bucket whose versions are looked at one by one. Load this file with `import()`: the client is large. */
export class S3Versions extends S3Store {
  private readonly single: S3Client;
  private readonly name: string;

  /** @param options without a prefix: keys are whole */
  constructor(options: Omit<S3StoreOptions, "prefix">) {
    super(options);
    this.name = options.bucket;
    this.single = clientOf(options);
    limitSilence(this.single, patience);
  }

  /** Begins to read a version, for what is too large for the memory. It ends with an error where it is cut off. @throws StoreError */
  async open(key: string, versionId: string): Promise<Readable> {
    const command = new GetObjectCommand({ Bucket: this.name, Key: key, VersionId: versionId });
    try {
      const { Body: body } = await this.single.send(command);
      return body instanceof Readable ? body : Readable.from([]);
    } catch (error) {
      throw storeErrorOf(error, this.place);
    }
  }

  /** Until when nobody can remove a version, milliseconds since 1970; undefined: it is not locked. @throws StoreError */
  async lockedUntil(key: string, versionId: string): Promise<number | undefined> {
    const command = new GetObjectRetentionCommand({ Bucket: this.name, Key: key, VersionId: versionId });
    try {
      return (await this.single.send(command)).Retention?.RetainUntilDate?.getTime();
    } catch (error) {
      if (/ObjectLockConfiguration/u.test(s3FailureOf(error).name)) return undefined;
      throw storeErrorOf(error, this.place);
    }
  }
}
