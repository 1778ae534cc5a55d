import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { SiteFacts } from "../../../site/preflight/facts";
import type { Environment } from "../../../site/settings/environment";
import { createAuthority, createServerKey, issueServerCertificate } from "../../../site/state-store/authority";
import { createKeyPair } from "../../../site/state-store/keys";
import { recoveryBucket, recoveryIdentity } from "../../../site/state-store/recovery-names";
import { stateStoreTypes as types } from "../../../site/state-store/resource-names";
import { declareGuestsAndBackups } from "../../../stacks/guests-and-backups";
import type { HostKeySource } from "../../../stacks/host-key";
import { createProviders } from "../../../stacks/providers";
import { prepareStateStore } from "../../../stacks/state-store";
import { environmentOf } from "../../support/example-environment";
import { exampleStore, storeSettings, withStoreGuest } from "../../support/example-store";
import { find, runProgram, secretInput, valueOf } from "../../support/pulumi-mocks";

const folder = mkdtempSync(join(tmpdir(), "lifeboat-stack-"));
const identity = join(folder, "id_ed25519");
const modeVariable = "LIFEBOAT_STATE_STORE";
const mac = "BC:24:11:00:00:01";
const mocks = {
  ...Object.fromEntries(Object.values(types).map((type) => [type, () => ({})])),
  "pulumi:providers:proxmoxve": () => ({}),
  "pulumi:providers:minio": () => ({}),
  "proxmoxve:index/containerLegacy:ContainerLegacy": () => ({ networkInterfaces: [{ name: "eth0", macAddress: mac }] }),
  "proxmoxve:backup/job:Job": () => ({}),
  "proxmoxve:storage/directory:Directory": () => ({}),
};
const environments = ["lab", "monitoring", "prod"];
const hostKey = "ssh-ed25519 AAAAguest";
const hostKeyOf: HostKeySource = (guest, name, macAddress) =>
  macAddress.apply((is) => (is === mac && `${guest.name} ${name}` === "store state-store" ? hostKey : fail()));
let secrets: Awaited<ReturnType<typeof makeSecrets>>;
let warnings: string[];

beforeAll(async () => {
  secrets = await makeSecrets();
  writeFileSync(identity, "-----BEGIN OPENSSH PRIVATE KEY-----\nnot-a-real-key\n");
});

beforeEach(() => {
  warnings = [];
  jest.spyOn(pulumi.log, "warn").mockImplementation(async (message) => void warnings.push(message));
  jest.spyOn(pulumi.log, "info").mockImplementation(async (message) => void warnings.push(message));
});

afterEach(() => {
  delete process.env[modeVariable];
  jest.restoreAllMocks();
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function keysNamed(suffix: string) {
  return Object.fromEntries(environments.map((name) => [name, createKeyPair(`lifeboat-${name}${suffix}`)]));
}

async function makeSecrets() {
  const authority = await createAuthority("lifeboat", ["192.0.2.132", "127.0.0.1", "store"], new Date());
  return {
    stateStoreKeys: {
      root: createKeyPair("lifeboat@root"),
      authorityKey: authority.key,
      serverKey: await createServerKey(),
      copier: createKeyPair("lifeboat@copier"),
      identities: keysNamed(""),
      readers: keysNamed("-reader"),
    },
    stateStoreAuthority: authority.certificate,
  };
}

function environmentWith(other: object = {}): Environment {
  return environmentOf({ ...storeSettings({ ssh: { identity } }), ...secrets, ...other }, "monitoring");
}

/** Facts of a site whose store has, or has not, a guest. */
function factsOf({ guests }: Environment, isThere: boolean): SiteFacts {
  const here = {
    kind: "container",
    node: "pve-mon",
    name: "store",
    description: "",
    configuration: {},
    running: true,
    pool: undefined,
  };
  return {
    guests: guests.flatMap((guest) =>
      guest.kind === "adopted"
        ? []
        : [{ guest, occupant: isThere ? { ...here, kind: "container" as const } : { kind: "nobody" as const } }],
    ),
    missingAdopted: [],
  };
}

async function declare(environment: Environment, facts = factsOf(environment, false), names = environments) {
  return runProgram(mocks, async () => {
    const declareStateStore = await prepareStateStore(environment, names, facts, hostKeyOf);
    const providerFor = createProviders(environment, "lifeboat@pve!deploy=not-a-secret-1");
    return declareGuestsAndBackups({
      environment,
      providerFor,
      checkNewStorage: async () => undefined,
      declareStateStore,
    });
  });
}

/** A store on loopback that answers for each bucket with a status. */
async function storeThat(
  answers: Readonly<Record<string, number>>,
): Promise<{ server: Server; port: number; asked: string[] }> {
  const { stateStoreKeys: keys, stateStoreAuthority: certificate } = secrets;
  const server = { key: keys.serverKey, names: ["127.0.0.1"] };
  const cert = await issueServerCertificate({ key: keys.authorityKey, certificate }, server, new Date());
  const asked: string[] = [];
  const listening = createServer({ key: keys.serverKey, cert }, (request, response) => {
    asked.push(`${request.method ?? ""} ${request.url ?? ""} ${request.headers.authorization?.split("/")[0] ?? ""}`);
    response.writeHead(answers[(request.url ?? "").slice(1)] ?? 404).end();
  });
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const address = listening.address();
  return { server: listening, port: typeof address === "object" && address !== null ? address.port : 0, asked };
}

/** Settings of a store that the program can reach on loopback. */
function onLoopback(port: number): Environment {
  const network = { bridge: "vmbr0", address: "127.0.0.1/8", firewall: true };
  const { guests } = withStoreGuest({ network });
  return environmentWith({ guests, stateStore: { ...exampleStore(), ports: { api: port } } });
}

test("a store has a server, a provider, and for each environment a bucket, an identity and a reader [B1, B2]", async () => {
  const { registrations, result } = await declare(environmentWith());
  const components = registrations.filter(({ type }) => type.startsWith("lifeboat:stateStore:"));
  expect(components.map(({ type, name }) => `${type.slice("lifeboat:stateStore:".length)} ${name}`)).toEqual([
    "HostKey state-store",
    "StateStore state-store",
    ...environments.flatMap((name) => [
      `StateBucket state-${name}`,
      `StoreIdentity state-${name}`,
      `StoreIdentity state-${name}-reader`,
    ]),
    "StoreIdentity states-copier",
  ]);
  expect(find(registrations, "pulumi:providers:minio").inputs).toEqual({
    minioServer: "192.0.2.132:9000",
    minioUser: "lifeboat@root",
    minioPassword: secretInput(secrets.stateStoreKeys.root.secretKey),
    minioRegion: "us-east-1",
    minioSsl: "true",
  });
  expect(await valueOf(result["stateStoreEndpoint"] ?? fail())).toBe("https://192.0.2.132:9000");
  expect(await valueOf(result["stateStoreAuthority"] ?? fail())).toBe(secrets.stateStoreAuthority);
  expect(warnings).toEqual([expect.stringContaining("is not on its node: it is made by this run")]);
});

test("a guest's bucket that the store has is taken in with everything in it [I7, F1]", async () => {
  const bucket = recoveryBucket("prod/db");
  const { server, port } = await storeThat({ [bucket]: 200 });
  const loopback = onLoopback(port);
  const recovery = { "prod/db": { ...createKeyPair(recoveryIdentity("prod/db")), sources: ["shop"] } };
  const environment = { ...loopback, stateStoreKeys: { ...secrets.stateStoreKeys, recovery } };
  const { registrations } = await declare(environment, factsOf(environment, true));
  server.close();
  const imported = registrations.filter(({ importId }) => importId !== "");
  expect(imported.map(({ name, importId }) => [name, importId])).toEqual([["recovery-prod/db-bucket", bucket]]);
});

test("buckets wait for the server, and the server for the container [B1, B2]", async () => {
  const { registrations } = await declare(environmentWith());
  expect(find(registrations, types.bucket, "state-prod-bucket").dependsOn).toContain("state-store-server");
  expect(find(registrations, types.user, "state-prod-user").dependsOn).toContain("state-store-server");
  expect(find(registrations, types.server).dependsOn).toContain("store-container");
  expect(find(registrations, types.rules).dependsOn).toContain("store-container");
  expect(find(registrations, types.server).inputs["triggers"]).toEqual([mac]);
});

test("whatever goes to the store's container goes to the host key that is known of it [N3]", async () => {
  const copies = { offsite: { endpoint: "https://s3.example.com", bucket: "copies" } };
  const environment = environmentWith({
    stateStore: { ...exampleStore(), server: { file: __filename, sha256: "ab".repeat(32) }, copies },
    stateStoreOffsiteKey: createKeyPair("offsite"),
  });
  const { registrations } = await declare(environment);
  const remote = registrations.filter(({ type }) => type.startsWith("command:"));
  expect(remote.map(({ name }) => name)).toEqual(["state-store-binary", "state-store-server", "state-store-offsite"]);
  for (const { inputs } of remote) {
    expect(inputs["connection"]).toEqual({ secret: expect.objectContaining({ hostKey }) });
  }
});

test("no identity's policy names another environment's bucket; the copier's names all [B2]", async () => {
  const { registrations } = await declare(environmentWith());
  for (const name of environments) {
    for (const role of [`state-${name}-policy`, `state-${name}-reader-policy`]) {
      const text = String(find(registrations, types.policy, role).inputs["policy"]);
      expect(environments.filter((one) => text.includes(`lifeboat-state-${one}`))).toEqual([name]);
    }
  }
  const copier = String(find(registrations, types.policy, "states-copier-policy").inputs["policy"]);
  expect(environments.filter((one) => copier.includes(`lifeboat-state-${one}`))).toEqual(environments);
});

test("LIFEBOAT_STATE_STORE=apart leaves buckets and identities out, and keeps the server [B2, E4]", async () => {
  process.env[modeVariable] = "apart";
  const { registrations } = await declare(environmentWith());
  expect(registrations.filter(({ type }) => type.includes("minio"))).toEqual([]);
  expect(find(registrations, types.server).name).toBe("state-store-server");
  expect(warnings).toEqual([expect.stringContaining("left out of this run; the store keeps them")]);
  process.env[modeVariable] = "away";
  await expect(declare(environmentWith())).rejects.toThrow('LIFEBOAT_STATE_STORE is "away"');
});

test("buckets that the store has are taken in; the question is signed, and asks nothing else [B2]", async () => {
  const { server, port, asked } = await storeThat({ "lifeboat-state-prod": 200 });
  const environment = onLoopback(port);
  const { registrations } = await declare(environment, factsOf(environment, true));
  server.close();
  const imported = registrations.filter(({ importId }) => importId !== "");
  expect(imported.map(({ name, importId }) => [name, importId])).toEqual([
    ["state-prod-bucket", "lifeboat-state-prod"],
  ]);
  expect(asked.sort()).toEqual(
    environments.map((name) => `HEAD /lifeboat-state-${name} AWS4-HMAC-SHA256 Credential=lifeboat@root`),
  );
  expect(warnings).toEqual([]);
});

test.each([
  [503, "it answers with the status 503"],
  [403, "it refuses the key root of lifeboat:stateStoreKeys"],
])("a store that answers %d is named in one line with the way on [B2, E4]", async (status, cause) => {
  const buckets = Object.fromEntries(environments.map((name) => [`lifeboat-state-${name}`, status]));
  const { server, port } = await storeThat(buckets);
  const environment = onLoopback(port);
  await declare(environment, factsOf(environment, true));
  server.close();
  expect(warnings).toEqual([
    `The state store at https://127.0.0.1:${String(port)} does not answer: ${cause}. Its buckets and identities cannot be changed until it does\n` +
      'HINT: lifeboat status monitoring; without the store: eval "$(lifeboat env monitoring)" && LIFEBOAT_STATE_STORE=apart pulumi up -s monitoring',
  ]);
});

test("an environment without a key gets no bucket, and that is said; names that clash are refused [B2]", async () => {
  const { registrations } = await declare(environmentWith(), undefined, [...environments, "test"]);
  expect(registrations.filter(({ name }) => name.startsWith("state-test"))).toEqual([]);
  expect(warnings).toContainEqual(expect.stringContaining("Environment test has no key in lifeboat:stateStoreKeys"));
  await expect(declare(environmentWith(), undefined, [...environments, "prod-reader"])).rejects.toThrow(
    "the key of environment prod-reader would be called lifeboat-prod-reader",
  );
});

test("a store without keys, or with an authority of no use, is refused before anything is registered [B5]", async () => {
  const hint = "HINT: lifeboat up monitoring";
  const without = environmentWith({ stateStoreKeys: undefined });
  await expect(prepareStateStore(without, environments, undefined, hostKeyOf)).rejects.toThrow(
    `Unable to declare the state store of monitoring: lifeboat:stateStoreKeys does not hold its keys\n${hint}`,
  );
  const { certificate } = await createAuthority("another", ["192.0.2.132"], new Date());
  const wrong = environmentWith({ stateStoreAuthority: certificate });
  await expect(prepareStateStore(wrong, environments, undefined, hostKeyOf)).rejects.toThrow("do not belong together");
  const ssh = { identity: join(folder, "missing") };
  await expect(prepareStateStore(environmentWith({ ssh }), environments, undefined, hostKeyOf)).rejects.toThrow(
    "Unable to read the SSH key of lifeboat:ssh",
  );
  const file = { ...exampleStore(), server: { file: "missing", sha256: "ab".repeat(32) } };
  await expect(
    prepareStateStore(environmentWith({ stateStore: file }), environments, undefined, hostKeyOf),
  ).rejects.toThrow("which does not exist");
});

describe("a service that is there", () => {
  const service = { endpoint: "https://127.0.0.1:1" };

  test("gets buckets where a root key is given, and no identities: those are its administrator's [B6]", async () => {
    const environment = environmentWith({ stateStore: { service } });
    const { registrations, result } = await declare(environment);
    expect(registrations.filter(({ type }) => type === types.bucket)).toHaveLength(3);
    expect(registrations.filter(({ type }) => type === types.user || type === types.server)).toEqual([]);
    expect(await valueOf(result["stateStoreEndpoint"] ?? fail())).toBe(service.endpoint);
    expect(warnings).toEqual([expect.stringContaining("ECONNREFUSED 127.0.0.1:1")]);
  });

  test("is left alone without a root key [B6]", async () => {
    const { root: _root, ...keys } = secrets.stateStoreKeys;
    const environment = environmentWith({ stateStore: { service }, stateStoreKeys: keys });
    const { registrations } = await declare(environment);
    expect(registrations.filter(({ type }) => type.includes("minio"))).toEqual([]);
    expect(warnings).toEqual([]);
  });
});
