import { resourceTypes } from "../resources";
import { isMapping } from "../settings/schema-tools";
import { isNewNode, type NodeMapping, renamedVolume } from "./node-mapping";

/** As much of a resource as has names in it. */
interface Resource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string | null | undefined;
  readonly inputs?: Values | null | undefined;
  readonly outputs?: Values | null | undefined;
}

type Values = Readonly<Record<string, unknown>>;

/** Resources of a state with the names of the node that stands in for another one. */
export interface RenamedState<Kind> {
  readonly resources: readonly Kind[];
  /** URNs of those that changed. */
  readonly changed: readonly string[];
}

/** Where an environment is at home by its settings of now. */
export interface Home {
  readonly node: string;
  /** `https://192.0.2.21:8006` */
  readonly endpoint: string;
}

const storageTypes: readonly string[] = [resourceTypes.dir, resourceTypes.nfs, resourceTypes.pbs];

/** What the provider calls a storage of disks or backups; `volume` is one, or a volume on it. */
const storageKeys: ReadonlySet<string> = new Set(["datastoreId", "storage"]);

/**
 * Writes the new names into what Pulumi remembers, as inputs and as outputs: it would otherwise look for each guest on a node that
 * is gone, and make it anew where only a name has changed. The provider's address becomes that of the settings, whatever it was. A
 * second time nothing changes.
 *
 * @param home resources without a node of their own are that one's
 */
export function renameInState<Kind extends Resource>(
  resources: readonly Kind[],
  mapping: NodeMapping,
  home: Home,
): RenamedState<Kind> {
  const renamed = resources.map((resource) => renameResource(resource, mapping, home));
  const changed = renamed.filter((resource, index) => JSON.stringify(resource) !== JSON.stringify(resources[index]));
  return { resources: renamed, changed: changed.map(({ urn }) => urn) };
}

/** Names of nodes that Pulumi would ask about resources of a state, sorted. */
export function nodesInState(resources: readonly Resource[]): string[] {
  const nodes = resources
    .filter(({ type }) => type.startsWith("proxmoxve:"))
    .flatMap(({ inputs, outputs }) => nodeOf(outputs) ?? nodeOf(inputs) ?? []);
  return [...new Set(nodes)].sort();
}

function renameResource<Kind extends Resource>(resource: Kind, mapping: NodeMapping, home: Home): Kind {
  const { type, inputs, outputs, id } = resource;
  const isProvider = type === "pulumi:providers:proxmoxve";
  if (!isProvider && !type.startsWith("proxmoxve:")) return resource;
  const node = nodeOf(outputs) ?? nodeOf(inputs);
  if (node === undefined ? !isNewNode(mapping, home.node) : !mapping.nodes.has(node)) return resource;
  const rename = (values: Values): Record<string, unknown> =>
    isProvider ? { ...values, endpoint: home.endpoint } : renamedIn(values, type, mapping);
  return {
    ...resource,
    ...(typeof id === "string" && !isProvider ? { id: renamedId(type, id, mapping) } : {}),
    ...(isMapping(inputs) ? { inputs: rename(inputs) } : {}),
    ...(isMapping(outputs) ? { outputs: rename(outputs) } : {}),
  };
}

function nodeOf(values: Values | null | undefined): string | undefined {
  const node = values?.["nodeName"];
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

function renamedIn(values: Values, type: string, mapping: NodeMapping): Record<string, unknown> {
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
