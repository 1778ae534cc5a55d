import * as pulumi from "@pulumi/pulumi";
import { offsiteTypes as types } from "../../../site/offsite/resource-names";
import { prepareOffsite } from "../../../stacks/offsite";
import { environmentOf } from "../../support/example-environment";
import { offsiteKeys, offsiteSettings } from "../../support/example-offsite";
import { find, runProgram, secretInput, valueOf } from "../../support/pulumi-mocks";

const mocks = {
  ...Object.fromEntries(Object.values(types).map((type) => [type, () => ({})])),
  "pulumi:providers:aws": () => ({}),
};
const keys = offsiteKeys();
/** Nobody listens there. */
const nowhere = "https://127.0.0.1:1";
let warnings: string[];

beforeEach(() => {
  warnings = [];
  jest.spyOn(pulumi.log, "warn").mockImplementation(async (message) => void warnings.push(message));
});

afterEach(() => jest.restoreAllMocks());

async function declare(other: Readonly<Record<string, unknown>>, top: object = { offsiteKeys: keys }) {
  const environment = environmentOf(offsiteSettings(other, top), "prod");
  return runProgram(mocks, async () => (await prepareOffsite(environment))());
}

test("declared without keys is an error that says how to give them, and nothing is registered [J2]", async () => {
  await expect(declare({}, {})).rejects.toThrow(
    /offsite copies of prod: .*lifeboat:offsiteKeys is not set\nHINT: eval "\$\(lifeboat env prod\)" && pulumi config set --secret/su,
  );
});

test("without the key that makes the bucket it is an error too, unless the bucket is adopted [J2]", async () => {
  const { admin: _, ...others } = keys;
  await expect(declare({}, { offsiteKeys: others })).rejects.toThrow(/has no key admin to make the bucket far-away/u);
  const { registrations, result } = await declare({ adopt: true }, { offsiteKeys: others });
  expect(registrations.filter(({ type }) => type.startsWith("aws:"))).toEqual([]);
  expect(await valueOf(result["offsiteBucket"] ?? fail())).toBe("far-away");
});

test("a service that does not answer stops nothing else: a site is rebuilt without it [F1, J2]", async () => {
  const { registrations } = await declare({ endpoint: nowhere });
  expect(find(registrations, types.bucket).importId).toBe("");
  expect(warnings).toEqual([expect.stringContaining(`The offsite service at ${nowhere} does not answer`)]);
});

test("its provider asks that service alone, with the key for it as a secret [J1, N6]", async () => {
  const { registrations } = await declare({ endpoint: nowhere });
  const { inputs } = find(registrations, "pulumi:providers:aws");
  expect(inputs["accessKey"]).toEqual(secretInput(keys.admin.accessKey));
  expect(inputs["secretKey"]).toEqual(secretInput(keys.admin.secretKey));
  expect(inputs["endpoints"]).toEqual(
    JSON.stringify([{ iam: nowhere, s3: nowhere, s3control: nowhere, sts: nowhere }]),
  );
  expect(JSON.stringify(registrations)).not.toContain(keys.writer.secretKey);
});

test("AWS is asked where AWS is [J1]", async () => {
  const { registrations } = await declare({ kind: "aws", endpoint: nowhere, region: "eu-west-3" });
  const { inputs } = find(registrations, "pulumi:providers:aws");
  expect(inputs["endpoints"]).toBeUndefined();
  expect(inputs["region"]).toBe("eu-west-3");
});

function fail(): never {
  throw new Error("there is no such output");
}
