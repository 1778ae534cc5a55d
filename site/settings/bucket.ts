import type { KeyPair } from "./state-store";

/** A bucket of the site that is mirrored to the bucket elsewhere, with its versions (J4). */
export interface MirroredBucket {
  /** Name of the mirror. */
  readonly name: string;
  /** `https://host:port`, without a slash or path at its end. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** PEM file; a relative path starts at the project's folder. Absent: the CAs of the system. */
  readonly ca?: string | undefined;
}

/** Keys of mirrored buckets, by the names of their mirrors: all of them secret. */
export type BucketKeys = Readonly<Record<string, KeyPair>>;

/**
 * Seconds after which everything of a mirrored bucket is sent anew, under another name: the rules of the bucket elsewhere know the age of
 * an object and not whether a list still names it.
 */
export const seriesLength = 30 * 86_400;
