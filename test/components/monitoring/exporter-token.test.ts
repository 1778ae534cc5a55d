import { createProviders } from "../../../stacks/providers";
import { declareExporterTokens } from "../../../stacks/exporter-tokens";
import { environmentOf, exampleSettings } from "../../support/example-environment";
import { find, runProgram, valueOf } from "../../support/pulumi-mocks";
import * as pulumi from "@pulumi/pulumi";

const type = "proxmoxve:user/token:Token";
const mocks = {
  "pulumi:providers:proxmoxve": () => ({}),
  [type]: (inputs: Readonly<Record<string, unknown>>) => ({ value: `${String(inputs["tokenName"])}=not-a-secret` }),
};

async function declare(exporterTokens: readonly number[]) {
  const environment = environmentOf({ ...exampleSettings(), exporterTokens });
  return runProgram(mocks, () =>
    declareExporterTokens(environment, createProviders(environment, "lifeboat@pve!cli=not-a-secret-1")()),
  );
}

test("one number is one token of the exporter's user, with that user's rights, and a secret output [N5]", async () => {
  const { registrations, result } = await declare([1]);
  const child = find(registrations, type);
  expect(child).toMatchObject({ name: "exporter-1-token", parent: "exporter-1", secretOutputs: ["value"] });
  expect(child.inputs).toEqual({
    userId: "lifeboat-exporter@pve",
    tokenName: expect.stringMatching(/^[A-Za-z][\w.-]*\.prod\.1$/u),
    comment: "Lifeboat: exporter of prod",
    privilegesSeparation: false,
  });
  const { exporterToken } = result;
  expect(await pulumi.isSecret(exporterToken ?? pulumi.output(""))).toBe(true);
  expect(await valueOf(exporterToken ?? fail())).toMatch(/\.prod\.1=not-a-secret$/u);
});

test("a second number is a second token beside the first, and the one that is given out [N5]", async () => {
  const { registrations, result } = await declare([2, 1]);
  const tokens = registrations.filter((one) => one.type === type);
  expect(tokens.map(({ name }) => name)).toEqual(["exporter-1-token", "exporter-2-token"]);
  expect(await valueOf(result["exporterToken"] ?? fail())).toMatch(/\.prod\.2=/u);
});

test("without a number there is neither token nor output", async () => {
  const { registrations, result } = await declare([]);
  expect([registrations.filter((one) => one.type === type), result]).toEqual([[], {}]);
});
