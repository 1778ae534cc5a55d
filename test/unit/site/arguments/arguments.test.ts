import { backupJobArguments, backupJobRules, backupJobSchema } from "../../../../components/backups/backup-job-inputs";
import { storageArguments, storageRules } from "../../../../components/backups/backup-storage-inputs";
import { dataRules } from "../../../../components/data/data-backup-inputs";
import type { ArgumentRules, RawArguments } from "../../../../site/arguments/checked";
import { containerArguments, containerRules, containerSchema } from "../../../../site/arguments/container";
import {
  commandArguments,
  commandBackupSchema,
  filesArguments,
  filesBackupSchema,
  mariadbArguments,
  mariadbBackupSchema,
  postgresArguments,
  postgresBackupSchema,
  sourcesOf,
} from "../../../../site/arguments/data";
import {
  restoreFlowArguments,
  restoreFlowRules,
  restoreFlowSchema,
  restoreInputs,
} from "../../../../site/arguments/restore-flow";
import {
  virtualMachineArguments,
  virtualMachineRules,
  virtualMachineSchema,
} from "../../../../site/arguments/virtual-machine";
import { containerInputs } from "../../../../site/guest-inputs/container-inputs";
import { virtualMachineInputs } from "../../../../site/guest-inputs/virtual-machine-inputs";
import { storageSchemas } from "../../../../site/settings/backup-schema";
import type { DataSource, Guest } from "../../../../site/settings/environment";
import { shapeOf, type Shape } from "../../../../site/settings/shape";
import type { Schema } from "../../../../site/settings/schema-tools";
import { environmentOf, exampleContainer, exampleSettings } from "../../../support/example-environment";

const optOut = { exclude: "a cache", owner: "ops", until: "2035-12-31" };
const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample you@example.com";
const place = { environment: "prod", protect: false, createTimeout: 90 };

const fullContainer = {
  ...exampleContainer(),
  hostname: "shop.example.com",
  osType: "ubuntu",
  disks: {
    a: { mount: "/a", slot: 1, storage: "local", size: "2TiB" },
    b: { mount: "/b", slot: 0, storage: "data", size: "1GiB", backup: optOut },
    media: { mount: "/media", bind: "/tank/media", protectedBy: "the NAS", readOnly: true },
  },
  network: {
    bridge: "vmbr1",
    address: "192.0.2.9/24",
    gateway: "192.0.2.1",
    mac: "BC:24:11:00:01:01",
    vlan: 7,
    firewall: true,
  },
  cores: 3,
  memory: "3GiB",
  swap: "512MiB",
  nameservers: ["192.0.2.53"],
  searchDomain: "example.com",
  unprivileged: false,
  nesting: true,
  startOnBoot: false,
  started: false,
  protection: true,
  tags: ["web", "a"],
  pool: "prod",
  description: "Shop\nask the web team",
  sshKeys: [key],
};

const machine = {
  kind: "virtual-machine",
  id: 150,
  disks: { scsi0: { storage: "local", size: "32GiB" } },
  network: { bridge: "vmbr0", address: "dhcp" },
};

const fullMachine = {
  ...machine,
  hostname: "db.example.com",
  osType: "win11",
  disks: {
    scsi10: { storage: "data", size: "4GiB", format: "qcow2", backup: optOut },
    scsi2: { storage: "local", size: "32GiB", image: "local:import/debian-12.qcow2" },
  },
  network: fullContainer.network,
  cores: 2,
  cpu: "host",
  memory: "2GiB",
  firmware: "ovmf",
  agent: true,
  cloudInit: { storage: "local", user: "ops", sshKeys: [key], nameservers: ["192.0.2.1"], searchDomain: "example.com" },
  startOnBoot: false,
  started: false,
  protection: true,
  tags: ["db"],
  pool: "prod",
  description: "Database",
};

const storages = {
  adopted: { id: "tank", adopt: true },
  dir: { id: "backup", type: "dir", path: "/mnt/backup", shared: true, nodes: ["pve1"] },
  nfs: { id: "backup", type: "nfs", server: "192.0.2.20", export: "/x", options: "vers=4.2", nodes: ["pve1", "pve2"] },
  pbs: {
    id: "backup",
    type: "pbs",
    server: "pbs.example.com",
    datastore: "main",
    username: "lifeboat@pbs",
    password: "not-a-secret-1",
    encryptionKey: "not-a-secret-2",
    fingerprint: Array.from({ length: 32 }, () => "AA").join(":"),
    namespace: "site/a",
    nodes: ["pve1"],
  },
};

const fullJob = {
  job: "nightly",
  storage: storages.adopted,
  schedule: "02:30",
  keep: { last: 1, hourly: 2, daily: 3, weekly: 4, monthly: 5, yearly: 6 },
  mode: "stop",
  compress: "none",
  notes: "{{guestname}}",
  enabled: false,
  mail: { to: ["ops@example.com"], when: "always" },
};

function guestOf(entry: object): Guest {
  const [guest] = environmentOf({ ...exampleSettings(), guests: { web: entry } }).guests;
  if (guest === undefined) throw new Error("there is one guest");
  return guest;
}

function inputsOf<Inputs extends object>({ check }: ArgumentRules<Inputs>, raw: RawArguments): Inputs {
  const checked = check(raw);
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  return checked.declared.inputs;
}

describe("what the settings declare is the same, declared in code", () => {
  test.each([
    ["the smallest", exampleContainer()],
    ["the fullest", fullContainer],
  ])("%s container [A1]", (_, entry) => {
    const guest = guestOf(entry);
    if (guest.kind !== "container") throw new Error("it is a container");
    const args = { name: "web", ...containerArguments(guest, place) };
    expect(inputsOf(containerRules, args)).toEqual(containerInputs(guest, "prod", 90));
    expect(containerRules.check(args)).toMatchObject({ declared: { protect: false } });
  });

  test.each([
    ["the smallest", machine],
    ["the fullest", fullMachine],
  ])("%s virtual machine [A1]", (_, entry) => {
    const guest = guestOf(entry);
    if (guest.kind !== "virtual-machine") throw new Error("it is a virtual machine");
    const args = { name: "web", ...virtualMachineArguments(guest, place) };
    expect(inputsOf(virtualMachineRules, args)).toEqual(virtualMachineInputs(guest, "prod", 90));
  });

  test.each(Object.values(storages))("storage %j [A5]", (storage) => {
    const { backup } = environmentOf({ ...exampleSettings(), backup: { storage } });
    expect(storageArguments(backup.storage)).toEqual(storage);
  });

  test.each([{ all: true }, fullJob.keep, { daily: 7 }])("a job that keeps %j [A3, A4]", (keep) => {
    const { backup } = environmentOf({ ...exampleSettings(), backup: { ...fullJob, keep } });
    expect(backupJobArguments(backup, "prod")).toEqual({ ...fullJob, storage: undefined, environment: "prod", keep });
  });
});

describe("a restore", () => {
  const wish = { guest: "web", targetId: "next", node: "pve2", storage: "data", stop: true, checkTimeout: "1h 30m" };
  const restores = {
    full: { ...wish, at: "2026-11-20" },
    id: { guest: "web", targetId: 901, reuseId: 901, acceptLoss: true, withoutSavePoint: true },
    small: { guest: "web" },
  };

  test("of the settings is the same, declared in code [M2]", () => {
    const environment = environmentOf({ ...exampleSettings(), restores });
    const where = { environment: "prod", program: "npx lifeboat" };
    expect(environment.restores.map(({ id }) => id)).toEqual(Object.keys(restores));
    for (const restore of environment.restores) {
      const args = { name: restore.id, ...restoreFlowArguments(restore, where) };
      expect(inputsOf(restoreFlowRules, args)).toEqual(restoreInputs(restore, where));
    }
  });

  test("every argument is a part of the command, or has to be known [M2]", () => {
    const known = ["name", "environment", "program"];
    expect([...Object.keys(restoreFlowRules.uses), ...known].sort()).toEqual(keysOf(shapeOf(restoreFlowSchema)).sort());
  });
});

const dumps = {
  at: "mon..fri 22:30",
  keep: { daily: 1, weekly: 2, monthly: 3 },
  recipients: [`age1${"q".repeat(58)}`],
  shrink: 80,
  minimum: "10MiB",
  folder: "/srv/dumps",
  enabled: false,
};
const archive = {
  store: { endpoint: "https://s3.example.com:9000", address: "192.0.2.132", region: "eu", bucket: "web-recovery" },
  folder: "prod/web",
  cluster: "15/main",
  archiveTimeout: "1m 30s",
  full: "sat 22:00",
  differential: "22:00",
  keep: 4,
  restart: true,
};
const archiveKeys = { accessKey: "web", secretKey: "secret", passphrase: "a 'passphrase'", authority: "a certificate" };
const server = { databases: [`a"b'c;d $x`], port: 5433, superuser: "admin", proof: "superuser" };
const files = { paths: ["/etc"], volumes: ["uploads"], exclude: ["*.tmp"] };
const commandOf = { command: "make-dump", check: "gzip -t", restore: "load", container: "vault-1" };
const way = { address: "192.0.2.101", hostKey: "ssh-ed25519 AAAA", password: "password" };
const { password: _password, ...wayWithout } = way;

describe("a source of data", () => {
  /** The source that the arguments declare which were written from one of the settings. */
  function again(source: DataSource): DataSource {
    switch (source.kind) {
      case "postgres":
        return sourcesOf.postgres(postgresBackupSchema.parse({ ...way, ...postgresArguments(source, archiveKeys) }));
      case "mariadb":
        return sourcesOf.mariadb(mariadbBackupSchema.parse({ ...way, ...mariadbArguments(source) }));
      case "files":
        return sourcesOf.files(filesBackupSchema.parse({ ...wayWithout, ...filesArguments(source) }));
      case "command":
        return sourcesOf.command(commandBackupSchema.parse({ ...wayWithout, ...commandArguments(source) }));
    }
  }

  test.each<[string, object]>([
    ["the smallest of PostgreSQL", { kind: "postgres" }],
    ["the fullest of PostgreSQL", { kind: "postgres", ...dumps, ...server, pointInTime: archive }],
    ["PostgreSQL in Docker", { kind: "postgres", container: "shop-db-1", minimum: "0KiB" }],
    ["the smallest of MariaDB", { kind: "mariadb" }],
    ["the fullest of MariaDB", { kind: "mariadb", ...dumps, databases: ["crm"], container: "crm-db-1" }],
    ["volumes alone", { kind: "files", volumes: ["uploads"] }],
    ["the fullest of files", { kind: "files", ...dumps, ...files }],
    ["the smallest command", { kind: "command", command: "make-dump" }],
    ["the fullest command", { kind: "command", ...dumps, ...commandOf }],
  ])("%s is the same, declared in code [I1]", (_, entry) => {
    const [source] = guestOf({ ...exampleContainer(), data: { shop: entry } }).data;
    if (source === undefined) throw new Error("there is one source");
    expect(again(source)).toEqual(source);
  });

  test.each<[string, object, string]>([
    ["keys without an archive", { pointInTimeKeys: archiveKeys }, "pointInTime: has keys, and says nothing"],
    ["an archive without keys", { pointInTime: archive }, "pointInTimeKeys: are missing"],
    [
      "a file in place of a text",
      { pointInTime: { ...archive, store: { ...archive.store, ca: "ca.pem" } }, pointInTimeKeys: archiveKeys },
      "pointInTime.store.ca: its text is pointInTimeKeys.authority",
    ],
    ["a way of the settings", { by: "node" }, "by: guestId says that address is that of the node"],
    ["a drill", { drill: {} }, "drill: it concerns the commands of lifeboat, which read the settings of a stack"],
  ])("with %s is refused [I1]", (_, other, message) => {
    const checked = dataRules.postgres.check({ source: "shop", ...way, ...other });
    const messages = checked.ok ? [] : checked.problems.map((one) => `${one.path.join(".")}: ${one.message ?? ""}`);
    expect(messages).toEqual([expect.stringContaining(message)]);
  });
});

test("what the settings have for the commands is no argument, and the problem says why", () => {
  const { kind: _kind, ...args } = fullContainer;
  const others = { checks: ["ping"], snapshots: { schedule: "01:00", keep: 3 }, backup: optOut };
  const checked = containerRules.check({ name: "web", node: "pve1", environment: "prod", ...args, ...others });
  const messages = checked.ok ? [] : checked.problems.map(({ path, message }) => `${path.join(".")}: ${message}`);
  expect(messages).toEqual([
    "backup: a guest is backed up by the jobs that name it: leave its id out of them",
    "checks: it concerns the commands of lifeboat, which read the settings of a stack and no program",
    "snapshots: it concerns the commands of lifeboat, which read the settings of a stack and no program",
  ]);
});

/** Arguments of one component that say everything, with another value for each. */
interface Example {
  readonly name: string;
  readonly rules: ArgumentRules<object>;
  readonly schema: Schema<unknown>;
  readonly full: RawArguments;
  readonly others: RawArguments;
  /** Arguments that have to be known when the program runs. */
  readonly known: readonly string[];
  /** Arguments that exclude another one of the full ones. */
  readonly apart?: readonly string[];
}

const otherGuest = {
  id: 999,
  node: "pve9",
  hostname: "other",
  network: { bridge: "vmbr9", address: "192.0.2.99/24" },
  cores: 9,
  memory: "9GiB",
  startOnBoot: true,
  started: true,
  protection: false,
  tags: ["other"],
  pool: "other",
  description: "other",
};
const guestKnown = ["name", "environment", "protect", "createTimeout"];
const { kind: _container, ...containerArgs } = fullContainer;
const { kind: _machine, ...machineArgs } = fullMachine;

const copies = {
  kind: "minio",
  endpoint: "https://far.example.com",
  region: "eu",
  bucket: "copies",
  bandwidth: "4MiB",
  environment: "prod",
  guest: "web",
  key: { accessKey: "writer", secretKey: "writer-secret" },
  authority: "a certificate",
};
const fullSource = {
  ...dumps,
  source: "shop",
  address: "192.0.2.101",
  hostKey: "ssh-ed25519 AAAAC3",
  sshPort: 2222,
  sshUser: "admin",
  privateKey: "a PRIVATE KEY",
  guestId: 101,
  incarnation: "BC:24:11:00:00:01",
  watchers: ["192.0.2.140"],
  offsite: copies,
};
const otherSource = {
  source: "other",
  address: "192.0.2.99",
  hostKey: "ssh-ed25519 BBBB",
  sshPort: 22,
  sshUser: "root",
  privateKey: "other PRIVATE KEY",
  guestId: 999,
  incarnation: "other",
  at: "09:00",
  keep: { daily: 9 },
  recipients: [],
  shrink: 9,
  minimum: "9MiB",
  folder: "/other",
  enabled: true,
  watchers: ["192.0.2.99"],
  offsite: { ...copies, bucket: "other" },
};

const examples: readonly Example[] = [
  {
    name: "a source of PostgreSQL",
    rules: dataRules.postgres,
    schema: postgresBackupSchema,
    full: { ...fullSource, ...server, password: "password", pointInTime: archive, pointInTimeKeys: archiveKeys },
    others: {
      ...otherSource,
      password: "other",
      databases: ["other"],
      port: 9999,
      superuser: "other",
      proof: "user",
      pointInTime: { ...archive, keep: 9 },
      pointInTimeKeys: { ...archiveKeys, passphrase: "other" },
    },
    known: [],
    apart: ["container"],
  },
  {
    name: "a source of MariaDB",
    rules: dataRules.mariadb,
    schema: mariadbBackupSchema,
    full: { ...fullSource, password: "password", databases: ["crm"], container: "crm-db-1" },
    others: { ...otherSource, password: "other", databases: ["other"], container: "other" },
    known: [],
  },
  {
    name: "a source of files",
    rules: dataRules.files,
    schema: filesBackupSchema,
    full: { ...fullSource, ...files },
    others: { ...otherSource, paths: ["/other"], volumes: ["other"], exclude: ["other"] },
    known: [],
  },
  {
    name: "a source of a command",
    rules: dataRules.command,
    schema: commandBackupSchema,
    full: { ...fullSource, ...commandOf },
    others: { ...otherSource, command: "other", check: "other", restore: "other", container: "other" },
    known: [],
  },
  {
    name: "a container",
    rules: containerRules,
    schema: containerSchema,
    full: { name: "web", node: "pve1", environment: "prod", ...containerArgs },
    others: {
      ...otherGuest,
      template: "other:vztmpl/alpine-3.tar.gz",
      osType: "alpine",
      root: { storage: "other", size: "9GiB" },
      disks: {},
      swap: "9MiB",
      nameservers: ["192.0.2.99"],
      searchDomain: "other.example.com",
      unprivileged: true,
      nesting: false,
      sshKeys: [],
    },
    known: guestKnown,
  },
  {
    name: "a virtual machine",
    rules: virtualMachineRules,
    schema: virtualMachineSchema,
    full: { name: "web", node: "pve1", environment: "prod", ...machineArgs },
    others: {
      ...otherGuest,
      osType: "w2k8",
      disks: machine.disks,
      cpu: "other",
      firmware: "seabios",
      agent: false,
      cloudInit: { storage: "other" },
    },
    known: guestKnown,
  },
  {
    name: "a backup job",
    rules: backupJobRules,
    schema: backupJobSchema,
    full: { ...fullJob, storage: "backup", guests: [101, 102], environment: "prod" },
    others: {
      job: "other",
      storage: "other",
      guests: [999],
      schedule: "09:00",
      keep: { all: true },
      mode: "suspend",
      compress: "gzip",
      notes: "other",
      enabled: true,
      mail: { to: ["other@example.com"], when: "failure" },
    },
    known: ["environment"],
  },
  storage("dir", { id: "other", path: "/other", shared: false, nodes: ["pve9"] }),
  storage("nfs", { id: "other", server: "other", export: "/other", options: "ro", nodes: ["pve9"] }),
  storage("pbs", {
    id: "other",
    server: "other",
    datastore: "other",
    username: "other@pbs",
    password: "other",
    encryptionKey: "other",
    fingerprint: Array.from({ length: 32 }, () => "BB").join(":"),
    namespace: "other",
    nodes: ["pve9"],
  }),
];

function storage(type: "dir" | "nfs" | "pbs", others: RawArguments): Example {
  const common = { schema: storageSchemas[type], full: storages[type], others, known: ["type"] };
  return { name: `a storage of type ${type}`, rules: storageRules[type], ...common };
}

function keysOf(shape: Shape): string[] {
  if (shape.kind !== "mapping") throw new Error("arguments are a mapping");
  return [...shape.keys.keys()];
}

describe.each(examples)("arguments of $name", ({ rules, schema, full, others, known, apart = [] }) => {
  test("every one either has inputs that wait for it, or has to be known", () => {
    expect([...Object.keys(rules.uses), ...known].sort()).toEqual(keysOf(shapeOf(schema)).sort());
    expect([...Object.keys(others), ...apart].sort()).toEqual(Object.keys(rules.uses).sort());
  });

  test.each(Object.keys(others))("another %s changes the inputs that wait for it, and no others", (name) => {
    const before = Object.entries(inputsOf(rules, full));
    const after = new Map(Object.entries(inputsOf(rules, { ...full, [name]: others[name] })));
    const keys = new Set([...before.map(([key]) => key), ...after.keys()]);
    const changed = [...keys].filter(
      (key) => JSON.stringify(after.get(key)) !== JSON.stringify(new Map(before).get(key)),
    );
    // A gateway and a name server are in one input, and so on: a change shows in some of what waits, and never elsewhere.
    expect(changed.length).toBeGreaterThan(0);
    expect(rules.uses[name]).toEqual(expect.arrayContaining(changed));
  });

  test.each(Object.keys(others))("without a value for %s everything else is computed as with it", (name) => {
    const withValue = inputsOf(rules, full);
    const without = new Map(Object.entries(inputsOf(rules, { ...full, [name]: rules.samples[name] })));
    for (const [key, value] of Object.entries(withValue)) {
      expect(without.has(key)).toBe(true);
      if (rules.uses[name]?.includes(key) !== true) expect([key, without.get(key)]).toEqual([key, value]);
    }
  });
});
