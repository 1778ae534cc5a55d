import { resourceTypes } from "../resources";
import { isMapping } from "../settings/schema-tools";
import { isNewNode, type NodeMapping, renamedVolume } from "./node-mapping";

/** Resources of a state with the names of the node that stands in for another one. */
export interface RenamedState {
  readonly resources: readonly unknown[];
  /** URNs of those that changed. */
  readonly changed: readonly string[];
}

const storageTypes: readonly string[] = [resourceTypes.dir, resourceTypes.nfs, resourceTypes.pbs];

/** What the provider calls a storage of disks or backups; `volume` is one, or a volume on it. */
const storageKeys: ReadonlySet<string> = new Set(["datastoreId", "storage"]);

/**
 * Writes the new names into what Pulumi remembers, as inputs and as outputs: it would otherwise look for each guest on a node that
 * is gone, and make it anew where only a name has changed. A second time it changes nothing.
 *
 * @param resources of `pulumi stack export`
 * @param home node of the environment by its settings of now: resources without a node of their own are that one's
 */
export function renameInState(resources: readonly unknown[], mapping: NodeMapping, home: string): RenamedState {
  const changed: string[] = [];
  const renamed = resources.map((resource) => {
    if (!isMapping(resource)) return resource;
    const { type, urn, inputs, outputs, id } = resource;
    if (typeof type !== "string" || !type.startsWith("proxmoxve:")) return resource;
    const node = nodeOf(outputs) ?? nodeOf(inputs);
    if (node === undefined ? !isNewNode(mapping, home) : !mapping.nodes.has(node)) return resource;
    const next = {
      ...resource,
      ...(typeof id === "string" ? { id: renamedId(type, id, mapping) } : {}),
      ...(isMapping(inputs) ? { inputs: renamedIn(inputs, type, mapping) } : {}),
      ...(isMapping(outputs) ? { outputs: renamedIn(outputs, type, mapping) } : {}),
    };
    if (JSON.stringify(next) === JSON.stringify(resource)) return resource;
    if (typeof urn === "string") changed.push(urn);
    return next;
  });
  return { resources: renamed, changed };
}

function nodeOf(values: unknown): string | undefined {
  const node = isMapping(values) ? values["nodeName"] : undefined;
  return typeof node === "string" ? node : undefined;
}

/** The id of a storage is its name; that of a guest's firewall has the node in it, between slashes. */
function renamedId(type: string, id: string, { nodes, storages }: NodeMapping): string {
  if (storageTypes.includes(type)) return storages.get(id) ?? id;
  if (!type.startsWith("proxmoxve:firewall/")) return id;
  return id
    .split("/")
    .map((part) => nodes.get(part) ?? part)
    .join("/");
}

function renamedIn(
  values: Readonly<Record<string, unknown>>,
  type: string,
  mapping: NodeMapping,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, renamed(key, value, type, mapping)]));
}

function renamed(key: string, value: unknown, type: string, mapping: NodeMapping): unknown {
  if (Array.isArray(value)) {
    const list: readonly unknown[] = value;
    return list.map((one) => renamed(key, one, type, mapping));
  }
  if (isMapping(value)) return renamedIn(value, type, mapping);
  if (typeof value !== "string") return value;
  const { nodes, storages } = mapping;
  if (key === "nodeName" || key === "nodes") return nodes.get(value) ?? value;
  if (storageKeys.has(key)) return storages.get(value) ?? value;
  if (key === "volume") return storages.get(value) ?? renamedVolume(mapping, value);
  return key === "id" || key === "resourceId" ? renamedId(type, value, mapping) : value;
}
