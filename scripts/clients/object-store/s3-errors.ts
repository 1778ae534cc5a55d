import { plainText } from "../../../proxmox/api/plain-text";
import { codeOf } from "../../../proxmox/api/trust";
import { StoreError, type StoreErrorKind, UnreadableObject } from "./object-store";

/** What an error of the S3 client says, as far as it is looked at. */
interface S3Failure {
  /** Name of S3's error, such as `NoSuchKey`, or of the client's. */
  readonly name: string;
  /** HTTP status, where there was an answer. */
  readonly status: number | undefined;
  readonly message: string;
}

const certificateCodes = /CERT|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)|ISSUER|ERR_TLS_CERT|HOSTNAME_MISMATCH/u;

const deniedNames: ReadonlySet<string> = new Set([
  "AccessDenied",
  "InvalidAccessKeyId",
  "SignatureDoesNotMatch",
  "CredentialsProviderError",
  "AuthorizationHeaderMalformed",
]);

export function s3FailureOf(error: unknown): S3Failure {
  if (!(error instanceof Error)) return { name: "", status: undefined, message: String(error) };
  return { name: error.name, status: statusOf(error), message: error.message };
}

export function isMissing({ name, status }: S3Failure): boolean {
  return name === "NoSuchKey" || name === "NoSuchVersion" || (name === "NotFound" && status === 404);
}

/** The condition of a write was not met. MinIO and AWS say 404 where `If-Match` finds nothing. */
export function isConditionFailed(failure: S3Failure): boolean {
  return failure.status === 412 || failure.name === "ConditionalRequestConflict" || isMissing(failure);
}

/** The service knows no conditional writes. */
export function knowsNoConditions({ cause }: StoreError): boolean {
  return s3FailureOf(cause).name === "NotImplemented";
}

/** The error in this project's terms. */
export function storeErrorOf(error: unknown, place: string): StoreError {
  const [kind, reason] = judge(error, s3FailureOf(error));
  return new StoreError(kind, place, reason, error);
}

/** The same for an object that a store does not give, which works otherwise. */
export function unreadableOf(error: unknown, place: string, key: string): UnreadableObject {
  const { name, status, message } = s3FailureOf(error);
  const text = [status, name, plainText(message)].filter(
    (part) => part !== undefined && part !== "Error" && part !== "",
  );
  return new UnreadableObject(place, key, `the store answers ${[...new Set(text)].join(" ")}`, error);
}

function judge(error: unknown, { name, status, message }: S3Failure): [StoreErrorKind, string] {
  if (message.includes("requestTimeout")) {
    return ["unreachable", "the store takes requests and does not answer them"];
  }
  const text = plainText(message);
  const code = codeOf(error);
  if (name === "NoS3Answer" || (status !== undefined && status < 300)) {
    return ["unreachable", `the store does not answer as an S3 service does: ${text}`];
  }
  if (name === "NoSuchBucket") return ["no-bucket", "there is no such bucket"];
  if (name === "CredentialsProviderError") return ["denied", `there is no key pair for the store: ${text}`];
  if (name === "RequestTimeTooSkewed") {
    return ["denied", "the store refuses the request, since its clock and the one here differ: RequestTimeTooSkewed"];
  }
  if (deniedNames.has(name) || status === 401 || status === 403) {
    return ["denied", `the store refuses the key pair: ${name}: ${text}`];
  }
  if (certificateCodes.test(code)) return ["untrusted", `the certificate of the store is not trusted: ${code}`];
  if (status === undefined && (code !== "" || name === "TimeoutError")) {
    return ["unreachable", `the store does not answer: ${code === "" ? text : `${code} ${text}`}`];
  }
  // Too many requests, or sent elsewhere: nothing is said of what it holds.
  if (status !== undefined && (status >= 500 || status === 429 || (status >= 300 && status < 400))) {
    return ["unreachable", `the store does not work now: ${String(status)} ${text}`];
  }
  return ["failed", `the store refuses: ${name}: ${text}`];
}

function statusOf(error: Error): number | undefined {
  if (!("$metadata" in error) || typeof error.$metadata !== "object" || error.$metadata === null) return undefined;
  const { $metadata: metadata } = error;
  return "httpStatusCode" in metadata && typeof metadata.httpStatusCode === "number"
    ? metadata.httpStatusCode
    : undefined;
}
