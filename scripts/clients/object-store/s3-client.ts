import { S3Client } from "@aws-sdk/client-s3";

export interface S3StoreOptions {
  readonly bucket: string;
  /** `https://192.0.2.132:9000`. Absent: AWS's own of the region. */
  readonly endpoint?: string;
  readonly region: string;
  /** PEM of the authority that signed the store's certificate. Absent: the system's authorities. */
  readonly ca?: string;
  /** Absent: where the AWS SDK looks (`AWS_ACCESS_KEY_ID`, then the profile in the shared credentials file). */
  readonly credentials?: { readonly accessKey: string; readonly secretKey: string };
  readonly profile?: string;
  /** Keys lie below this in the bucket. Default: at the top. */
  readonly prefix?: string;
  /** `https://host/bucket/key` and not `https://bucket.host/key`. Default true. */
  readonly pathStyle?: boolean;
  /** Milliseconds for a connection. Default 5 s. */
  readonly connectTimeout?: number;
  /** Milliseconds until an answer begins, or goes on. Default 5 s for what only reads, 2 min until what writes begins. */
  readonly requestTimeout?: number;
  /** How often a request is sent at most. Default 3. */
  readonly attempts?: number;
  readonly signal?: AbortSignal;
}

/** Connections at once: more than any caller here asks for. */
const connections = 32;

const nothing = (): void => undefined;

/** The SDK's client as every store is asked with. */
export function clientOf(options: S3StoreOptions): S3Client {
  const { endpoint, region, ca, credentials, profile, pathStyle = true, attempts = 3 } = options;
  // The SDK announces on stderr which Node it will want one day. That is for who builds this, and not for an operator.
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";
  return new S3Client({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined
      ? {}
      : { credentials: { accessKeyId: credentials.accessKey, secretAccessKey: credentials.secretKey } }),
    ...(profile === undefined ? {} : { profile }),
    forcePathStyle: pathStyle,
    maxAttempts: attempts,
    // What it would say on stderr is told by whoever asked.
    logger: { debug: nothing, info: nothing, warn: nothing, error: nothing },
    // Other stores than AWS's refuse the newer checksums, or store them as content.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    // For what is asked about first, bodies of 2 MiB and more, the SDK takes an agent of its own, which knows no CA of ours.
    expectContinueHeader: false,
    requestHandler: {
      connectionTimeout: options.connectTimeout ?? 5_000,
      requestTimeout: options.requestTimeout ?? 120_000,
      throwOnRequestTimeout: true,
      httpsAgent: {
        keepAlive: true,
        maxSockets: connections,
        rejectUnauthorized: true,
        ...(ca === undefined ? {} : { ca }),
      },
      httpAgent: { keepAlive: true, maxSockets: connections },
    },
  });
}
