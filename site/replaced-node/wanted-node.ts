import { parseSections, type ConfigurationSection } from "../../proxmox/rules/section-configuration";
import { parseUserConfiguration, type UserConfiguration } from "../../proxmox/rules/user-configuration";
import type { NodeMapping } from "./node-mapping";

/** Files of a node as its saved configuration has them, by their paths without a slash before: `etc/pve/user.cfg`. */
export type NodeFiles = ReadonlyMap<string, string>;

/** A storage that stands for one of the old node's: nothing of it is defined. */
export interface StorageInPlace {
  readonly old: string;
  readonly now: string;
  /** Contents that the old one took: `images`, `rootdir`. */
  readonly content: readonly string[];
}

/** What a node had, as the one that stands in for it is to have it. */
export interface WantedNode {
  readonly old: string;
  readonly now: string;
  readonly storages: readonly ConfigurationSection[];
  readonly inPlace: readonly StorageInPlace[];
  readonly realms: readonly ConfigurationSection[];
  readonly access: UserConfiguration;
  readonly clusterFirewall: string | undefined;
  /** The firewall of the datacenter was on, without which that of no node does anything. */
  readonly hadFirewall: boolean;
  readonly hostFirewall: string | undefined;
  /** `/etc/network/interfaces`; undefined: the saved configuration is that of another node of the cluster. */
  readonly interfaces: string | undefined;
  /** Files of the saved configuration that somebody brings back by hand. */
  readonly beside: readonly string[];
  /** Lines that say nothing that is known, with their files. */
  readonly unread: readonly string[];
}

export const userFile = "etc/pve/user.cfg";
const storageFile = "etc/pve/storage.cfg";
const realmFile = "etc/pve/domains.cfg";
const clusterFirewallFile = "etc/pve/firewall/cluster.fw";
const interfacesFile = "etc/network/interfaces";

/** Whether somebody brings such a file back by hand, and looks at it first. */
const besidePattern =
  /^etc\/(?:pve\/(?:datacenter\.cfg|jobs\.cfg|vzdump\.cron|replication\.cfg|notifications\.cfg|(?:ha|sdn|mapping)\/.+)|network\/interfaces\.d\/.+|fstab|hosts|vzdump\.conf|default\/grub|modules|modprobe\.d\/.+)$/u;

/** Which of a dump's files count. Others are not even read: a dump is data of somebody. */
export function isNodeFile(path: string): boolean {
  return (
    [userFile, storageFile, realmFile, clusterFirewallFile, interfacesFile, "etc/hostname"].includes(path) ||
    /^etc\/pve\/nodes\/[A-Za-z0-9-]+\/[A-Za-z0-9._/-]+$/u.test(path) ||
    besidePattern.test(path)
  );
}

/** How the node is called that the files were taken on; undefined: they do not say. */
function hostOf(files: NodeFiles): string | undefined {
  const name = files.get("etc/hostname")?.trim().split(".")[0];
  return name === undefined || name === "" ? undefined : name;
}

/** Whether the files say something of a node: they were taken on it, or on another node of its cluster. */
export function speaksOf(files: NodeFiles, node: string): "its own" | "of its cluster" | "not" {
  if (hostOf(files) === node) return "its own";
  return [...files.keys()].some((path) => path.startsWith(`etc/pve/nodes/${node}/`)) ? "of its cluster" : "not";
}

/**
 * What of a saved configuration is wanted on the node that stands in for the old one, with the new names of it and of its storages.
 *
 * @param mapping undefined: a node of the same name with the same storages
 */
export function wantedNode(files: NodeFiles, old: string, mapping: NodeMapping | undefined): WantedNode {
  const node = (name: string): string => mapping?.nodes.get(name) ?? name;
  const storage = (name: string): string => mapping?.storages.get(name) ?? name;
  const storages = parseSections(files.get(storageFile) ?? "");
  const realms = parseSections(files.get(realmFile) ?? "");
  const access = parseUserConfiguration(files.get(userFile) ?? "");
  const cluster = files.get(clusterFirewallFile);
  return {
    old,
    now: node(old),
    storages: storages.sections.filter(({ id }) => storage(id) === id).map((one) => onNodes(one, node)),
    inPlace: storages.sections
      .filter(({ id }) => storage(id) !== id)
      .map(({ id, properties }) => ({ old: id, now: storage(id), content: contentOf(properties) })),
    // Those two are there on every node.
    realms: realms.sections.filter(({ id }) => id !== "pam" && id !== "pve"),
    access: {
      ...access,
      pools: access.pools.map((pool) => ({ ...pool, storages: pool.storages.map(storage) })),
      acl: access.acl.map((right) => ({ ...right, path: renamedPath(right.path, node, storage) })),
    },
    clusterFirewall: cluster,
    hadFirewall: /^enable:\s*[1-9]/mu.test(cluster ?? ""),
    hostFirewall: files.get(`etc/pve/nodes/${old}/host.fw`),
    interfaces: speaksOf(files, old) === "its own" ? files.get(interfacesFile) : undefined,
    beside: [...files.keys()].filter((path) => besidePattern.test(path)).sort(),
    unread: [
      ...storages.unread.map((line) => `${storageFile}: ${line}`),
      ...realms.unread.map((line) => `${realmFile}: ${line}`),
      ...access.unread.map((line) => `${userFile}: ${line}`),
    ],
  };
}

function contentOf(properties: ReadonlyMap<string, string>): string[] {
  return (properties.get("content") ?? "").split(",").filter((one) => one !== "" && one !== "none");
}

function onNodes(section: ConfigurationSection, node: (name: string) => string): ConfigurationSection {
  const nodes = section.properties.get("nodes");
  if (nodes === undefined) return section;
  const names = [...new Set(nodes.split(",").map((name) => node(name.trim())))].join(",");
  return { ...section, properties: new Map([...section.properties, ["nodes", names]]) };
}

function renamedPath(path: string, node: (name: string) => string, storage: (name: string) => string): string {
  const [, room, name = "", ...rest] = path.split("/");
  const rename = room === "nodes" ? node : room === "storage" ? storage : (same: string) => same;
  return name === "" ? path : ["", room, rename(name), ...rest].join("/");
}
