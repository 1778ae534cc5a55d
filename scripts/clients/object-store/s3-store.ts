import {
  DeleteObjectCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectLockConfigurationCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import {
  ConditionFailed,
  NoSuchObject,
  type ObjectStore,
  type ObjectVersion,
  type StoredObject,
  type WriteCondition,
} from "./object-store";
import { limitSilence } from "./body-patience";
import { everyPage, isPage, NoS3Answer, ofAnObject } from "./s3-answers";
import { clientOf, type S3StoreOptions } from "./s3-client";
import { asWritten } from "./written-md5";
import { isConditionFailed, isMissing, s3FailureOf, storeErrorOf, unreadableOf } from "./s3-errors";

/** Settings of a bucket. */
export interface BucketSettings {
  readonly isVersioned: boolean;
  /** It has rules after which something expires. */
  readonly hasLifecycle: boolean;
}

/**
 * A store that works answers a look in milliseconds; one whose disks hang never does, though it says that it is well. Tests
 * shorten it.
 */
export const lookPatience = { milliseconds: 5_000 };

/**
 * A bucket of an S3 service. Load this file with `import()`: the client is large, and most commands do not need it.
 */
export class S3Store implements ObjectStore {
  readonly place: string;
  private readonly client: S3Client;
  private readonly bucket: string;
  private readonly prefix: string;
  private readonly sendOptions: { abortSignal?: AbortSignal };
  /** The same for what only reads. */
  private readonly lookOptions: { abortSignal?: AbortSignal; requestTimeout: number };

  constructor(options: S3StoreOptions) {
    const { bucket, endpoint, region, prefix = "", signal } = options;
    this.bucket = bucket;
    this.prefix = prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`;
    this.place = `s3://${bucket}${prefix === "" ? "" : `/${prefix}`} at ${endpoint ?? `AWS ${region}`}`;
    this.client = clientOf(options);
    const patience = options.requestTimeout ?? lookPatience.milliseconds;
    limitSilence(this.client, patience);
    this.sendOptions = signal === undefined ? {} : { abortSignal: signal };
    this.lookOptions = { ...this.sendOptions, requestTimeout: patience };
  }

  async list(prefix: string): Promise<StoredObject[]> {
    const asked = { Bucket: this.bucket, Prefix: this.prefix + prefix };
    const pages = await this.explained(() =>
      everyPage(
        (from: { ContinuationToken?: string | undefined }): Promise<ListObjectsV2CommandOutput> =>
          this.client.send(new ListObjectsV2Command({ ...asked, ...from }), this.lookOptions),
        ({ NextContinuationToken: token }) => (token === undefined ? undefined : { ContinuationToken: token }),
      ),
    );
    return pages.flatMap(({ Contents: entries = [] }) => entries).map((entry) => this.objectOf(entry));
  }

  async versions(prefix: string): Promise<ObjectVersion[]> {
    const asked = { Bucket: this.bucket, Prefix: this.prefix + prefix };
    const pages = await this.explained(() =>
      everyPage(
        (from: { KeyMarker?: string; VersionIdMarker?: string }): Promise<ListObjectVersionsCommandOutput> =>
          this.client.send(new ListObjectVersionsCommand({ ...asked, ...from }), this.lookOptions),
        markersOf,
      ),
    );
    const found = pages.flatMap(({ Versions: versions = [], DeleteMarkers: marks = [] }) => [
      ...versions.map((entry) => this.versionOf(entry, false)),
      ...marks.map((entry) => this.versionOf(entry, true)),
    ]);
    return found.sort(byKeyNewestFirst);
  }

  async read(key: string, versionId?: string): Promise<Buffer> {
    try {
      return await this.get(key, versionId);
    } catch (error) {
      this.throwUnlessDamaged(error);
      if (!(await this.works())) throw storeErrorOf(error, this.place);
    }
    // It may have been away for a moment: only a second look tells that it is this object.
    try {
      return await this.get(key, versionId);
    } catch (error) {
      this.throwUnlessDamaged(error);
      throw unreadableOf(error, this.place, key);
    }
  }

  /** Whoever may not read an object knows nothing of what it holds: what is damaged makes room for another. */
  private throwUnlessDamaged(error: unknown): void {
    if (error instanceof NoSuchObject) throw error;
    const failure = storeErrorOf(error, this.place);
    if (failure.kind === "denied") throw failure;
  }

  /** @throws NoSuchObject, and what the client throws */
  private async get(key: string, versionId: string | undefined): Promise<Buffer> {
    try {
      const answer = await this.client.send(
        new GetObjectCommand({ Bucket: this.bucket, Key: this.prefix + key, VersionId: versionId }),
        this.lookOptions,
      );
      const content = Buffer.from((await answer.Body?.transformToByteArray()) ?? []);
      return ofAnObject(answer, asWritten(answer, content));
    } catch (error) {
      this.sendOptions.abortSignal?.throwIfAborted();
      throw isMissing(s3FailureOf(error)) ? new NoSuchObject(this.place, key) : error;
    }
  }

  /** By the id of its version; a bucket without versions has the content and the time only. */
  async mark(key: string): Promise<string> {
    return this.explained(async () => {
      try {
        const command = new HeadObjectCommand({ Bucket: this.bucket, Key: this.prefix + key });
        const answer = await this.client.send(command, this.lookOptions);
        const { VersionId, ETag, LastModified } = answer;
        return ofAnObject(answer, [VersionId ?? "", ETag ?? "", LastModified?.getTime() ?? ""].join(" "));
      } catch (error) {
        throw isMissing(s3FailureOf(error)) ? new NoSuchObject(this.place, key) : error;
      }
    });
  }

  /** Whether the bucket can be used at all: then it is one object that cannot be. */
  private async works(): Promise<boolean> {
    try {
      const command = new ListObjectsV2Command({ Bucket: this.bucket, Prefix: this.prefix, MaxKeys: 1 });
      return isPage(await this.client.send(command, this.lookOptions));
    } catch {
      this.sendOptions.abortSignal?.throwIfAborted();
      return false;
    }
  }

  async write(key: string, body: Uint8Array, condition?: WriteCondition): Promise<void> {
    await this.explained(async () => {
      try {
        await this.client.send(
          new PutObjectCommand({ Bucket: this.bucket, Key: this.prefix + key, Body: body, ...headersOf(condition) }),
          this.sendOptions,
        );
      } catch (error) {
        if (condition !== undefined && isConditionFailed(s3FailureOf(error))) {
          throw new ConditionFailed(this.place, key);
        }
        throw error;
      }
    });
  }

  async remove(key: string): Promise<void> {
    await this.explained(() =>
      this.client.send(new DeleteObjectCommand({ Bucket: this.bucket, Key: this.prefix + key }), this.sendOptions),
    );
  }

  /** By MinIO's own header: a plain deletion would have to read what cannot be read. Others take it for a plain one. */
  async discard(key: string): Promise<void> {
    const command = new DeleteObjectCommand({ Bucket: this.bucket, Key: this.prefix + key });
    command.middlewareStack.add(
      (next) => (args) => {
        const { request } = args;
        if (isHttpRequest(request)) request.headers["x-minio-force-delete"] = "true";
        return next(args);
      },
      { step: "build" },
    );
    await this.explained(() => this.client.send(command, this.sendOptions));
  }

  async hasObjectLock(): Promise<boolean> {
    return this.explained(async () => {
      try {
        const command = new GetObjectLockConfigurationCommand({ Bucket: this.bucket });
        const { ObjectLockConfiguration } = await this.client.send(command, this.lookOptions);
        return ObjectLockConfiguration?.ObjectLockEnabled === "Enabled";
      } catch (error) {
        if (s3FailureOf(error).name !== "ObjectLockConfigurationNotFoundError") throw error;
        // MinIO says the same of a bucket that is not there.
        await this.client.send(new GetBucketVersioningCommand({ Bucket: this.bucket }), this.lookOptions);
        return false;
      }
    });
  }

  /** What the bucket itself is set to. @throws StoreError of kind `no-bucket` when it is not there */
  async bucketSettings(): Promise<BucketSettings> {
    const [isVersioned, hasLifecycle] = await Promise.all([
      this.isVersioned(),
      this.explained(() => this.hasLifecycle()),
    ]);
    return { isVersioned, hasLifecycle };
  }

  /** Whether the bucket keeps what is replaced. @throws StoreError of kind `no-bucket` when it is not there */
  async isVersioned(): Promise<boolean> {
    const command = new GetBucketVersioningCommand({ Bucket: this.bucket });
    return (await this.explained(() => this.client.send(command, this.lookOptions))).Status === "Enabled";
  }

  private async hasLifecycle(): Promise<boolean> {
    try {
      const command = new GetBucketLifecycleConfigurationCommand({ Bucket: this.bucket });
      return ((await this.client.send(command, this.lookOptions)).Rules ?? []).length > 0;
    } catch (error) {
      if (s3FailureOf(error).name === "NoSuchLifecycleConfiguration") return false;
      throw error;
    }
  }

  private objectOf(entry: {
    Key?: string | undefined;
    Size?: number | undefined;
    LastModified?: Date | undefined;
    ETag?: string | undefined;
  }): StoredObject {
    const { Key: key } = entry;
    if (key === undefined) throw storeErrorOf(new NoS3Answer("an object in its list has no name"), this.place);
    return {
      key: key.slice(this.prefix.length),
      size: entry.Size ?? 0,
      modified: entry.LastModified?.getTime() ?? 0,
      ...(entry.ETag === undefined ? {} : { etag: entry.ETag }),
    };
  }

  private versionOf(
    entry: Parameters<S3Store["objectOf"]>[0] & { VersionId?: string | undefined; IsLatest?: boolean | undefined },
    deleteMarker: boolean,
  ): ObjectVersion {
    return {
      ...this.objectOf(entry),
      versionId: entry.VersionId ?? "null",
      latest: entry.IsLatest === true,
      deleteMarker,
    };
  }

  private async explained<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      this.sendOptions.abortSignal?.throwIfAborted();
      if (error instanceof ConditionFailed || error instanceof NoSuchObject) throw error;
      throw storeErrorOf(error, this.place);
    }
  }
}

function isHttpRequest(request: unknown): request is { headers: Record<string, string> } {
  return typeof request === "object" && request !== null && "headers" in request;
}

function headersOf(condition: WriteCondition | undefined): { IfMatch?: string; IfNoneMatch?: string } {
  if (condition === undefined) return {};
  return "ifMatch" in condition ? { IfMatch: condition.ifMatch } : { IfNoneMatch: "*" };
}

function markersOf({
  NextKeyMarker,
  NextVersionIdMarker,
}: ListObjectVersionsCommandOutput): { KeyMarker?: string; VersionIdMarker?: string } | undefined {
  if (NextKeyMarker === undefined) return undefined;
  return {
    KeyMarker: NextKeyMarker,
    ...(NextVersionIdMarker === undefined ? {} : { VersionIdMarker: NextVersionIdMarker }),
  };
}

/** S3 gives versions of a key newest first, but marks and contents apart. The latest comes first whatever the clock says. */
function byKeyNewestFirst(a: ObjectVersion, b: ObjectVersion): number {
  if (a.key !== b.key) return a.key < b.key ? -1 : 1;
  if (a.latest !== b.latest) return a.latest ? -1 : 1;
  return b.modified - a.modified;
}
