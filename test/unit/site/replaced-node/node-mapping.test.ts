import { type NodeMapping, parseMapping, thenMapped } from "../../../../site/replaced-node/node-mapping";
import { renameInState } from "../../../../site/replaced-node/state-changes";

const problemOf = (nodes: readonly string[], storages: readonly string[]): string => {
  const parsed = parseMapping(nodes, storages);
  return parsed !== undefined && "problem" in parsed ? parsed.problem : "";
};

function mappingOf(nodes: readonly string[], storages: readonly string[]): NodeMapping {
  const parsed = parseMapping(nodes, storages);
  if (parsed === undefined || "problem" in parsed) throw new Error("not a mapping");
  return parsed;
}

test("pairs of names that say nothing that can be done, or would not be the same a second time, are refused [H5]", () => {
  expect(problemOf(["pve-prod"], [])).toContain("no pair of names");
  expect(problemOf(["pve-prod=pve new"], [])).toContain("no pair of names");
  expect(problemOf(["a=b=c"], [])).toContain("no pair of names");
  expect(problemOf(["a=b", "a=c"], [])).toContain("a twice");
  expect(problemOf(["a=b"], ["local=tank", "tank=local"])).toContain("as an old name and as a new one");
  expect(problemOf([], ["local=tank"])).toContain("which node");
  expect(parseMapping([], [])).toBeUndefined();
});

test("a mapping that begins before another has ended takes what has the oldest names along, and goes round in no circle [H5]", () => {
  const first = mappingOf(["a=b"], ["local=tank"]);
  expect(thenMapped(first, mappingOf(["b=c"], []))).toEqual({
    nodes: new Map([
      ["a", "c"],
      ["b", "c"],
    ]),
    storages: new Map([["local", "tank"]]),
  });
  expect(thenMapped(first, mappingOf(["a=b"], ["local=tank"]))).toEqual(first);
  expect(thenMapped(first, mappingOf(["b=a"], ["tank=local"]))).toEqual({
    nodes: new Map([
      ["a", "a"],
      ["b", "a"],
    ]),
    storages: new Map([
      ["local", "local"],
      ["tank", "local"],
    ]),
  });
  expect(thenMapped(first, mappingOf(["x=a"], []))).toMatchObject({
    problem: expect.stringContaining("a is an old name"),
  });
});

const container = "proxmoxve:index/containerLegacy:ContainerLegacy";
const moved = {
  urn: "urn:pulumi:prod::site::lifeboat:guests:Container$x::web-container",
  type: container,
  id: "101",
  inputs: {
    nodeName: "pve-prod",
    vmId: 101,
    disk: { datastoreId: "local", size: 8 },
    mountPoints: [{ volume: "local", size: "20G", path: "/srv" }],
    operatingSystem: { templateFileId: "local:vztmpl/debian.tar.zst" },
    tags: ["local"],
  },
  outputs: { nodeName: "pve-prod", mountPoints: [{ volume: "local:101/vm-101-disk-1.raw", path: "/srv" }] },
};
const elsewhere = {
  ...moved,
  urn: "other",
  outputs: { nodeName: "pve-lab", disk: { datastoreId: "local" } },
  inputs: {},
};
const job = { urn: "job", type: "proxmoxve:backup/job:Job", id: "lifeboat-prod", outputs: { storage: "local" } };
const storage = {
  urn: "storage",
  type: "proxmoxve:storage/directory:Directory",
  id: "local",
  outputs: { id: "local", resourceId: "local", nodes: ["pve-prod"], path: "/mnt/local" },
};
const rules = {
  urn: "rules",
  type: "proxmoxve:firewall/rulesLegacy:RulesLegacy",
  id: "container/pve-prod/101",
  outputs: { nodeName: "pve-prod", containerId: 101 },
};
const command = { urn: "command", type: "command:local:Command", outputs: { nodeName: "pve-prod", storage: "local" } };

const provider = {
  urn: "provider",
  type: "pulumi:providers:proxmoxve",
  id: "2f3e",
  inputs: { endpoint: "https://192.0.2.11:8006", pluginDownloadURL: "github://x" },
  outputs: { endpoint: "https://192.0.2.11:8006" },
};
const endpoint = "https://192.0.2.21:8006";

test("a state gets the new names where it names the old node, once, and nowhere else [H5]", () => {
  const mapping = mappingOf(["pve-prod=pve-new"], ["local=tank"]);
  const all: readonly Parameters<typeof renameInState>[0][number][] = [
    moved,
    elsewhere,
    job,
    storage,
    rules,
    command,
    provider,
  ];
  const { resources, changed } = renameInState(all, mapping, { node: "pve-new", endpoint });
  expect(changed).toEqual([moved.urn, "job", "storage", "rules", "provider"]);
  expect(resources).toEqual([
    {
      ...moved,
      inputs: {
        nodeName: "pve-new",
        vmId: 101,
        disk: { datastoreId: "tank", size: 8 },
        mountPoints: [{ volume: "tank", size: "20G", path: "/srv" }],
        operatingSystem: { templateFileId: "local:vztmpl/debian.tar.zst" },
        tags: ["local"],
      },
      outputs: { nodeName: "pve-new", mountPoints: [{ volume: "tank:101/vm-101-disk-1.raw", path: "/srv" }] },
    },
    elsewhere,
    { ...job, outputs: { storage: "tank" } },
    {
      ...storage,
      id: "tank",
      outputs: { id: "tank", resourceId: "tank", nodes: ["pve-new"], path: "/mnt/local" },
    },
    { ...rules, id: "container/pve-new/101", outputs: { nodeName: "pve-new", containerId: 101 } },
    command,
    { ...provider, inputs: { ...provider.inputs, endpoint }, outputs: { endpoint } },
  ]);
  expect(renameInState(resources, mapping, { node: "pve-new", endpoint }).changed).toEqual([]);
  // Of an environment at home elsewhere only what is on the node itself.
  expect(renameInState([job, storage, provider], mapping, { node: "pve-lab", endpoint }).changed).toEqual([]);
});
