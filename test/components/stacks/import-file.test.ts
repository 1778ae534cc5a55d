import { importFileOf, type ImportEntry } from "../../../site/import-file/import-file";
import { planImport } from "../../../site/import-file/plan";
import type { Environment } from "../../../site/settings/environment";
import { declareGuestsAndBackups } from "../../../stacks/guests-and-backups";
import { createProviders } from "../../../stacks/providers";
import { environmentOf, exampleContainer, exampleSettings, liveConfiguration } from "../../support/example-environment";
import { type Registration, runProgram } from "../../support/pulumi-mocks";

// An import file that names a resource otherwise than the program makes the next update create it once more.
const rootPassword = "LIFEBOAT_PROXMOX_ROOT_PASSWORD";
const token = "lifeboat@pve!deploy=not-a-secret-1";
const mocked = [
  "pulumi:providers:proxmoxve",
  "proxmoxve:index/containerLegacy:ContainerLegacy",
  "proxmoxve:index/vmLegacy:VmLegacy",
  "proxmoxve:backup/job:Job",
  "proxmoxve:storage/directory:Directory",
  "proxmoxve:storage/nfs:Nfs",
  "proxmoxve:storage/pbs:Pbs",
];
const network = { bridge: "vmbr0", address: "dhcp" };
const media = { mount: "/media", bind: "/tank/media", protectedBy: "replication" };
const machine = {
  kind: "virtual-machine",
  id: 150,
  disks: { scsi0: { storage: "local", size: "2GiB" } },
  network,
  cloudInit: { storage: "local", user: "ops" },
};

beforeEach(() => {
  process.env[rootPassword] = "not-a-secret-2";
});

afterEach(() => {
  delete process.env[rootPassword];
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

function fileOf(environment: Environment) {
  const found = environment.guests.map((guest) => {
    const description = `lifeboat: ${environment.name}/${guest.name}\n`;
    const type = guest.kind === "virtual-machine" ? ("qemu" as const) : ("lxc" as const);
    const configuration = { ...liveConfiguration({ description }), ...(type === "qemu" ? drives : {}) };
    return [guest.id, { node: guest.node, type, name: guest.name, configuration }] as const;
  });
  const { type } = environment.backup.storage;
  const plan = planImport(environment, { guests: new Map(found), storage: { type }, jobExists: true });
  const sealed = { token: { ciphertext: "1" }, rootPassword: { ciphertext: "2" } };
  return importFileOf(environment, plan, sealed, { version: "8.6.0", server: "github://api.example.com/provider" });
}

const drives = { net0: "virtio=BC:24:11:3D:14:E1,bridge=vmbr0", scsi0: "local:150/vm-150-disk-0.raw,size=2G" };

async function registrationsOf(environment: Environment): Promise<readonly Registration[]> {
  const { registrations } = await runProgram(Object.fromEntries(mocked.map((type) => [type, () => ({})])), async () => {
    const providerFor = createProviders(environment, token);
    return declareGuestsAndBackups({ environment, providerFor, checkNewStorage: async () => undefined });
  });
  return registrations;
}

/** Type, name, type and name of the parent, name of the provider: what a URN and a provider's reference are made of. */
function identityOf(entry: ImportEntry, all: readonly ImportEntry[]) {
  const named = (name: string | undefined) => all.find((other) => other.name === name)?.logicalName;
  return [entry.type, entry.logicalName, named(entry.parent), named(entry.provider)];
}

function sorted(entries: readonly unknown[]): string[] {
  return entries.map((entry) => JSON.stringify(entry)).sort();
}

test.each(Object.entries(storages))(
  "names everything as the program registers it, with a storage of kind %s [E5]",
  async (_, storage) => {
    const environment = environmentOf({ ...exampleSettings(), guests, backup: { storage } });
    const { resources } = fileOf(environment);
    const registered = (await registrationsOf(environment)).map(({ type, name, parent, provider }) => [
      type,
      name,
      parent,
      type.startsWith("proxmoxve:") ? provider : undefined,
    ]);
    expect(sorted(resources.map((entry) => identityOf(entry, resources)))).toEqual(sorted(registered));
    expect(new Set(resources.map(({ name }) => name)).size).toBe(resources.length);
  },
);

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

test("has no provider that nobody uses, and a component without its resource only where that is adopted [E5]", () => {
  const { resources } = fileOf(environmentOf({ ...exampleSettings(), guests: { web: exampleContainer() } }));
  const providers = resources.filter(({ type }) => type.startsWith("pulumi:providers:"));
  expect(providers.map(({ logicalName }) => logicalName)).toEqual(["proxmox"]);
});
