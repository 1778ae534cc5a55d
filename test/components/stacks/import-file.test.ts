import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { type ImportEntry, type SealedSecret, sealedSecret } from "../../../site/import-file/entries";
import { importFileOf, neededProviders } from "../../../site/import-file/import-file";
import { planImport, type SiteContents } from "../../../site/import-file/plan";
import { rootProvider, storeProvider, tokenProvider } from "../../../site/import-file/providers";
import { contentOf } from "../../../site/import-file/store-plan";
import type { Environment } from "../../../site/settings/environment";
import { declaredStore } from "../../../site/state-store/location";
import { completeKeys } from "../../../site/state-store/missing-keys";
import { declareGuestsAndBackups } from "../../../stacks/guests-and-backups";
import { createProviders } from "../../../stacks/providers";
import { prepareStateStore } from "../../../stacks/state-store";
import { environmentOf, exampleContainer, exampleSettings, liveConfiguration } from "../../support/example-environment";
import { exampleStore, storeSettings } from "../../support/example-store";
import { type Registration, runProgram, secretInput } from "../../support/pulumi-mocks";

// An import file that names a resource otherwise than the program makes the next update create it once more.
const rootPassword = "LIFEBOAT_PROXMOX_ROOT_PASSWORD";
const token = "lifeboat@pve!deploy=not-a-secret-1";
const installed = ["command:remote:Command", "command:remote:CopyToRemote", "lifeboat:stateStore:HostKey"];
const mocked = [
  ...installed,
  "pulumi:providers:proxmoxve",
  "pulumi:providers:minio",
  "proxmoxve:index/containerLegacy:ContainerLegacy",
  "proxmoxve:index/vmLegacy:VmLegacy",
  "proxmoxve:backup/job:Job",
  "proxmoxve:storage/directory:Directory",
  "proxmoxve:storage/nfs:Nfs",
  "proxmoxve:storage/pbs:Pbs",
  "proxmoxve:firewall/rulesLegacy:RulesLegacy",
  "proxmoxve:firewall/optionsLegacy:OptionsLegacy",
  "minio:index/s3Bucket:S3Bucket",
  "minio:index/s3BucketVersioning:S3BucketVersioning",
  "minio:index/ilmPolicy:IlmPolicy",
  "minio:index/iamUser:IamUser",
  "minio:index/iamPolicy:IamPolicy",
  "minio:index/iamUserPolicyAttachment:IamUserPolicyAttachment",
];
const environments = ["lab", "monitoring", "prod"];
const plugins = { proxmox: { version: "8.6.0", server: "github://api.example.com/it" }, minio: { version: "0.17.1" } };
const network = { bridge: "vmbr0", address: "dhcp" };
const media = { mount: "/media", bind: "/tank/media", protectedBy: "replication" };
const machine = {
  kind: "virtual-machine",
  id: 150,
  disks: { scsi0: { storage: "local", size: "2GiB" } },
  network,
  cloudInit: { storage: "local", user: "ops" },
};

const { SSH_AUTH_SOCK: agent } = process.env;
const folder = mkdtempSync(join(tmpdir(), "lifeboat-import-file-"));
/** An agent without keys. */
const keyless = createServer((socket) =>
  socket.once("data", () => socket.end(Buffer.from([0, 0, 0, 5, 12, 0, 0, 0, 0]))),
);

beforeAll(() => new Promise<void>((done) => keyless.listen(join(folder, "agent"), done)));

beforeEach(() => {
  process.env[rootPassword] = "not-a-secret-2";
  process.env["SSH_AUTH_SOCK"] = join(folder, "agent");
});

afterEach(() => {
  delete process.env[rootPassword];
  if (agent === undefined) delete process.env["SSH_AUTH_SOCK"];
  else process.env["SSH_AUTH_SOCK"] = agent;
});

afterAll(async () => {
  await new Promise((done) => keyless.close(done));
  rmSync(folder, { recursive: true, force: true });
});

const guests = {
  web: exampleContainer(),
  // As the components and the providers are called.
  backup: { ...exampleContainer(), id: 102, network, nesting: true, nameservers: ["192.0.2.1"] },
  proxmox: { ...exampleContainer(), id: 103, network, disks: { media } },
  machine,
  legacy: { adopt: 140 },
};

const storages = {
  dir: { id: "backup", type: "dir", path: "/mnt/backup" },
  nfs: { id: "backup", type: "nfs", server: "192.0.2.40", export: "/backup" },
  pbs: {
    id: "backup",
    type: "pbs",
    server: "192.0.2.41",
    datastore: "site",
    username: "lifeboat@pbs",
    password: "not-a-secret-3",
    fingerprint: Array.from({ length: 32 }, () => "AA").join(":"),
  },
  adopted: { id: "backup", adopt: true },
};

const drives = { net0: "virtio=BC:24:11:3D:14:E1,bridge=vmbr0", scsi0: "local:150/vm-150-disk-0.raw,size=2G" };

/** Everything that the environment declares is there. */
function contentsOf(environment: Environment): SiteContents {
  const found = environment.guests.map((guest) => {
    const description = `lifeboat: ${environment.name}/${guest.name}\n`;
    const type = guest.kind === "virtual-machine" ? ("qemu" as const) : ("lxc" as const);
    const configuration = { ...liveConfiguration({ description }), ...(type === "qemu" ? drives : {}) };
    return [guest.id, { node: guest.node, type, name: guest.name, configuration }] as const;
  });
  const { type } = environment.backup.storage;
  return { guests: new Map(found), storage: { type }, jobExists: true, store: storeContents(environment) };
}

function storeContents(environment: Environment): SiteContents["store"] {
  const declared = declaredStore(environment);
  const { stateStoreKeys: keys } = environment;
  if (declared === undefined || keys === undefined) return undefined;
  const content = contentOf(declared, keys, environments);
  const settings = { isVersioned: true, hasLifecycle: true };
  const buckets = new Map(content.buckets.map(({ resource }) => [resource, settings]));
  const identities = new Set(content.identities.map(({ resource }) => resource));
  return { content, found: { hasRules: true, buckets, identities } };
}

function seal(text: string): SealedSecret {
  return sealedSecret(text, (plain) => plain);
}

function fileOf(environment: Environment, contents = contentsOf(environment)) {
  const plan = planImport(environment, contents);
  const declared = declaredStore(environment);
  const root = environment.stateStoreKeys?.root;
  const providers = [
    tokenProvider(environment, seal(token), plugins.proxmox),
    rootProvider(environment, seal("not-a-secret-2"), plugins.proxmox),
    ...(declared && root ? [storeProvider(declared, root, seal(root.secretKey), plugins.minio)] : []),
  ];
  const needed = neededProviders(environment, plan);
  return importFileOf(
    environment,
    plan,
    providers.filter(({ name }) => needed.has(name)),
    plugins,
  );
}

async function registrationsOf(environment: Environment): Promise<readonly Registration[]> {
  const mocks = Object.fromEntries(mocked.map((type) => [type, () => ({})]));
  const { registrations } = await runProgram(mocks, async () => {
    const providerFor = createProviders(environment, token);
    const site = { environment, providerFor, checkNewStorage: async () => undefined };
    if (environment.stateStore === undefined) return declareGuestsAndBackups(site);
    // A store that is yet to be made is not asked anything.
    const yetToBeMade = environment.guests.flatMap((guest) =>
      guest.kind === "adopted" ? [] : [{ guest, occupant: { kind: "nobody" as const } }],
    );
    const facts = { guests: yetToBeMade, missingAdopted: [] };
    const declareStateStore = await prepareStateStore(environment, environments, facts, () => pulumi.output(""));
    return declareGuestsAndBackups({ ...site, declareStateStore });
  });
  return registrations;
}

/** Type, name, name of the parent, name of the provider: what a URN and a provider's reference are made of. */
function identityOf(entry: ImportEntry, all: readonly ImportEntry[]) {
  const named = (name: string | undefined) => all.find((other) => other.name === name)?.logicalName;
  return [entry.type, entry.logicalName, named(entry.parent), named(entry.provider)];
}

function sorted(entries: readonly unknown[]): string[] {
  return entries.map((entry) => JSON.stringify(entry)).sort();
}

async function expectSameNames(environment: Environment): Promise<void> {
  const { resources } = fileOf(environment);
  const registered = (await registrationsOf(environment))
    .filter(({ type }) => !installed.includes(type))
    .map(({ type, name, parent, provider }) => {
      const has = type.startsWith("proxmoxve:") || type.startsWith("minio:");
      return [type, name, parent, has ? provider : undefined];
    });
  expect(sorted(resources.map((entry) => identityOf(entry, resources)))).toEqual(sorted(registered));
  expect(new Set(resources.map(({ name }) => name)).size).toBe(resources.length);
}

async function environmentWithStore(stateStore: Record<string, unknown>): Promise<Environment> {
  const environment = environmentOf(storeSettings({ stateStore }), "monitoring");
  const kind = environment.stateStore?.kind ?? "container";
  const own = Object.fromEntries(environments.map((name) => [name, undefined]));
  const made = await completeKeys({ kind: "container", keys: undefined, authority: undefined, own }, keysFor);
  return {
    ...environment,
    stateStoreKeys: made.keys,
    ...(kind === "container" ? { stateStoreAuthority: made.authority } : {}),
  };
}

const keysFor = { names: ["192.0.2.132", "store"], site: "site", now: new Date() };

test.each(Object.entries(storages))(
  "names everything as the program registers it, with a storage of kind %s [E5]",
  async (_, storage) => {
    await expectSameNames(environmentOf({ ...exampleSettings(), guests, backup: { storage } }));
  },
);

test("also the firewall, the buckets and the identities of a state store [E5]", async () => {
  const environment = await environmentWithStore(exampleStore());
  await expectSameNames(environment);
  const ids = fileOf(environment).resources.flatMap(({ logicalName, id }) =>
    id === undefined ? [] : [[logicalName, id]],
  );
  expect(Object.fromEntries(ids)).toMatchObject({
    "state-store-rules": "container/pve-mon/302",
    "state-store-firewall": "container/pve-mon/302",
    "state-prod-bucket": "lifeboat-state-prod",
    "state-prod-lifecycle": "lifeboat-state-prod",
    "state-prod-user": "lifeboat-prod",
    "state-prod-reader-attachment": "lifeboat-prod-reader/lifeboat-prod-reader",
    "states-copier-policy": "lifeboat@copier",
  });
});

test("gives providers the inputs of the program, so that none is replaced with all that it made [E5]", async () => {
  const environment = await environmentWithStore(exampleStore());
  const registrations = await registrationsOf(environment);
  const providers = fileOf(environment).resources.filter(({ type }) => type.startsWith("pulumi:providers:"));
  expect(providers.map(({ logicalName }) => logicalName)).toEqual(["proxmox", "state-store"]);
  for (const { type, logicalName, inputs = {} } of providers) {
    const program = registrations.find((entry) => entry.type === type && entry.name === logicalName);
    // What the engine itself adds to a provider's inputs.
    const own = Object.entries(inputs).filter(([key]) => key !== "version" && key !== "__internal");
    expect(shown(Object.fromEntries(own))).toEqual(program?.inputs);
  }
});

/** Inputs as the mocks show them. */
function shown(inputs: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(inputs).map(([key, value]) => {
      const isSealed = typeof value === "object" && value !== null && "ciphertext" in value;
      return [key, isSealed ? secretInput(JSON.parse(String(value.ciphertext))) : value];
    }),
  );
}

test("gives guests the inputs of the program, so that nothing is left to change [E5]", async () => {
  const environment = environmentOf({ ...exampleSettings(), guests });
  const { resources } = fileOf(environment);
  const registrations = await registrationsOf(environment);
  const ofGuests = resources.filter(({ outputs }) => outputs !== undefined);
  expect(ofGuests.map(({ logicalName, id }) => [logicalName, id])).toEqual([
    ["web-container", "101"],
    ["backup-container", "102"],
    ["proxmox-container", "103"],
    ["machine-machine", "150"],
  ]);
  for (const { type, logicalName, inputs } of ofGuests) {
    const program = registrations.find((entry) => entry.type === type && entry.name === logicalName);
    expect(inputs).toEqual(program?.inputs);
  }
});

test("remembers volumes and card of the guest itself [E5]", () => {
  const { resources } = fileOf(environmentOf(exampleSettings()));
  const web = resources.find(({ logicalName }) => logicalName === "web-container");
  expect(web?.outputs).toMatchObject({
    disk: { pathInDatastore: "local:101/vm-101-disk-0.raw", size: 8 },
    mountPoints: [
      { path: "/srv", volume: "local:101/vm-101-disk-1.raw", backup: true },
      { path: "/var/cache/app", volume: "data:101/vm-101-disk-0.raw", backup: false },
    ],
    networkInterfaces: [{ macAddress: "BC:24:11:3D:14:E1" }],
  });
});

test("has no provider that nobody uses [E5]", () => {
  const { resources } = fileOf(environmentOf({ ...exampleSettings(), guests: { web: exampleContainer() } }));
  const providers = resources.filter(({ type }) => type.startsWith("pulumi:providers:"));
  expect(providers.map(({ logicalName }) => logicalName)).toEqual(["proxmox"]);
});

test("leaves out what a bucket does not have: what cannot be read would stop the whole import [E5]", async () => {
  const environment = await environmentWithStore(exampleStore());
  const contents = contentsOf(environment);
  const { store } = contents;
  if (store === undefined) throw new Error("the environment declares a store");
  const found = {
    hasRules: false,
    buckets: new Map([["state-prod", { isVersioned: false, hasLifecycle: false }]]),
    identities: new Set(["state-prod"]),
  };
  const plan = planImport(environment, { ...contents, store: { ...store, found } });
  const { resources } = fileOf(environment, { ...contents, store: { ...store, found } });
  const ofStore = resources.filter(({ type }) => type.startsWith("minio:")).map(({ logicalName }) => logicalName);
  expect(ofStore).toEqual(["state-prod-bucket", "state-prod-user", "state-prod-policy", "state-prod-attachment"]);
  expect(plan.leftOut.map(({ what }) => what)).toEqual([
    "the server of the state store",
    "firewall of store (302)",
    "bucket lifeboat-state-lab",
    "bucket lifeboat-state-monitoring",
    "identity lifeboat-lab",
    "identity lifeboat-lab-reader",
    "identity lifeboat-monitoring",
    "identity lifeboat-monitoring-reader",
    "identity lifeboat-prod-reader",
    "identity lifeboat@copier",
  ]);
});
