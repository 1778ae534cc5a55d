/** Rows of the cluster's resources, as the statistics daemons tell them (PVE::API2Tools). */
import { statfs } from "node:fs/promises";
import { cpus, freemem, totalmem, uptime } from "node:os";
import { containerStatus } from "./containers/status";
import { machineStatus } from "./machines/status";
import { storageUsage } from "./usage";
import type { Json } from "../protocol/failure";
import type { Cluster, Node } from "../model/site";
import type { GuestState, StorageEntry } from "../model/state";
import { isSharedStorage } from "../model/storage-types";

type Row = Record<string, Json>;

/** A guest's row; without statistics its status is unknown and nothing else is said. */
export async function guestRow(cluster: Cluster, guest: GuestState): Promise<Row> {
  const { vmid, type, node } = guest;
  const row: Row = { id: `${type}/${String(vmid)}`, vmid, node, type, status: "unknown" };
  const home = cluster.node(node);
  // Numbers of a guest come from its own node: where that is dead nobody knows more than where it was.
  if (!cluster.site.settings.statistics || home === undefined || isNodeDown(home)) return row;
  return { ...row, ...(await guestNumbers(home, guest)) };
}

const NUMBERS = ["cpu", "disk", "diskread", "diskwrite", "maxdisk", "maxmem", "mem", "netin", "netout", "uptime"];

async function guestNumbers(node: Node, guest: GuestState): Promise<Row> {
  const status = guest.type === "lxc" ? await containerStatus(node, guest) : await machineStatus(node, guest);
  const numbers = NUMBERS.map((name): [string, Json] => [name, status[name] ?? 0]);
  return {
    ...Object.fromEntries(numbers),
    status: status.status ?? "unknown",
    name: status.name ?? "",
    maxcpu: status.cpus ?? 0,
    template: status.template ?? 0,
  };
}

/** A storage's row on one node. */
export async function storageRow(node: Node, entry: StorageEntry): Promise<Row> {
  const { storage, type, options } = entry;
  const row: Row = {
    id: `storage/${node.name}/${storage}`,
    storage,
    node: node.name,
    type: "storage",
    plugintype: type,
    status: "unknown",
    shared: isSharedStorage(type, options) ? 1 : 0,
    content: options.content ?? "",
  };
  if (!node.cluster.site.settings.statistics || isNodeDown(node)) return row;
  const { total, used } = await storageUsage(node, entry);
  return { ...row, maxdisk: total, disk: used, status: "available" };
}

/** A node's row; who may not audit the node sees no numbers. */
export async function nodeRow(node: Node, withNumbers: boolean): Promise<Row> {
  const row: Row = { id: `node/${node.name}`, node: node.name, type: "node", status: "unknown" };
  const { site } = node.cluster;
  if (!site.settings.statistics) return row;
  if (isNodeDown(node)) return { ...row, status: "offline", level: "" };
  if (!withNumbers) return { ...row, status: "online", level: "" };
  const { used, total } = await rootUsage(node);
  return {
    ...row,
    status: "online",
    level: "",
    uptime: Math.floor(uptime()),
    cpu: 0,
    maxcpu: cpus().length,
    mem: totalmem() - freemem(),
    maxmem: totalmem(),
    disk: used,
    maxdisk: total,
  };
}

/** Whether a fault makes the node unreachable. Asking does not use the fault up. */
export function isNodeDown(node: Node): boolean {
  return node.cluster.site.faults
    .list()
    .some((fault) => fault.name === "node-unreachable" && (fault.settings.node ?? node.name) === node.name);
}

/** Whether more than half of the nodes are up: without that /etc/pve is read only. A node of its own always has it. */
export function hasQuorum({ state, nodes }: Cluster): boolean {
  if (state.name === null) return true;
  return nodes.filter((node) => !isNodeDown(node)).length * 2 > nodes.length;
}

/** Room on the file system that holds the node's folder, in bytes. */
export async function rootUsage(node: Node): Promise<{ total: number; used: number; avail: number; free: number }> {
  const { bsize, blocks, bfree, bavail } = await statfs(node.root);
  return { total: blocks * bsize, used: (blocks - bfree) * bsize, avail: bavail * bsize, free: bfree * bsize };
}
