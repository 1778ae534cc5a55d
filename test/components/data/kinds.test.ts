import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { dataCommandType as type } from "../../../site/data/resource-names";
import { prepareData } from "../../../stacks/data";
import { environmentOf, exampleContainer, exampleSettings } from "../../support/example-environment";
import { offsiteKeys, offsiteSettings } from "../../support/example-offsite";
import { runProgram, valueOf } from "../../support/pulumi-mocks";

const folder = mkdtempSync(join(tmpdir(), "lifeboat-"));
const identity = join(folder, "identity");
const agent = process.env["SSH_AUTH_SOCK"];

beforeAll(() => {
  writeFileSync(identity, "in place of a PRIVATE KEY");
  delete process.env["SSH_AUTH_SOCK"];
});

afterAll(() => {
  rmSync(folder, { recursive: true });
  if (agent !== undefined) process.env["SSH_AUTH_SOCK"] = agent;
});

const data = {
  shop: { kind: "postgres" },
  crm: { kind: "mariadb", container: "crm-db-1" },
  config: { kind: "files", paths: ["/etc"], volumes: ["uploads"] },
  vault: { kind: "command", command: "vault operator raft snapshot save /dev/stdout" },
};

test("each kind of source is a component of its own type, with a schedule, and one command that installs it with its copies elsewhere [I1, I8, J2]", async () => {
  const keys = offsiteKeys();
  const environment = environmentOf({
    ...exampleSettings(),
    ssh: { identity },
    guests: { web: { ...exampleContainer(), data } },
    dataSecrets: { web: { shop: { password: "one" }, crm: { password: "two" } } },
    offsite: offsiteSettings().offsite,
    offsiteKeys: keys,
  });
  const { registrations, result } = await runProgram({ [type]: () => ({}) }, async () => {
    const declareData = await prepareData(environment, {
      hostKeyOf: () => pulumi.output("ssh-ed25519 AAAAguest"),
      nodes: () => Promise.reject(new Error("no guest is reached by its node")),
      watchers: [],
    });
    const declared = { vmId: pulumi.output(101), macAddress: pulumi.output("BC:24:11:00:00:01") };
    return declareData(new Map([["web", declared]]));
  });
  const components = registrations.filter(({ name }) => /^web\/[a-z]+$/u.test(name));
  expect(Object.fromEntries(components.map((one) => [one.name, one.type]))).toEqual({
    "web/shop": "lifeboat:data:PostgresBackup",
    "web/crm": "lifeboat:data:MariaDbBackup",
    "web/config": "lifeboat:data:FilesBackup",
    "web/vault": "lifeboat:data:CommandBackup",
  });
  const commands = registrations.filter((one) => one.type === type).map(({ name }) => name);
  expect(new Set(commands)).toEqual(new Set(Object.keys(data).map((name) => `web/${name}-install`)));
  expect(commands).toHaveLength(4);
  for (const { inputs } of registrations.filter((one) => one.type === type))
    expect(inputs["stdin"]).toEqual({ secret: expect.stringContaining(keys.writer.secretKey) });
  expect(await valueOf(pulumi.output(result["dataSchedules"]))).toEqual(
    Object.fromEntries(Object.keys(data).map((name) => [`web/${name}`, "03:00"])),
  );
});
