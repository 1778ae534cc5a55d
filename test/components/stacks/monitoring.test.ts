import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { givenToken } from "../../../site/monitoring/exporter-tokens";
import { monitoringTypes as types } from "../../../site/monitoring/resource-names";
import type { Environment } from "../../../site/settings/environment";
import { createAuthority, createServerKey } from "../../../site/state-store/authority";
import { declareGuestsAndBackups } from "../../../stacks/guests-and-backups";
import type { HostKeySource } from "../../../stacks/host-key";
import { prepareMonitoring } from "../../../stacks/monitoring";
import { createProviders } from "../../../stacks/providers";
import { environmentOf } from "../../support/example-environment";
import { exampleMonitoring, monitoringSettings } from "../../support/example-monitoring";
import { find, runProgram, valueOf } from "../../support/pulumi-mocks";

const folder = mkdtempSync(join(tmpdir(), "lifeboat-monitoring-stack-"));
const identity = join(folder, "id_ed25519");
const mac = "BC:24:11:00:00:01";
const mocks = {
  ...Object.fromEntries([...Object.values(types), "lifeboat:stateStore:HostKey"].map((type) => [type, () => ({})])),
  "pulumi:providers:proxmoxve": () => ({}),
  "proxmoxve:index/containerLegacy:ContainerLegacy": () => ({ networkInterfaces: [{ name: "eth0", macAddress: mac }] }),
  "proxmoxve:backup/job:Job": () => ({}),
  "proxmoxve:storage/directory:Directory": () => ({}),
};
const hostKey = "ssh-ed25519 AAAAguest";
const hostKeyOf: HostKeySource = (guest, name, macAddress) =>
  macAddress.apply((is) => {
    if (is !== mac || `${guest.name} ${name}` !== "metrics monitoring") throw new Error(`${guest.name} ${name} ${is}`);
    return hostKey;
  });
const hook = "http://192.0.2.9/not-a-real-path";
const password = "not-a-real-password";
const secrets = { grafanaPassword: password, receivers: { ops: hook }, tokens: {} };
const { SSH_AUTH_SOCK: agent } = process.env;
let warnings: string[];

beforeAll(() => {
  delete process.env["SSH_AUTH_SOCK"];
  writeFileSync(identity, "-----BEGIN OPENSSH PRIVATE KEY-----\nnot-a-real-key\n");
  writeFileSync(join(folder, "Pulumi.yaml"), "name: lifeboat\nruntime: nodejs\n");
  writeFileSync(join(folder, "Pulumi.prod.yaml"), "config:\n  lifeboat:exporterTokens: [1]\n");
});

beforeEach(() => {
  warnings = [];
  jest.spyOn(pulumi.log, "warn").mockImplementation(async (message) => void warnings.push(message));
});

afterEach(() => jest.restoreAllMocks());

afterAll(() => {
  if (agent !== undefined) process.env["SSH_AUTH_SOCK"] = agent;
  rmSync(folder, { recursive: true, force: true });
});

function environmentWith(monitoring: object = {}, other: object = {}): Environment {
  const settings = monitoringSettings({
    ssh: { identity },
    monitoring: exampleMonitoring({ receivers: { ops: { webhook: {} } }, ...monitoring }),
  });
  return environmentOf({ ...settings, monitoringSecrets: secrets, ...other }, "monitoring");
}

function declare(environment: Environment) {
  const program = async () => {
    const declareMonitoring = await prepareMonitoring(environment, hostKeyOf);
    const providerFor = createProviders(environment, "lifeboat@pve!deploy=not-a-secret-1");
    return declareGuestsAndBackups({
      environment,
      providerFor,
      checkNewStorage: async () => undefined,
      declareMonitoring,
    });
  };
  return runProgram(mocks, program, { folder });
}

async function installed(environment: Environment): Promise<{ stdin: string; create: string; outputs: object }> {
  const { registrations, result } = await declare(environment);
  const { stdin, create } = find(registrations, types.services).inputs;
  return { stdin: JSON.stringify(stdin), create: JSON.stringify(create), outputs: result };
}

test("its guest is known by the key that the program was told, and runs what the settings say, with their rules and receivers [C1]", async () => {
  const { registrations, result } = await declare(environmentWith());
  const services = find(registrations, types.services);
  expect(services.inputs["connection"]).toEqual({ secret: expect.objectContaining({ host: "192.0.2.131", hostKey }) });
  expect(services.inputs["stdin"]).toEqual({ secret: expect.stringContaining(hook) });
  expect(services.inputs["stdin"]).toEqual({ secret: expect.stringContaining("BackupJobFailed") });
  const made = registrations.map(({ type, name }) => `${type.split(":").at(-1) ?? ""} ${name}`);
  expect(made).toEqual(expect.arrayContaining(["HostKey monitoring", "MonitoringStack monitoring"]));
  expect(find(registrations, "lifeboat:monitoring:MonitoringStack").parent).toBeUndefined();
  expect(Object.keys(result)).not.toContain("monitoringAuthority");
  expect(await valueOf(pulumi.output(Reflect.get(result, "monitoringGrafana")))).toBe("http://127.0.0.1:3000");
});

test("without alerting no rule goes to the guest, and none is waited for [C5]", async () => {
  const { stdin, create } = await installed(environmentWith({ backupAlerting: false }));
  expect(`${stdin} ${create}`).not.toContain("BackupJobFailed");
});

test("an environment whose token the exporter is not given is told, with the command that hands it over [C2]", async () => {
  await declare(environmentWith());
  expect(warnings).toEqual([
    "The exporter is not given the token of prod, and cannot look there.\nHINT: lifeboat up monitoring",
  ]);
  warnings = [];
  const name = givenToken("lifeboat", { name: "prod", exporterTokens: [1] }) ?? "";
  const tokens = { prod: `${name}=00000000-0000-0000-0000-000000000000` };
  const { stdin } = await installed(environmentWith({}, { monitoringSecrets: { ...secrets, tokens } }));
  expect([warnings, stdin.includes(tokens.prod)]).toEqual([[], true]);
});

describe("with pages on the guest's address", () => {
  const listen = { listen: "tls", allow: ["192.0.2.0/24"] };

  async function withAuthority(...names: readonly string[]): Promise<Environment> {
    const { key: authorityKey, certificate } = await createAuthority("monitoring", [...names], new Date());
    const serverKey = await createServerKey();
    const monitoringSecrets = { ...secrets, authorityKey, serverKey };
    return environmentWith(listen, { monitoringSecrets, monitoringAuthority: certificate });
  }

  test("they have a certificate of the site's authority, which the stack tells [C1]", async () => {
    const environment = await withAuthority("192.0.2.131", "metrics");
    const { stdin, outputs } = await installed(environment);
    expect(stdin).toContain("BEGIN CERTIFICATE");
    const { monitoringAuthority } = environment;
    expect(await valueOf(pulumi.output(Reflect.get(outputs, "monitoringAuthority")))).toBe(monitoringAuthority);
  });

  test("an authority for other names, or none, is refused before anything is made [C1, B4]", async () => {
    await expect(withAuthority("192.0.2.9", "other").then(declare)).rejects.toThrow(
      /its authority is of no use: it vouches for other names than .*\nHINT: lifeboat up monitoring; or listen: loopback/u,
    );
    await expect(declare(environmentWith(listen))).rejects.toThrow(
      /listen is tls, and its keys or lifeboat:monitoringAuthority are missing\nHINT: lifeboat up monitoring/u,
    );
  });
});

test.each<[string, () => Environment, RegExp]>([
  [
    "no password for Grafana",
    () => environmentWith({}, { monitoringSecrets: { ...secrets, grafanaPassword: undefined } }),
    /has no grafanaPassword\nHINT: lifeboat up monitoring$/u,
  ],
  [
    "a receiver without its secret",
    () => environmentWith({}, { monitoringSecrets: { ...secrets, receivers: {} } }),
    /has no secret for ops\nHINT: eval "\$\(lifeboat env monitoring\)" && pulumi config set --secret --path lifeboat:monitoringSecrets\.receivers\.ops -s monitoring$/u,
  ],
  [
    "a secret that is no address",
    () => environmentWith({}, { monitoringSecrets: { ...secrets, receivers: { ops: "hooks.example.com/not-told" } } }),
    /what lifeboat:monitoringSecrets has for ops is not http:\/\/HOST\/PATH or https:\/\/HOST\/PATH\nHINT: eval "\$\(lifeboat env monitoring\)" && pulumi config set --secret --path lifeboat:monitoringSecrets\.receivers\.ops -s monitoring$/u,
  ],
  [
    "a secret without its receiver",
    () => environmentWith({}, { monitoringSecrets: { ...secrets, receivers: { ...secrets.receivers, opps: hook } } }),
    /has a secret for opps, and lifeboat:monitoring no such receiver$/u,
  ],
  [
    "Node's archive is not where the settings say",
    () => environmentWith({ exporter: { node: { file: "node.tar.xz", sha256: "ab".repeat(32) } } }),
    /lifeboat:monitoring\.exporter\.node\.file names \S+node\.tar\.xz, which does not exist$/u,
  ],
])("%s: refused before anything is made [C1]", async (_, environment, message) => {
  await expect(declare(environment())).rejects.toThrow(message);
});
