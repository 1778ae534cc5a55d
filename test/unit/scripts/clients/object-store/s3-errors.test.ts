import { isConditionFailed, s3FailureOf, storeErrorOf } from "../../../../../scripts/clients/object-store/s3-errors";

/** An error as the SDK throws it. */
function thrown(name: string, more: { status?: number; code?: string; message?: string } = {}): Error {
  const error = Object.assign(new Error(more.message ?? name), { name });
  if (more.code !== undefined) Object.assign(error, { code: more.code });
  return Object.assign(error, { $metadata: more.status === undefined ? {} : { httpStatusCode: more.status } });
}

test.each([
  [thrown("Error", { code: "ECONNREFUSED" }), "unreachable"],
  [thrown("TimeoutError"), "unreachable"],
  [thrown("ServiceUnavailable", { status: 503 }), "unreachable"],
  [thrown("Error", { code: "SELF_SIGNED_CERT_IN_CHAIN" }), "untrusted"],
  [thrown("Error", { code: "ERR_TLS_CERT_ALTNAME_INVALID" }), "untrusted"],
  [thrown("AccessDenied", { status: 403 }), "denied"],
  [thrown("InvalidAccessKeyId", { status: 403 }), "denied"],
  [thrown("CredentialsProviderError"), "denied"],
  [thrown("NoSuchBucket", { status: 404 }), "no-bucket"],
  [thrown("InvalidArgument", { status: 400 }), "failed"],
])("%s is %s", (error, kind) => {
  const told = storeErrorOf(error, "s3://bucket at https://192.0.2.132:9000");
  expect(told.kind).toBe(kind);
  expect(told.message).toContain("192.0.2.132");
});

test("a message of the server does not reach the terminal with its control characters", () => {
  const error = storeErrorOf(thrown("InvalidArgument", { status: 400, message: "a\u001b[31mb" }), "s3://bucket");
  expect(error.message).not.toContain("\u001b");
});

test.each([
  [thrown("PreconditionFailed", { status: 412 }), true],
  [thrown("ConditionalRequestConflict", { status: 409 }), true],
  [thrown("NoSuchKey", { status: 404 }), true],
  [thrown("NoSuchBucket", { status: 404 }), false],
  [thrown("AccessDenied", { status: 403 }), false],
])("%s: somebody else wrote it: %s [E3]", (error, expected) => {
  expect(isConditionFailed(s3FailureOf(error))).toBe(expected);
});
