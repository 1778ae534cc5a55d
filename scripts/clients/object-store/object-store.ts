/** An object as a listing shows it. */
export interface StoredObject {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** When it was written, milliseconds since 1970, by the store's clock. */
  readonly modified: number;
  /** Changes with the content. Quotes included where the store gives them. */
  readonly etag?: string;
}

/** One version of an object, or the mark that it was deleted. */
export interface ObjectVersion extends StoredObject {
  readonly versionId: string;
  /** The version that a read without an id gets, or the mark because of which it gets none. */
  readonly latest: boolean;
  /** No content: the object was deleted at this time. */
  readonly deleteMarker: boolean;
}

/** What must be true of the present object for a write to happen. */
export type WriteCondition = { readonly ifMatch: string } | { readonly ifNoneMatch: true };

/**
 * A place that keeps whole objects under keys with `/` in them, such as `.pulumi/stacks/shop/prod.json`: a bucket, or a
 * folder with the layout of Pulumi's `file://` backend. Every method throws {@link StoreError} where the store cannot be
 * used.
 */
export interface ObjectStore {
  /** For messages: `s3://lifeboat-state-prod at https://192.0.2.132:9000`, or a folder. */
  readonly place: string;
  /** Objects whose key begins with the prefix, by key. Empty also where nothing was ever written. */
  list(prefix: string): Promise<StoredObject[]>;
  /** All versions below a prefix, by key and newest first. Absent: this store keeps none. */
  versions?(prefix: string): Promise<ObjectVersion[]>;
  /** Whether MinIO refuses here to force objects away with all of their versions. Absent: this store is no bucket. */
  hasObjectLock?(): Promise<boolean>;
  /** @throws NoSuchObject, UnreadableObject */
  read(key: string, versionId?: string): Promise<Buffer>;
  /** Changes with every write of the object, also with one of the same content and time. @throws NoSuchObject */
  mark(key: string): Promise<string>;
  /** MD5 of what was written, in base64; undefined: whoever wrote it noted none. Absent: this store has no such notes. */
  notedMd5?(key: string): Promise<string | undefined>;
  /** Replaces the object as a whole: a reader gets the old content or the new. @throws ConditionFailed */
  write(key: string, body: Uint8Array, condition?: WriteCondition): Promise<void>;
  /** No error when it is not there. Where the store keeps versions, they stay. */
  remove(key: string): Promise<void>;
  /** Removes an object with every version of it, also one that the store itself cannot read. Absent: a write replaces it. */
  discard?(key: string): Promise<void>;
}

/**
 * Why a store cannot be used.
 *
 * - `unreachable`: no connection, or no answer in time.
 * - `untrusted`: its certificate is not the one that the settings trust.
 * - `denied`: the key pair is wrong, or may not do this.
 * - `no-bucket`: the store answers, and the bucket is not there.
 * - `unreadable`: one object of it cannot be read, and others can: {@link UnreadableObject}.
 * - `failed`: anything else; for a folder what the system says.
 */
export type StoreErrorKind = "unreachable" | "untrusted" | "denied" | "no-bucket" | "unreadable" | "failed";

/** A store that cannot be used. The message names the store and holds no secret. */
export class StoreError extends Error {
  override readonly name = "StoreError";

  constructor(
    readonly kind: StoreErrorKind,
    readonly place: string,
    reason: string,
    cause?: unknown,
  ) {
    super(`${reason} (${place})`, { cause });
  }
}

/** An object that is there, and that a store which works otherwise does not give: it is damaged, or its key is lost. */
export class UnreadableObject extends StoreError {
  constructor(
    place: string,
    readonly key: string,
    /** What the store says, as half a sentence. */
    readonly reason: string,
    cause?: unknown,
  ) {
    super("unreadable", place, `${key} cannot be read: ${reason}`, cause);
  }
}

/** There is no such object, or no such version of it. */
export class NoSuchObject extends Error {
  override readonly name = "NoSuchObject";

  constructor(
    readonly place: string,
    readonly key: string,
  ) {
    super(`there is no object ${key} (${place})`);
  }
}

/** Somebody else wrote the object meanwhile; nothing was written. */
export class ConditionFailed extends Error {
  override readonly name = "ConditionFailed";

  constructor(
    readonly place: string,
    readonly key: string,
  ) {
    super(`${key} was changed by somebody else meanwhile (${place})`);
  }
}
