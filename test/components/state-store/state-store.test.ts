import { StateBucket } from "../../../components/state-store/state-bucket";
import { StateStore } from "../../../components/state-store/state-store";
import { StoreIdentity } from "../../../components/state-store/store-identity";
import type { ContainerGuest, ContainerStateStore } from "../../../site/settings/environment";
import { createAuthority, createServerKey, type Authority } from "../../../site/state-store/authority";
import { identityPolicy } from "../../../site/state-store/policies";
import { stateStoreTypes as types } from "../../../site/state-store/resource-names";
import { environmentOf } from "../../support/example-environment";
import { exampleStore, storeSettings } from "../../support/example-store";
import { find, runProgram, secretInput, valueOf, type Registration } from "../../support/pulumi-mocks";

const mocks = Object.fromEntries(Object.values(types).map((type) => [type, () => ({})]));
const root = { accessKey: "lifeboat@root", secretKey: "not-a-real-secret-1" };
const hostKey = "ssh-ed25519 AAAAguest";
const login = { user: "root", privateKey: "not-a-real-key", hostKey };
const now = new Date("2027-02-03T04:05:06Z");
let authority: Authority;
let serverKey: string;

beforeAll(async () => {
  authority = await createAuthority("lifeboat", ["192.0.2.132", "store"], now);
  serverKey = await createServerKey();
});

function declared(other: Readonly<Record<string, unknown>> = {}): {
  guest: ContainerGuest;
  store: ContainerStateStore;
} {
  const settings = storeSettings({ stateStore: { ...exampleStore(), ...other } });
  const { guests, stateStore: store } = environmentOf(settings, "monitoring");
  const [guest] = guests;
  if (guest?.kind !== "container" || store?.kind !== "container") throw new Error("the example has a container");
  return { guest, store };
}

const container = { vmId: 302, macAddress: "BC:24:11:00:00:01" };

async function declareStore(other: Readonly<Record<string, unknown>> = {}, file?: string) {
  const args = { ...declared(other), container, root, authority, serverKey, login, file };
  return runProgram(mocks, () => new StateStore("state-store", { ...args, now }));
}

function shape(registrations: readonly Registration[]) {
  return registrations.map(({ type, name, parent, dependsOn }) => [type, name, parent, dependsOn]);
}

describe("the store", () => {
  test("is a firewall and a server, one after the other; its address is known when the server is there [B1]", async () => {
    const { registrations, result } = await declareStore();
    expect(shape(registrations)).toEqual([
      ["lifeboat:stateStore:StateStore", "state-store", undefined, []],
      [types.rules, "state-store-rules", "state-store", []],
      [types.firewall, "state-store-firewall", "state-store", ["state-store-rules"]],
      [types.server, "state-store-server", "state-store", ["state-store-firewall"]],
    ]);
    expect(await valueOf(result.endpoint)).toBe("https://192.0.2.132:9000");
  });

  test("admits its ports from the named networks only, and SSH and ping, at the guest's own firewall [B1]", async () => {
    const other = { allow: ["192.0.2.0/24", "198.51.100.7"], ports: { console: 9001 }, allowSsh: ["192.0.2.0/24"] };
    const { registrations } = await declareStore(other);
    const { nodeName, containerId, rules } = find(registrations, types.rules).inputs;
    expect([nodeName, containerId]).toEqual(["pve-mon", 302]);
    const accept = { type: "in", action: "ACCEPT", enabled: true };
    expect(rules).toEqual([
      { ...accept, proto: "tcp", dport: "9000", source: "192.0.2.0/24", comment: "lifeboat: S3" },
      { ...accept, proto: "tcp", dport: "9000", source: "198.51.100.7/32", comment: "lifeboat: S3" },
      { ...accept, proto: "tcp", dport: "9001", source: "192.0.2.0/24", comment: "lifeboat: console" },
      { ...accept, proto: "tcp", dport: "9001", source: "198.51.100.7/32", comment: "lifeboat: console" },
      { ...accept, proto: "tcp", dport: "22", source: "192.0.2.0/24", comment: "lifeboat: SSH" },
      { ...accept, proto: "icmp", comment: "lifeboat: ping" },
    ]);
    expect(find(registrations, types.firewall).inputs).toMatchObject({ enabled: true, inputPolicy: "DROP" });
  });

  test("admits SSH from everywhere unless networks are named: nobody is locked out [B1]", async () => {
    const { rules } = find((await declareStore()).registrations, types.rules).inputs;
    expect(rules).toContainEqual(expect.objectContaining({ dport: "22" }));
    expect(rules).not.toContainEqual(expect.objectContaining({ dport: "22", source: expect.anything() }));
  });

  test("leaves the guest guarded when it is taken away: without rules a firewall lets nobody in [B1]", async () => {
    const { registrations } = await declareStore();
    expect(find(registrations, types.rules).retainOnDelete).toBe(true);
    expect(find(registrations, types.firewall).retainOnDelete).toBe(true);
  });

  test("hands secrets to the guest on standard input, secret from the start, and nothing of them elsewhere [B2, N3]", async () => {
    const { registrations } = await declareStore();
    const { stdin, connection, ...open } = find(registrations, types.server).inputs;
    expect(stdin).toEqual({ secret: expect.stringContaining(root.secretKey) });
    expect(stdin).toEqual({ secret: expect.stringContaining(serverKey.trim()) });
    const wanted = { host: "192.0.2.132", user: "root", privateKey: "not-a-real-key", hostKey };
    expect(connection).toEqual({ secret: expect.objectContaining(wanted) });
    expect(JSON.stringify(open)).not.toContain("not-a-real");
    expect(JSON.stringify(open)).not.toContain("PRIVATE KEY");
    expect(open["create"]).toContain(`sha256=${"ab".repeat(32)}`);
    expect([open["update"], open["delete"]]).toEqual([undefined, undefined]);
  });

  test("what its installation prints is a secret: the official provider calls no output one [B2]", async () => {
    const { secretOutputs } = find((await declareStore()).registrations, types.server);
    expect(secretOutputs).toEqual(expect.arrayContaining(["stdout", "stderr", "connection"]));
  });

  test("is installed and guarded again when the container was made anew under its id [B1, F1]", async () => {
    const { registrations } = await declareStore();
    expect(find(registrations, types.rules).replacementTrigger).toBe(container.macAddress);
    expect(find(registrations, types.firewall).replacementTrigger).toBe(container.macAddress);
    expect(find(registrations, types.server).inputs["triggers"]).toEqual([container.macAddress]);
  });

  test("gets the same inputs in every run of a period, its certificate included [B5]", async () => {
    const [first, second] = [await declareStore(), await declareStore()];
    expect(second.registrations).toEqual(first.registrations);
  });

  test("gets a server from a file first; another checksum sends it again [B4]", async () => {
    const server = { file: "minio", sha256: "cd".repeat(32) };
    const { registrations } = await declareStore({ server }, __filename);
    const binary = find(registrations, types.binary);
    expect(binary.inputs).toMatchObject({
      connection: { secret: expect.objectContaining({ host: "192.0.2.132", hostKey }) },
      remotePath: `/root/lifeboat-state-store-${"cd".repeat(32)}`,
      triggers: [container.macAddress],
    });
    const { create } = find(registrations, types.server).inputs;
    expect(create).toContain(`file=/root/lifeboat-state-store-${"cd".repeat(32)} `);
    expect(find(registrations, types.server).dependsOn).toEqual(["state-store-binary"]);
  });

  test("needs its disk [A6]", async () => {
    const { guest, store } = declared();
    const args = { guest: { ...guest, disks: [] }, store, container, root, authority, serverKey, login, now };
    await expect(runProgram(mocks, () => new StateStore("state-store", args))).rejects.toThrow("has no disk data");
  });
});

describe("a bucket", () => {
  const { store } = declared();

  test("is versioned, old versions expire, and nothing of it is ever deleted [B2]", async () => {
    const { registrations } = await runProgram(
      mocks,
      () => new StateBucket("state-prod", { environment: "prod", store }),
    );
    const bucket = "lifeboat-state-prod";
    expect(find(registrations, types.bucket).inputs).toEqual({
      bucket,
      acl: "private",
      forceDestroy: false,
      objectLocking: true,
    });
    expect(find(registrations, types.versioning).inputs).toEqual({
      bucket,
      versioningConfiguration: { status: "Enabled" },
    });
    expect(find(registrations, types.lifecycle).inputs).toEqual({
      bucket,
      rules: [{ id: "lifeboat-old-versions", expiration: "DeleteMarker", noncurrentVersionExpirationDays: 90 }],
    });
    const children = registrations.filter(({ parent }) => parent === "state-prod");
    expect(children).toHaveLength(3);
    for (const { name, retainOnDelete, protect } of children) {
      // Protected resources could not be left out of a run.
      expect([name, retainOnDelete, protect]).toEqual([name, true, false]);
    }
  });
});

describe("an identity", () => {
  test("has its secret from the settings, its own policy, and stays on the store [B2]", async () => {
    const key = { accessKey: "lifeboat-prod", secretKey: "not-a-real-secret-2" };
    const policy = identityPolicy("lifeboat-state-prod");
    const { registrations } = await runProgram(mocks, () => new StoreIdentity("state-prod", { key, policy }));
    expect(find(registrations, types.user).inputs).toEqual({
      name: "lifeboat-prod",
      secret: secretInput(key.secretKey),
      forceDestroy: false,
      disableUser: false,
    });
    expect(find(registrations, types.policy).inputs).toEqual({ name: "lifeboat-prod", policy: JSON.stringify(policy) });
    expect(find(registrations, types.attachment).inputs).toEqual({
      userName: "lifeboat-prod",
      policyName: "lifeboat-prod",
    });
    const children = registrations.filter(({ parent }) => parent === "state-prod");
    expect(children.map(({ retainOnDelete }) => retainOnDelete)).toEqual([true, true, true]);
  });
});
