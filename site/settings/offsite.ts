import type { KeyPair } from "./state-store";
import type { Bytes, Seconds } from "./units";

/** A bucket of another S3 service, to which copies go (J1, J2). */
export interface OffsiteSettings {
  /** Whose service it is: they take different settings for the same thing. */
  readonly kind: OffsiteKind;
  /** `https://host:port`, without a slash or path at its end. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** The bucket is there already, and never changed. */
  readonly adopt: boolean;
  /** PEM file; a relative path starts at the project's folder. Absent: the CAs of the system. */
  readonly ca?: string | undefined;
  /** How long nobody can remove what was written, and how long what was replaced stays: whole days. */
  readonly retention: Seconds;
  readonly lock: "compliance" | "governance";
  /** The service encrypts what it stores. */
  readonly encrypt: boolean;
  /** When copies of dumps are removed, after they were written: whole days. */
  readonly expire: Seconds;
  /** Bytes in a second. Absent: no limit. */
  readonly bandwidth?: Bytes | undefined;
  readonly copies: {
    readonly dumps: boolean;
  };
}

export type OffsiteKind = "aws" | "ovh" | "minio";

/** The keys of the bucket elsewhere: all of them secret. */
export interface OffsiteKeys {
  /** Makes the bucket. Absent where that is there already. */
  readonly admin?: KeyPair | undefined;
  readonly writer: KeyPair;
  readonly reader: KeyPair;
}
