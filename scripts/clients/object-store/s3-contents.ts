import { Readable } from "node:stream";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { limitSilence } from "./body-patience";
import { ConditionFailed, NoSuchObject } from "./object-store";
import { clientOf, type S3StoreOptions } from "./s3-client";
import { writtenMd5Of } from "./written-md5";
import { isConditionFailed, isMissing, s3FailureOf, storeErrorOf } from "./s3-errors";

/** What a service gives beside an object's bytes, as headers of a request that writes it. */
export type ContentHeaders = Readonly<Record<string, string>>;

/** An object on its way. */
export interface OpenedContent {
  readonly body: Readable;
  readonly headers: ContentHeaders;
  /** The MD5 of what was written there, in base64, where the service tells it. */
  readonly writtenMd5: string | undefined;
}

/** What is written in one request. */
export interface PlacedContent {
  readonly body: Readable;
  readonly bytes: number;
  /** In base64: the service compares it, and keeps nothing where it is another. */
  readonly md5: string;
  readonly headers?: ContentHeaders;
  /** Only where there is nothing yet. */
  readonly onlyNew?: boolean;
}

/** The most that one request writes, by S3's own rule. */
export const largestContent = 5 * 2 ** 30;

const meta = "x-amz-meta-";

/** Milliseconds without a byte. */
const patience = 120_000;

/** Objects of a bucket, with what belongs to them, as they come and go. Load this file with `import()`: the client is large. */
export class S3Contents {
  private readonly client: S3Client;

  /** @param place of messages */
  constructor(
    private readonly options: Omit<S3StoreOptions, "prefix">,
    readonly place: string,
  ) {
    // A stream can be sent once: whoever made it makes it anew.
    this.client = clientOf({ ...options, requestTimeout: patience });
    limitSilence(this.client, patience);
  }

  /** Begins to read a version. @param versionId `null` where the bucket keeps none @throws NoSuchObject, StoreError */
  async open(key: string, versionId: string): Promise<OpenedContent> {
    const id = versionId === "null" ? {} : { VersionId: versionId };
    try {
      const answer = await this.client.send(new GetObjectCommand({ Bucket: this.options.bucket, Key: key, ...id }));
      const { Body: body } = answer;
      return {
        body: body instanceof Readable ? body : Readable.from([]),
        headers: headersOf(answer),
        writtenMd5: writtenMd5Of(answer),
      };
    } catch (error) {
      if (isMissing(s3FailureOf(error))) throw new NoSuchObject(this.place, key);
      throw storeErrorOf(error, this.place);
    }
  }

  /** Writes an object as a whole, or not at all. @throws ConditionFailed, StoreError, and what its body ends with */
  async put(key: string, { body, bytes, md5, headers = {}, onlyNew = false }: PlacedContent): Promise<void> {
    let failure: unknown;
    // A request whose body breaks off would wait for the rest of it.
    const broken = new AbortController();
    body.once("error", (error) => {
      failure = error;
      broken.abort();
    });
    const { signal } = this.options;
    try {
      await this.client.send(
        new PutObjectCommand({
          Bucket: this.options.bucket,
          Key: key,
          Body: body,
          ContentLength: bytes,
          ContentMD5: md5,
          ...inputsOf(headers),
          ...(onlyNew ? { IfNoneMatch: "*" } : {}),
        }),
        { abortSignal: signal === undefined ? broken.signal : AbortSignal.any([signal, broken.signal]) },
      );
    } catch (error) {
      body.destroy();
      signal?.throwIfAborted();
      if (failure !== undefined) throw failure;
      if (onlyNew && isConditionFailed(s3FailureOf(error))) throw new ConditionFailed(this.place, key);
      throw storeErrorOf(error, this.place);
    }
  }

  /** Hides what is there; where the bucket keeps versions, they stay. @throws StoreError */
  async hide(key: string): Promise<void> {
    try {
      await this.client.send(new DeleteObjectCommand({ Bucket: this.options.bucket, Key: key }));
    } catch (error) {
      throw storeErrorOf(error, this.place);
    }
  }
}

/** Headers of S3 that say how people get an object, and the client's names for them. */
const named = {
  "content-type": "ContentType",
  "content-encoding": "ContentEncoding",
  "content-language": "ContentLanguage",
  "content-disposition": "ContentDisposition",
  "cache-control": "CacheControl",
} as const;

function headersOf(answer: GetObjectCommandOutput): ContentHeaders {
  const own = Object.entries(named).flatMap(([header, name]) => {
    const value = answer[name];
    return value === undefined ? [] : [[header, value] as const];
  });
  const notes = Object.entries(answer.Metadata ?? {}).map(([name, value]) => [`${meta}${name}`, value] as const);
  return Object.fromEntries([...own, ...notes]);
}

function inputsOf(headers: ContentHeaders) {
  const own = Object.entries(named).flatMap(([header, name]) => {
    const value = headers[header];
    return value === undefined ? [] : [[name, value] as const];
  });
  const notes = Object.entries(headers).filter(([header]) => header.startsWith(meta));
  return {
    ...Object.fromEntries(own),
    Metadata: Object.fromEntries(notes.map(([header, value]) => [header.slice(meta.length), value])),
  };
}
