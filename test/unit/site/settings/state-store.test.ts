import type { ContainerStateStore } from "../../../../site/settings/environment";
import { parseSettings } from "../../../../site/settings/parse-settings";
import { formatPath, formatProblems } from "../../../../site/settings/problem";
import { environmentOf } from "../../../support/example-environment";
import { exampleStore, storeSettings, withStoreGuest } from "../../../support/example-store";

const pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2Vw\n-----END PRIVATE KEY-----\n";

function problemsOf(raw: unknown) {
  const parsed = parseSettings(raw, { environment: "monitoring" });
  return parsed.ok ? [] : parsed.problems;
}

function pathsOf(raw: unknown): string[] {
  return problemsOf(raw).map(({ path }) => formatPath(path));
}

function storeIn(other: Readonly<Record<string, unknown>>): ContainerStateStore {
  const { stateStore } = environmentOf(storeSettings({ stateStore: { ...exampleStore(), ...other } }), "monitoring");
  if (stateStore?.kind !== "container") throw new Error("the example is a container");
  return stateStore;
}

test("a store in a container gets every default [A6, B1]", () => {
  expect(storeIn({})).toEqual({
    kind: "container",
    guest: "store",
    disk: "data",
    server: { from: "url", url: "http://192.0.2.1/minio", sha256: "ab".repeat(32) },
    allow: ["192.0.2.0/24"],
    allowSsh: undefined,
    ports: { api: 9000, console: undefined },
    region: "us-east-1",
    buckets: "lifeboat-state",
    expire: 90 * 86_400,
    copies: {},
  });
});

test("everything can be said otherwise [B1, B4, E6]", () => {
  const offsite = { endpoint: "https://s3.example.com/", bucket: "far-away", ca: "offsite-ca.pem" };
  const found = storeIn({
    server: { file: "minio", sha256: "AB".repeat(32) },
    allow: ["192.0.2.0/24", "2001:DB8::/64", "198.51.100.7"],
    allowSsh: ["198.51.100.7"],
    ports: { api: 9443, console: 9001 },
    buckets: "site-state",
    expire: "4w 2d",
    copies: { folder: "copies", offsite },
  });
  expect(found).toMatchObject({
    server: { from: "file", file: "minio", sha256: "ab".repeat(32) },
    allow: ["192.0.2.0/24", "2001:db8::/64", "198.51.100.7/32"],
    allowSsh: ["198.51.100.7/32"],
    ports: { api: 9443, console: 9001 },
    buckets: "site-state",
    expire: 30 * 86_400,
    copies: {
      folder: "copies",
      offsite: { ...offsite, endpoint: "https://s3.example.com", region: "us-east-1", schedule: "04:15" },
    },
  });
});

test("a service that is there takes the container's place, and none of its settings [B6]", () => {
  const service = { endpoint: "https://s3.example.com:9000", ca: "s3-ca.pem" };
  const { stateStore } = environmentOf(storeSettings({ stateStore: { service, expire: "30d" } }), "monitoring");
  expect(stateStore).toEqual({
    kind: "service",
    ...service,
    region: "us-east-1",
    buckets: "lifeboat-state",
    expire: 30 * 86_400,
    copies: {},
  });
  const both = storeSettings({ stateStore: { ...exampleStore(), service } });
  expect(pathsOf(both)).toEqual(["allow", "guest", "server"].map((key) => `lifeboat:stateStore.${key}`));
});

test("every mistake at once, with its path [A6]", () => {
  const stateStore = {
    guest: "store",
    server: { url: "https://user:pw@192.0.2.1/minio", sha256: "1234" },
    allow: ["192.0.2.7/24"],
    ports: { api: 22, console: 22 },
    buckets: "Lifeboat_State",
    expire: "36h",
    copies: { offsite: { endpoint: "http://s3.example.com", bucket: "x", schedule: "now and then" } },
    tls: false,
  };
  expect(pathsOf(storeSettings({ stateStore }))).toEqual([
    "lifeboat:stateStore.allow[0]",
    "lifeboat:stateStore.buckets",
    "lifeboat:stateStore.copies.offsite.bucket",
    "lifeboat:stateStore.copies.offsite.endpoint",
    "lifeboat:stateStore.copies.offsite.schedule",
    "lifeboat:stateStore.expire",
    "lifeboat:stateStore.ports.console",
    "lifeboat:stateStore.server.sha256",
    "lifeboat:stateStore.server.url",
    "lifeboat:stateStore.tls",
  ]);
});

test.each([
  ["no server", { server: undefined }, "lifeboat:stateStore.server"],
  [
    "two servers",
    { server: { url: "http://a/b", file: "b", sha256: "ab".repeat(32) } },
    "lifeboat:stateStore.server.file",
  ],
  ["nobody may reach it", { allow: [] }, "lifeboat:stateStore.allow"],
  ["S3 on the port of SSH", { ports: { api: 22 } }, "lifeboat:stateStore.ports.api"],
  ["console on the default port of S3", { ports: { console: 9000 } }, "lifeboat:stateStore.ports.console"],
  ["ten years and a day", { expire: "3651d" }, "lifeboat:stateStore.expire"],
  ["no such guest", { guest: "shop" }, "lifeboat:stateStore.guest"],
  ["no such disk", { disk: "shop" }, "lifeboat:stateStore.disk"],
])("%s is refused [A6]", (_, other, path) => {
  expect(pathsOf(storeSettings({ stateStore: { ...exampleStore(), ...other } }))).toEqual([path]);
});

const network = { bridge: "vmbr0", address: "192.0.2.132/24", firewall: true };

test.each([
  ["an address by DHCP", { network: { bridge: "vmbr0", address: "dhcp", firewall: true } }, "network.address"],
  ["no firewall", { network: { bridge: "vmbr0", address: "192.0.2.132/24" } }, "network.firewall"],
  ["a fixed MAC address", { network: { ...network, mac: "BC:24:11:00:00:01" } }, "network.mac"],
  ["an opt-out", { backup: { exclude: "no use", owner: "ops", until: "2035-12-31" } }, "backup"],
])("a store in a guest with %s is refused [A6, B1]", (_, other, path) => {
  expect(pathsOf(withStoreGuest(other))).toEqual([`lifeboat:guests.store.${path}`]);
});

test("a store in a machine, in a guest made by hand, on a bind mount or on a disk without backup is refused [A6, B1]", () => {
  const { guests, ...rest } = storeSettings();
  const machine = {
    kind: "virtual-machine",
    id: 302,
    disks: { scsi0: { storage: "local", size: "8GiB" } },
    network: { bridge: "vmbr0", address: "192.0.2.132/24", firewall: true },
  };
  const bind = { mount: "/var/lib/minio", bind: "/tank/minio", protectedBy: "replication" };
  const optOut = { exclude: "no use", owner: "ops", until: "2035-12-31" };
  const volume = { mount: "/var/lib/minio", storage: "local", size: "10GiB", backup: optOut };
  expect(pathsOf({ ...rest, guests: { ...guests, store: machine } })).toEqual(["lifeboat:stateStore.guest"]);
  expect(pathsOf({ ...rest, guests: { ...guests, store: { adopt: 302 } } })).toEqual(["lifeboat:stateStore.guest"]);
  expect(pathsOf(withStoreGuest({ disks: { data: bind } }))).toEqual(["lifeboat:stateStore.disk"]);
  expect(pathsOf(withStoreGuest({ disks: { data: volume } }))).toEqual(["lifeboat:guests.store.disks.data.backup"]);
});

test("keys come with their environments; a wrong one is told without being shown [A6]", () => {
  const key = { accessKey: "lifeboat-prod", secretKey: "not-a-real-secret" };
  const stateStoreKeys = { root: key, authorityKey: pem, serverKey: pem, identities: { prod: key } };
  const environment = environmentOf(
    storeSettings({ stateStoreKeys, stateKey: key, stateStoreOffsiteKey: key }),
    "monitoring",
  );
  expect(environment).toMatchObject({ stateStoreKeys: { ...stateStoreKeys, readers: {} }, stateKey: key });
  const problems = problemsOf(
    storeSettings({
      stateStoreKeys: {
        ...stateStoreKeys,
        serverKey: "secret-1",
        identities: { prod: { ...key, secretKey: "secret" } },
      },
      stateKey: "secret-2",
      stateStoreAuthority: pem,
    }),
  );
  const told = formatProblems(problems, "monitoring");
  expect(problems.map(({ path }) => path.join("."))).toEqual([
    "stateKey",
    "stateStoreAuthority",
    "stateStoreKeys.identities.prod.secretKey",
    "stateStoreKeys.serverKey",
  ]);
  expect(told).not.toMatch(/secret-|"secret"|MC4C/u);
});
