import { OffsiteBucket } from "../../../components/offsite/offsite-bucket";
import { offsiteTypes as types } from "../../../site/offsite/resource-names";
import { offsiteOf } from "../../support/example-offsite";
import { find, type Registration, runProgram, valueOf } from "../../support/pulumi-mocks";

const mocks = Object.fromEntries(Object.values(types).map((type) => [type, () => ({})]));
const aws = { kind: "aws", endpoint: undefined, region: "eu-west-3" };
const ovh = { kind: "ovh", endpoint: "https://s3.gra.io.cloud.ovh.net", region: "gra" };

async function declare(other: Readonly<Record<string, unknown>> = {}, exists = false) {
  return runProgram(mocks, () => new OffsiteBucket("offsite", { offsite: offsiteOf(other), exists }));
}

function rulesOf(registrations: readonly Registration[]) {
  return find(registrations, types.lifecycle).inputs["rules"];
}

async function sizeOf(other: Readonly<Record<string, unknown>>): Promise<unknown> {
  return find((await declare(other)).registrations, types.lifecycle).inputs["transitionDefaultMinimumObjectSize"];
}

function made(registrations: readonly Registration[]): string[] {
  return registrations.filter(({ type }) => type.startsWith("aws:")).map(({ name }) => name);
}

test("a bucket has versions, a lock of 30 days that nobody shortens, and rules for what is old [J1]", async () => {
  const { registrations, result } = await declare();
  expect(made(registrations)).toEqual(["offsite-bucket", "offsite-versioning", "offsite-lock", "offsite-lifecycle"]);
  expect(find(registrations, types.bucket).inputs).toEqual({
    bucket: "far-away",
    forceDestroy: false,
    objectLockEnabled: true,
  });
  expect(find(registrations, types.versioning).inputs["versioningConfiguration"]).toEqual({ status: "Enabled" });
  expect(find(registrations, types.lock).inputs["rule"]).toEqual({
    defaultRetention: { mode: "COMPLIANCE", days: 30 },
  });
  expect(await valueOf(result.bucket)).toBe("far-away");
});

test("only dumps, archives and mirrored buckets go by their age: what else lies there, and nobody changes, stays [J1]", async () => {
  const { registrations } = await declare({ retention: "14d", expire: "60d" });
  expect(rulesOf(registrations)).toEqual([
    {
      id: "lifeboat-old-versions",
      status: "Enabled",
      filter: { prefix: "" },
      noncurrentVersionExpiration: { noncurrentDays: 14 },
      expiration: { expiredObjectDeleteMarker: true },
    },
    { id: "lifeboat-dumps", status: "Enabled", filter: { prefix: "dumps/" }, expiration: { days: 60 } },
    { id: "lifeboat-archives", status: "Enabled", filter: { prefix: "archives/" }, expiration: { days: 60 } },
    { id: "lifeboat-buckets", status: "Enabled", filter: { prefix: "buckets/" }, expiration: { days: 60 } },
  ]);
});

test("the provider never waits for a least size of transitions that only AWS answers [J1]", async () => {
  expect(await sizeOf({})).toBe("");
  expect(await sizeOf(ovh)).toBe("");
  expect(await sizeOf(aws)).toBeUndefined();
});

test("MinIO gets no rule about unfinished uploads, which it refuses; AWS has one [J1]", async () => {
  const [minio, amazon] = [await declare(), await declare(aws)];
  expect(JSON.stringify(rulesOf(minio.registrations))).not.toContain("abortIncompleteMultipartUpload");
  expect(rulesOf(amazon.registrations)).toContainEqual(
    expect.objectContaining({ abortIncompleteMultipartUpload: { daysAfterInitiation: 7 } }),
  );
});

test("MinIO and OVH know no block of public access; AWS gets it, and a policy of the bucket [J1]", async () => {
  const { registrations } = await declare(aws);
  expect(find(registrations, types.closed).inputs).toMatchObject({
    blockPublicAcls: true,
    blockPublicPolicy: true,
    ignorePublicAcls: true,
    restrictPublicBuckets: true,
  });
  expect(find(registrations, types.policy).inputs["policy"]).toContain("aws:SecureTransport");
  for (const other of [{}, ovh]) {
    const names = made((await declare(other)).registrations);
    expect(names).not.toContain("offsite-closed");
    expect(names).not.toContain("offsite-policy");
  }
});

test("MinIO encrypts only where its settings say that it has a key for it; others always do [J1]", async () => {
  const encryption = { applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } };
  for (const other of [aws, ovh, { encrypt: true }]) {
    const { registrations } = await declare(other);
    expect(find(registrations, types.encryption).inputs["rules"]).toEqual([encryption]);
  }
  expect(made((await declare({ ...ovh, encrypt: false })).registrations)).not.toContain("offsite-encryption");
});

test("what protects the bucket waits for its versions, and nothing of it is deleted with the component [J1]", async () => {
  const { registrations } = await declare(aws);
  for (const { name, type, parent, retainOnDelete, protect, dependsOn } of registrations) {
    if (!type.startsWith("aws:")) continue;
    expect({ name, parent, retainOnDelete }).toEqual({ name, parent: "offsite", retainOnDelete: true });
    expect(protect).toBe(type === types.bucket);
    if (type !== types.bucket && type !== types.versioning) expect(dependsOn).toContain("offsite-versioning");
  }
});

test("a bucket that is there is taken in, and never replaced for a lock that it was born without [J1]", async () => {
  const [there, gone] = [await declare({}, true), await declare()];
  expect(find(there.registrations, types.bucket).importId).toBe("far-away");
  expect(find(gone.registrations, types.bucket).importId).toBe("");
  expect(find(there.registrations, types.bucket).ignoreChanges).toEqual(["objectLockEnabled"]);
});
