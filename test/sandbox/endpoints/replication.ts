/**
 * Replication jobs (PVE::API2::ReplicationConfig). The sandbox replicates nothing: a job is only an entry, which stands in the
 * way of deleting its guest.
 */
import { createHash } from "node:crypto";
import { nextStart, parseCalendarEvent } from "../../../proxmox/rules/calendar-events";
import { Answer, type Call, type Endpoint } from "../calls/endpoint";
import { readConfiguration } from "../guests/configuration";
import { mountsOf } from "../guests/containers/mount-points";
import { driveKeys, driveVolume, readDrive } from "../guests/machines/drives";
import { parseVolume } from "../guests/storages";
import { ownerOf } from "../guests/volumes";
import type { Cluster, Node } from "../model/site";
import type { GuestState, ReplicationEntry } from "../model/state";
import { isSharedStorage } from "../model/storage-types";
import { death, failureText, type Json, parameterFailure, permissionFailure } from "../protocol/failure";
import type { ParameterTable } from "../protocol/parameters";
import { FLAG, NODE, optional, VMID } from "./tables";

const ID = { type: "string", pattern: "[1-9][0-9]{2,8}-\\d{1,9}" } as const;

function entriesOf(cluster: Cluster): ReplicationEntry[] {
  const entries = cluster.state.replication ?? [];
  if (cluster.site.settings.statistics) for (const entry of entries) followGuest(cluster, entry);
  return entries;
}

/** A guest that somebody has moved where its copies were has them where it was from then on, as the scheduler's next round finds out. */
function followGuest(cluster: Cluster, { id, options }: ReplicationEntry): void {
  const home = cluster.guest(guestOf(id))?.node;
  const { source } = options;
  if (home === undefined || source === undefined || home === source) return;
  if (options.target === home) options.target = source;
  options.source = home;
}

function guestOf(id: string): number {
  return Number(id.split("-")[0]);
}

function digestOf(cluster: Cluster): string {
  return createHash("sha1")
    .update(JSON.stringify(entriesOf(cluster)))
    .digest("hex");
}

function answerOf({ id, options }: ReplicationEntry): { [key: string]: Json } {
  const shown = Object.entries(options).map(([name, value]): [string, Json] => [
    name,
    NUMBERS.has(name) ? Number(value) : value,
  ]);
  return { id, type: "local", guest: guestOf(id), jobnum: Number(id.split("-")[1]), ...Object.fromEntries(shown) };
}

const NUMBERS = new Set(["disable", "rate"]);

function list({ cluster, authority }: Call): Json {
  return entriesOf(cluster)
    .filter(({ id }) => authority.has(`/vms/${String(guestOf(id))}`, "VM.Audit"))
    .sort((one, two) => (one.id < two.id ? -1 : 1))
    .map(answerOf);
}

function existing(cluster: Cluster, id: string, what = "replication job"): ReplicationEntry {
  const entry = entriesOf(cluster).find((one) => one.id === id);
  if (entry === undefined) throw death(`no such ${what} '${id}'`);
  return entry;
}

function read({ cluster, authority, parameters }: Call): Json {
  const entry = existing(cluster, parameters.required("id"));
  authority.check(`/vms/${String(guestOf(entry.id))}`, "VM.Audit");
  return { ...answerOf(entry), digest: digestOf(cluster) };
}

function create({ cluster, authority, parameters }: Call): null {
  const id = parameters.required("id");
  const vmid = guestOf(id);
  const target = parameters.required("target");
  const source = parameters.text("source");
  authority.check(`/vms/${String(vmid)}`, "VM.Replicate");
  const guest = cluster.guest(vmid);
  if (guest === undefined) throw death(`Guest '${String(vmid)}' does not exist.`);
  if (cluster.node(target) === undefined) throw death(`Target '${target}' does not exist.`);
  if (source !== undefined && source !== guest.node) {
    throw death(`Source '${source}' does not match current node of guest '${String(vmid)}' (${guest.node})`);
  }
  if (target === guest.node) throw death("Source and target must not be identical");
  if (replicatedVolumes(cluster, guest).length === 0) throw death("No replicatable volumes found");
  if (entriesOf(cluster).some((entry) => entry.id === id)) throw death(`replication job '${id}' already exists`);
  if (entriesOf(cluster).some((entry) => guestOf(entry.id) === vmid && entry.options.target === target)) {
    throw death(`replication job for guest '${String(vmid)}' to target '${target}' already exists`);
  }
  const options = Object.fromEntries(parameters.entries("id", "type").map(([name, value]) => [name, value]));
  cluster.state.replication = [...entriesOf(cluster), { id, options: { source: guest.node, ...options } }];
  return null;
}

/**
 * What a job would copy. Proxmox copies volumes of ZFS alone and refuses a job over others; the sandbox, which copies nothing, takes
 * them, since a site of folders could have no job at all.
 * @throws for a mount point that is no volume and not taken out of it
 */
function replicatedVolumes(cluster: Cluster, guest: GuestState): string[] {
  const { keys } = readConfiguration(guest.configuration);
  const volumes = guest.type === "lxc" ? containerVolumes(keys) : machineVolumes(keys);
  return volumes.flatMap(({ volume, isReplicated }) => {
    const { storage } = parseVolume(cluster, volume);
    if (isSharedStorage(storage.type, storage.options) || ownerOf(volume) !== guest.vmid || !isReplicated) return [];
    return [volume];
  });
}

interface Candidate {
  volume: string;
  isReplicated: boolean;
}

function containerVolumes(keys: ReadonlyMap<string, string>): Candidate[] {
  return mountsOf(keys).flatMap(({ kind, volume, properties }) => {
    const isReplicated = properties.get("replicate") !== "0";
    if (kind === "volume") return [{ volume, isReplicated }];
    if (isReplicated) throw death(`unable to replicate mountpoint type '${kind}'`);
    return [];
  });
}

function machineVolumes(keys: ReadonlyMap<string, string>): Candidate[] {
  return driveKeys(keys).flatMap((key) => {
    const drive = readDrive(key, keys.get(key) ?? "");
    const volume = driveVolume(drive);
    return volume === undefined ? [] : [{ volume, isReplicated: drive.options.get("replicate") !== "0" }];
  });
}

/** What a job may have besides where it copies to, which stays. */
const CHANGEABLE = ["comment", "disable", "rate", "remove_job", "schedule", "source"];

function update({ cluster, authority, parameters }: Call): null {
  const id = parameters.required("id");
  authority.check(`/vms/${String(guestOf(id))}`, "VM.Replicate");
  const digest = parameters.text("digest");
  if (digest !== undefined && digest !== "" && digest !== digestOf(cluster)) {
    throw death("detected modified configuration - file changed by other user? Try again.");
  }
  const entry = existing(cluster, id, "job");
  const removed = parameters.list("delete");
  const sent = Object.fromEntries(parameters.entries("id", "digest", "delete"));
  for (const name of removed) {
    if (name === "target") throw death("unable to delete required option 'target'");
    if (!CHANGEABLE.includes(name)) throw death(`no such option '${name}'`);
  }
  const merged = { ...entry.options, ...sent };
  entry.options = Object.fromEntries(Object.entries(merged).filter(([name]) => !removed.includes(name)));
  return null;
}

/**
 * The job is only marked: the next run of its node's scheduler removes the copies, and then the job. Here there are no copies, so
 * that the daemon has done that at once.
 */
function remove({ cluster, authority, parameters, site }: Call): null {
  const id = parameters.required("id");
  authority.check(`/vms/${String(guestOf(id))}`, "VM.Replicate");
  const force = parameters.flag("force") ?? false;
  const keep = parameters.flag("keep") ?? false;
  if (force && keep) throw death(failureText(parameterFailure({ keep: "conflicts with parameter 'force'" })));
  if (!force) existing(cluster, id, "job").options.remove_job = keep ? "local" : "full";
  if (!force && !site.settings.statistics) return null;
  cluster.state.replication = entriesOf(cluster).filter((entry) => entry.id !== id);
  return null;
}

/** Jobs whose guest is on the node, as its scheduler has them. */
function statuses({ cluster, node, authority, parameters }: Call): Json {
  const vmid = parameters.integer("guest");
  return entriesOf(cluster)
    .filter(({ id }) => cluster.guest(guestOf(id))?.node === node.name)
    .filter(({ id }) => vmid === undefined || guestOf(id) === vmid)
    .filter(({ id }) => authority.has(`/vms/${String(guestOf(id))}`, "VM.Audit"))
    .map((entry) => statusOf(cluster, node, entry));
}

/** None has run here: the next is counted from the beginning of time, as Proxmox does it. */
function statusOf(cluster: Cluster, node: Node, entry: ReplicationEntry): { [key: string]: Json } {
  const { schedule = "*/15", remove_job: removal } = entry.options;
  const next = removal === undefined ? (nextStart(parseCalendarEvent(schedule), 0, node.timeZone) ?? 0) : 1;
  const vmtype = cluster.guest(guestOf(entry.id))?.type ?? "lxc";
  return { ...answerOf(entry), vmtype, next_sync: next, last_sync: 0, last_try: 0, fail_count: 0 };
}

function status({ cluster, node, authority, parameters }: Call): Json {
  const entry = existing(cluster, parameters.required("id"));
  if (cluster.guest(guestOf(entry.id))?.node !== node.name) throw death(`no such replication job '${entry.id}'`);
  authority.check(`/vms/${String(guestOf(entry.id))}`, "VM.Audit");
  return statusOf(cluster, node, entry);
}

/** Of a job that has never run there is one line. */
function log({ cluster, node, authority, parameters }: Call): Answer {
  const { id } = existing(cluster, parameters.required("id"));
  const mayRead =
    authority.has(`/vms/${String(guestOf(id))}`, "VM.Audit") || authority.has(`/nodes/${node.name}`, "Sys.Audit");
  if (!mayRead) throw permissionFailure();
  return new Answer([{ n: 1, t: "no content" }], { total: 1 });
}

function runNow({ cluster, authority, parameters }: Call): null {
  const id = parameters.required("id");
  authority.check(`/vms/${String(guestOf(id))}`, "VM.Replicate");
  existing(cluster, id);
  return null;
}

const PATH = "/cluster/replication";
const NODE_PATH = "/nodes/{node}/replication";

const OPTIONS: ParameterTable = {
  comment: { type: "string", maxLength: 4096, optional: true },
  disable: FLAG,
  rate: { type: "number", minimum: 1, optional: true },
  remove_job: { type: "string", enum: ["local", "full"], optional: true },
  schedule: { type: "string", format: "pve-calendar-event", maxLength: 128, optional: true },
  source: optional(NODE),
};

export const replicationEndpoints: readonly Endpoint[] = [
  { method: "GET", path: PATH, parameters: {}, permissions: { user: "all" }, handler: list },
  {
    method: "POST",
    path: PATH,
    parameters: {
      id: ID,
      type: { type: "string", enum: ["local"] },
      target: NODE,
      ...OPTIONS,
    },
    permissions: { user: "all" },
    handler: create,
  },
  { method: "GET", path: `${PATH}/{id}`, parameters: { id: ID }, permissions: { user: "all" }, handler: read },
  {
    method: "PUT",
    path: `${PATH}/{id}`,
    parameters: {
      id: ID,
      ...OPTIONS,
      delete: { type: "string", format: "pve-configid-list", maxLength: 4096, optional: true },
      digest: optional({ type: "string", maxLength: 64 }),
    },
    permissions: { user: "all" },
    handler: update,
  },
  {
    method: "GET",
    path: NODE_PATH,
    parameters: { node: NODE, guest: optional(VMID) },
    permissions: { user: "all" },
    handler: statuses,
  },
  {
    method: "GET",
    path: `${NODE_PATH}/{id}`,
    parameters: { node: NODE, id: ID },
    permissions: { user: "all" },
    handler: () => ["schedule_now", "log", "status"].map((name) => ({ name })),
  },
  {
    method: "GET",
    path: `${NODE_PATH}/{id}/status`,
    parameters: { node: NODE, id: ID },
    permissions: { user: "all" },
    handler: status,
  },
  {
    method: "GET",
    path: `${NODE_PATH}/{id}/log`,
    parameters: {
      node: NODE,
      id: ID,
      start: { type: "integer", minimum: 0, optional: true },
      limit: { type: "integer", minimum: 0, optional: true },
    },
    permissions: { user: "all" },
    handler: log,
  },
  {
    method: "POST",
    path: `${NODE_PATH}/{id}/schedule_now`,
    parameters: { node: NODE, id: ID },
    permissions: { user: "all" },
    handler: runNow,
  },
  {
    method: "DELETE",
    path: `${PATH}/{id}`,
    parameters: { id: ID, force: FLAG, keep: FLAG },
    permissions: { user: "all" },
    handler: remove,
  },
];
