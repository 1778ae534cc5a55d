import { offsiteReaderPolicy, writerPolicy } from "../../../../site/offsite/policies";

const kinds = ["aws", "minio"] as const;

function actions(policy: ReturnType<typeof writerPolicy>, effect: "Allow" | "Deny"): string[] {
  return policy.Statement.filter(({ Effect }) => Effect === effect).flatMap(({ Action }) => Action);
}

test.each(kinds)("the key of guests writes and reads, and can remove and change nothing (%s) [J1, N6]", (kind) => {
  const policy = writerPolicy("far", kind);
  const allowed = actions(policy, "Allow");
  expect(allowed.filter((action) => /Put|Delete|Bypass|Retention|Lifecycle|Policy/u.test(action))).toEqual([
    "s3:PutObject",
  ]);
  for (const action of [
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:PutObjectRetention",
    "s3:BypassGovernanceRetention",
  ]) {
    expect(actions(policy, "Deny")).toContain(action);
  }
});

test.each(kinds)("the key of restores writes nothing (%s) [J3, N6]", (kind) => {
  const allowed = actions(offsiteReaderPolicy("far", kind), "Allow");
  expect(allowed.filter((action) => !/^s3:(?:Get|List)/u.test(action))).toEqual([]);
  expect(allowed).toContain("s3:GetObjectVersion");
});

test("AWS gets no action that only MinIO has: it would refuse the whole policy [J1]", () => {
  const text = JSON.stringify([writerPolicy("far", "aws"), offsiteReaderPolicy("far", "aws")]);
  expect(text).not.toMatch(/admin:|principaltype|versionid/u);
});

test("no policy names another bucket [N6]", () => {
  for (const { Effect, Resource = [] } of writerPolicy("far", "minio").Statement) {
    if (Effect === "Allow") expect(Resource.every((arn) => /^arn:aws:s3:::far(?:\/\*)?$/u.test(arn))).toBe(true);
  }
});
