/** The cluster as a whole (PVE::API2::Cluster). */
import { enabledStorage } from "../guests/storages";
import { readConfiguration } from "../guests/configuration";
import { guestRow, hasQuorum, isNodeDown, nodeRow, storageRow } from "../guests/resources";
import type { Node } from "../model/site";
import type { GuestState } from "../model/state";
import type { Call, Endpoint, PermissionRule } from "../calls/endpoint";
import { death, type Json, parameterFailure } from "../protocol/failure";
import { indexEndpoint } from "./index-endpoint";
import { optional, VMID } from "./tables";

/** Proxmox looks for a free id from here to below there unless the cluster's options say otherwise. */
const FIRST_ID = 100;
const ID_LIMIT = 1_000_000;

function nextId({ cluster, parameters }: Call): Json {
  const wanted = parameters.integer("vmid");
  if (wanted !== undefined) {
    if (cluster.guest(wanted) !== undefined) throw parameterFailure({ vmid: `VM ${String(wanted)} already exists` });
    return String(wanted);
  }
  for (let id = FIRST_ID; id < ID_LIMIT; id += 1) {
    if (cluster.guest(id) === undefined) return String(id);
  }
  throw death(`unable to get any free VMID in range [${String(FIRST_ID)}, ${String(ID_LIMIT)}]`);
}

/** A node of its own says so; a cluster has a row of its own as well. */
function clusterStatus({ cluster, node }: Call): Json {
  const rows = cluster.nodes.map((member, index) => ({
    type: "node",
    id: `node/${member.name}`,
    name: member.name,
    nodeid: cluster.state.name === null ? 0 : index + 1,
    ip: member.state.address,
    local: member === node ? 1 : 0,
    online: member === node || !isNodeDown(member) ? 1 : 0,
    level: "",
  }));
  const { name } = cluster.state;
  if (name === null) return rows;
  const quorate = hasQuorum(cluster) ? 1 : 0;
  return [{ type: "cluster", id: "cluster", name, nodes: rows.length, version: 1, quorate }, ...rows];
}

async function resources(call: Call): Promise<Json> {
  const type = call.parameters.text("type");
  const wants = (one: string): boolean => type === undefined || type === one;
  return [
    ...(type === undefined ? poolRows(call) : []),
    ...(wants("vm") ? await guestRows(call) : []),
    ...(wants("node") ? await nodeRows(call) : []),
    ...(wants("storage") ? await storageRows(call) : []),
    ...(type === undefined ? networkRows(call) : []),
  ];
}

function poolRows({ cluster, authority }: Call): Json[] {
  return cluster.state.access.pools
    .filter(({ poolid }) => authority.has(`/pool/${poolid}`, "Pool.Audit"))
    .map(({ poolid }) => ({ id: `/pool/${poolid}`, pool: poolid, type: "pool" }));
}

async function guestRows(call: Call): Promise<Json[]> {
  const visible = call.cluster.state.guests
    .filter(({ vmid }) => call.authority.has(`/vms/${String(vmid)}`, "VM.Audit"))
    .sort((a, b) => a.vmid - b.vmid);
  return Promise.all(
    visible.map(async (guest) => ({ ...(await guestRow(call.cluster, guest)), ...guestExtras(call, guest) })),
  );
}

/** Pool, lock, tags and HA's state come from files and not from the statistics. */
function guestExtras({ cluster, authority }: Call, guest: GuestState): { [key: string]: Json } {
  const { keys } = readConfiguration(guest.configuration);
  const pool = cluster.state.access.pools.find(({ vmids }) => vmids.includes(guest.vmid))?.poolid;
  const [lock, tags] = [keys.get("lock"), keys.get("tags")];
  const resource = cluster.state.highAvailability?.find(({ vmid }) => vmid === guest.vmid);
  // Of a service that the manager has not seen yet, what is wanted of it.
  const hastate = resource?.service ?? resource?.options.state;
  return {
    ...(hastate !== undefined && { hastate }),
    ...(pool !== undefined && authority.has(`/pool/${pool}`, "Pool.Audit") && { pool }),
    ...(lock !== undefined && { lock }),
    ...(tags !== undefined && { tags }),
  };
}

async function nodeRows({ cluster, authority }: Call): Promise<Json[]> {
  return Promise.all(cluster.nodes.map((node) => nodeRow(node, authority.has(`/nodes/${node.name}`, "Sys.Audit"))));
}

async function storageRows({ cluster, authority }: Call): Promise<Json[]> {
  const places = cluster.state.storages
    .filter(({ storage }) => authority.has(`/storage/${storage}`, "Datastore.Audit"))
    .flatMap((entry) =>
      cluster.nodes.filter((node) => isEnabledOn(node, entry.storage)).map((node) => ({ node, entry })),
    );
  return Promise.all(places.map(({ node, entry }) => storageRow(node, entry)));
}

function isEnabledOn(node: Node, storage: string): boolean {
  try {
    enabledStorage(node, storage);
    return true;
  } catch {
    return false;
  }
}

function networkRows({ cluster, authority }: Call): Json[] {
  if (!authority.has("/sdn/zones/localnetwork", "SDN.Audit")) return [];
  return cluster.nodes.map(({ name }) => ({
    id: `network/${name}/zone/localnetwork`,
    type: "network",
    "network-type": "zone",
    network: "localnetwork",
    node: name,
    status: "ok",
  }));
}

/** Tags in use are tags that everybody may use, unless the cluster's options say otherwise. */
function options({ cluster, authority }: Call): Json {
  const seesAll = authority.has("/", "Sys.Audit");
  const tags = cluster.state.guests
    .filter(({ vmid }) => authority.has(`/vms/${String(vmid)}`, "VM.Audit"))
    .flatMap((guest) => (readConfiguration(guest.configuration).keys.get("tags") ?? "").split(";"))
    .filter((tag) => tag !== "");
  const allowed = { "allowed-tags": [...new Set(tags)].sort() };
  if (!seesAll) return allowed;
  return { description: "", mac_prefix: "BC:24:11", ...cluster.state.options, ...allowed };
}

const MAY_AUDIT: PermissionRule = { check: { path: "/", privileges: ["Sys.Audit"] } };

const SUBFOLDERS = ["backup", "backup-info", "firewall", "ha", "nextid", "options", "resources", "status", "tasks"];

export const clusterEndpoints: readonly Endpoint[] = [
  indexEndpoint("/cluster", SUBFOLDERS, { key: "name" }),
  {
    method: "GET",
    path: "/cluster/nextid",
    parameters: { vmid: optional(VMID) },
    permissions: { user: "all" },
    handler: nextId,
  },
  { method: "GET", path: "/cluster/status", parameters: {}, permissions: MAY_AUDIT, handler: clusterStatus },
  {
    method: "GET",
    path: "/cluster/resources",
    parameters: { type: { type: "string", enum: ["vm", "storage", "node", "sdn"], optional: true } },
    permissions: { user: "all" },
    handler: resources,
  },
  { method: "GET", path: "/cluster/options", parameters: {}, permissions: { user: "all" }, handler: options },
];
