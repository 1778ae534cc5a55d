import { offsiteTypes } from "../../../../site/offsite/resource-names";
import { checkpointOf, parseCheckpoint } from "../../../../site/state/checkpoint";
import { foreignParts } from "../../../../site/state/foreign-parts";
import { ownAddresses } from "../../../../site/state/own-addresses";
import { environmentOf } from "../../../support/example-environment";
import { offsiteSettings } from "../../../support/example-offsite";

const place = { project: "shop", stack: "prod" };
const own = "urn:pulumi:prod::shop::";
const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:a:b" };
const endpoint = "https://s3.example.com:9000";

type Held = Readonly<Record<string, unknown>>;

const endpoints = (where: string) => JSON.stringify([{ iam: where, s3: where, s3control: where, sts: where }]);

/** The provider as Pulumi keeps it. */
function provider(change: Held = {}): Held {
  const inputs = {
    __internal: {},
    accessKey: secret,
    endpoints: endpoints(endpoint),
    region: "us-east-1",
    s3UsePathStyle: "true",
    secretKey: secret,
    version: "7.48.0",
    ...change,
  };
  const urn = `${own}pulumi:providers:aws::offsite`;
  return { urn, type: "pulumi:providers:aws", custom: true, id: "1", inputs, outputs: inputs };
}

function part(role: keyof typeof offsiteTypes, more: Held = {}, bucket = "far-away", name = `offsite-${role}`): Held {
  const type = offsiteTypes[role];
  const urn = `${own}lifeboat:offsite:OffsiteBucket$${type}::${name}`;
  return {
    urn,
    type,
    custom: true,
    id: bucket,
    inputs: { bucket },
    outputs: { bucket },
    retainOnDelete: true,
    ...more,
  };
}

const roles = ["bucket", "versioning", "lock", "encryption", "lifecycle", "closed", "policy"] as const;

function why(resources: readonly Held[], settings = offsiteSettings()): string[] {
  const deployment = { version: 3, deployment: { resources } };
  const state = parseCheckpoint(checkpointOf(JSON.stringify(deployment), "organization/shop/prod"));
  const addresses = ownAddresses(environmentOf(settings, "prod"));
  return foreignParts(state, place, addresses, undefined).map((found) => found.why);
}

test("the bucket elsewhere with all that protects it is the stack's own, at AWS too [J1, N2]", () => {
  const parts = roles.map((role) => part(role));
  expect(why([provider(), ...parts])).toEqual([]);
  expect(why([provider({ customCaBundle: "/home/anna/site/ca.pem" })], offsiteSettings({ ca: "ca.pem" }))).toEqual([]);
  const aws = offsiteSettings({ kind: "aws", endpoint: "https://s3.eu-west-3.amazonaws.com", region: "eu-west-3" });
  expect(why([provider({ endpoints: undefined, region: "eu-west-3" }), ...parts], aws)).toEqual([]);
});

test("what was made there is no more than forgotten once somebody else answers for it, and its provider is named [J1, N2]", () => {
  const adopted = offsiteSettings({ adopt: true });
  expect(why([provider()], adopted)).toEqual(["the settings have it make no bucket elsewhere"]);
  expect(why([part("bucket")], adopted)).toEqual(["the settings have it make no bucket elsewhere"]);
});

test.each<[string, Held, string]>([
  [
    "an address that would be told a secret as the name of a key",
    provider({ endpoints: endpoints("https://evil.example") }),
    `another service than that of the settings, ${endpoint}`,
  ],
  [
    "one such address beside the own ones",
    provider({ endpoints: JSON.stringify([{ ...JSON.parse(endpoints(endpoint))[0], ec2: "https://evil.example" }]) }),
    "another service",
  ],
  ["no address, which is AWS", provider({ endpoints: undefined }), "another service"],
  ["an address that nobody can read", provider({ endpoints: secret }), "another service"],
  ["a region that makes another address", provider({ region: "x.evil.example/" }), "its region is not that"],
  ["an authority of its own", provider({ customCaBundle: "/tmp/evil.pem" }), "an authority of its own"],
  ["a proxy", provider({ httpProxy: "http://evil.example" }), "does not set its httpProxy"],
  ["versions that would be suspended", part("versioning", { retainOnDelete: false }), "would go from there"],
  ["a lock that would go", part("lock", { retainOnDelete: undefined, delete: true }), "would go from there"],
  ["a policy that would go", part("policy", { retainOnDelete: false }), "would go from there"],
  ["another bucket", part("bucket", {}, "payroll"), "it names bucket payroll, and the settings have far-away"],
  [
    "the rules of another bucket",
    part("lifecycle", { outputs: { bucket: "payroll" } }),
    "names bucket far-away, payroll",
  ],
  ["another bucket under another URN", part("policy", {}, "payroll", "x-policy"), "makes nothing of this name"],
])("of the bucket elsewhere %s is refused, and named [J1, N2]", (_, forged, told) => {
  expect(why([forged])).toEqual([expect.stringContaining(told)]);
});
