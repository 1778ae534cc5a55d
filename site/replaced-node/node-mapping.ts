import { nodeName, storageId } from "../settings/values/names";

/** How a node that was replaced by another one is called now, and its storages. */
export interface NodeMapping {
  /** New names by old ones. A node that kept its name stands for itself. */
  readonly nodes: ReadonlyMap<string, string>;
  /** New ids by old ones; every other storage of such a node keeps its id. */
  readonly storages: ReadonlyMap<string, string>;
}

/** The same as journals and JSON have it. */
export interface WrittenMapping {
  readonly nodes: Readonly<Record<string, string>>;
  readonly storages: Readonly<Record<string, string>>;
}

export function writtenMapping({ nodes, storages }: NodeMapping): {
  nodes: Record<string, string>;
  storages: Record<string, string>;
} {
  return { nodes: Object.fromEntries(nodes), storages: Object.fromEntries(storages) };
}

export function readMapping({ nodes, storages }: WrittenMapping): NodeMapping {
  return { nodes: new Map(Object.entries(nodes)), storages: new Map(Object.entries(storages)) };
}

/** What tells one mapping from another: `pve-prod=pve-new local=tank`. */
export function mappingText({ nodes, storages }: NodeMapping): string {
  return [nodes, storages].flatMap(pairTexts).join(" ");
}

/** Names as a command line has them, sorted: `data=tank`, `local=tank`. */
export function pairTexts(names: ReadonlyMap<string, string>): string[] {
  return [...names].map((pair) => pair.join("=")).sort();
}

/** Why pairs of names say nothing that can be done. */
export interface MappingProblem {
  readonly problem: string;
  readonly hint: string;
}

/**
 * Reads `OLD=NEW` pairs. No name is both old and new, since then the same command, run again, would rename once more what it has
 * renamed.
 */
export function parseMapping(
  nodes: readonly string[],
  storages: readonly string[],
): NodeMapping | MappingProblem | undefined {
  if (nodes.length === 0 && storages.length > 0) {
    return { problem: "--storage says nothing of which node", hint: "name the node as well: --map pve-prod=pve-new" };
  }
  if (nodes.length === 0) return undefined;
  const ofNodes = pairsOf("--map", nodes, nodeName);
  if ("problem" in ofNodes) return ofNodes;
  const ofStorages = pairsOf("--storage", storages, storageId);
  if ("problem" in ofStorages) return ofStorages;
  return { nodes: ofNodes, storages: ofStorages };
}

function pairsOf(
  flag: string,
  texts: readonly string[],
  name: typeof nodeName,
): ReadonlyMap<string, string> | MappingProblem {
  const hint = `${flag} OLD=NEW`;
  const pairs = new Map<string, string>();
  for (const text of texts) {
    const [old = "", now = "", ...more] = text.split("=");
    if (more.length > 0 || !name.safeParse(old).success || !name.safeParse(now).success) {
      return { problem: `${flag} '${text}' is no pair of names`, hint };
    }
    if (pairs.has(old)) return { problem: `${flag} has ${old} twice`, hint };
    pairs.set(old, now);
  }
  const both = [...pairs].find(([old, now]) => old !== now && pairs.has(now));
  if (both === undefined) return pairs;
  return { problem: `${flag} has ${both[1]} as an old name and as a new one`, hint: "rename one of the new ones" };
}

/**
 * Two mappings as one, where names are on their way by the first when the second begins: what the first has not come to has the
 * oldest names still, and goes to the last ones at once.
 */
export function thenMapped(first: NodeMapping, second: NodeMapping): NodeMapping | MappingProblem {
  const nodes = chained(first.nodes, second.nodes);
  const storages = chained(first.storages, second.storages);
  const both = crossedIn(nodes) ?? crossedIn(storages);
  if (both === undefined) return { nodes, storages };
  return {
    problem: `${both} is an old name of a recovery that was cut off, and a new one now`,
    hint: `end that one first: the same command without --map; its names: ${mappingText(first)}`,
  };
}

function chained(first: NodeMapping["nodes"], second: NodeMapping["nodes"]): NodeMapping["nodes"] {
  return new Map([...[...first].map(([old, now]) => [old, second.get(now) ?? now] as const), ...second]);
}

/** A name that is old and new: with it the same command, run again, would rename once more. */
function crossedIn(pairs: NodeMapping["nodes"]): string | undefined {
  return [...pairs].find(([old, now]) => old !== now && pairs.has(now) && pairs.get(now) !== now)?.[1];
}

/** Whether a node goes on under a name of the mapping. */
export function isNewNode({ nodes }: NodeMapping, node: string): boolean {
  return [...nodes.values()].includes(node);
}

/** A volume, as `local:101/vm-101-disk-1.raw`, on the storage that stands for its own. Another text stays as it is. */
export function renamedVolume({ storages }: NodeMapping, volume: string): string {
  const colon = volume.indexOf(":");
  const storage = colon < 0 ? undefined : storages.get(volume.slice(0, colon));
  return storage === undefined ? volume : storage + volume.slice(colon);
}
