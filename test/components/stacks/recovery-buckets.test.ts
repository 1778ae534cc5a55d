import { createKeyPair } from "../../../site/state-store/keys";
import { identityPolicy } from "../../../site/state-store/policies";
import { recoveryBucket, recoveryIdentity } from "../../../site/state-store/recovery-names";
import { stateStoreTypes as types } from "../../../site/state-store/resource-names";
import { declareRecovery } from "../../../stacks/recovery-buckets";
import { find, runProgram, secretInput } from "../../support/pulumi-mocks";

const mocks = Object.fromEntries(Object.values(types).map((type) => [type, () => ({})]));
const guests = ["prod/db", "prod-db/web", "lab/db"];
const recovery = Object.fromEntries(
  guests.map((guest) => [guest, { ...createKeyPair(recoveryIdentity(guest)), sources: ["shop"] }]),
);

async function declare() {
  const keys = { identities: {}, readers: {}, recovery };
  return (await runProgram(mocks, async () => declareRecovery(keys, new Set(), {}))).registrations;
}

test("each guest has a bucket that keeps what was deleted for a week, and its key is in no input in clear [I7, N3]", async () => {
  const registrations = await declare();
  const components = registrations.filter(({ name }) => name === "recovery-prod/db").map(({ type }) => type);
  expect(components).toEqual(["lifeboat:stateStore:RecoveryBucket", "lifeboat:stateStore:StoreIdentity"]);
  const children = registrations.filter(({ parent }) => parent === "recovery-prod/db");
  expect(children.map(({ retainOnDelete }) => retainOnDelete)).toEqual([true, true, true, true, true, true]);
  expect(find(registrations, types.bucket, "recovery-prod/db-bucket").inputs).toMatchObject({
    bucket: recoveryBucket("prod/db"),
    forceDestroy: false,
    objectLocking: true,
  });
  expect(find(registrations, types.lifecycle, "recovery-prod/db-lifecycle").inputs["rules"]).toEqual([
    { id: "lifeboat-old-versions", expiration: "DeleteMarker", noncurrentVersionExpirationDays: 7 },
  ]);
  const { accessKey = "", secretKey = "" } = recovery["prod/db"] ?? {};
  const user = find(registrations, types.user, "recovery-prod/db-user");
  expect(user.inputs).toMatchObject({ name: accessKey, secret: secretInput(secretKey) });
});

test("no guest's policy names the bucket of another, also where names look alike with a hyphen [I7, B2]", async () => {
  const registrations = await declare();
  const buckets = guests.map(recoveryBucket);
  expect(new Set(buckets).size).toBe(guests.length);
  for (const guest of guests) {
    const policy = String(find(registrations, types.policy, `recovery-${guest}-policy`).inputs["policy"]);
    expect(policy).toBe(JSON.stringify(identityPolicy(recoveryBucket(guest))));
    expect(buckets.filter((bucket) => policy.includes(bucket))).toEqual([recoveryBucket(guest)]);
  }
});
