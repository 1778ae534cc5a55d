/**
 * Replication jobs (PVE::API2::ReplicationConfig). The sandbox replicates nothing: a job is only an entry, which stands in the
 * way of deleting its guest.
 */
import type { Cluster } from "../model/site";
import type { ReplicationEntry } from "../model/state";
import type { Call, Endpoint } from "../calls/endpoint";
import { death, type Json, permissionFailure } from "../protocol/failure";
import { FLAG, NODE, optional } from "./tables";

const ID = { type: "string", pattern: "[1-9][0-9]{2,8}-\\d{1,9}" } as const;

function entriesOf(cluster: Cluster): ReplicationEntry[] {
  return cluster.state.replication ?? [];
}

function guestOf(id: string): number {
  return Number(id.split("-")[0]);
}

function list({ cluster, authority }: Call): Json {
  return entriesOf(cluster)
    .filter(({ id }) => authority.has(`/vms/${String(guestOf(id))}`, "VM.Audit"))
    .map(({ id, options }) => ({
      id,
      type: "local",
      guest: guestOf(id),
      jobnum: Number(id.split("-")[1]),
      ...options,
    }));
}

function create({ cluster, authority, parameters, node }: Call): null {
  const id = parameters.required("id");
  const guest = cluster.guest(guestOf(id));
  if (!authority.has(`/vms/${String(guestOf(id))}`, "VM.Replicate")) throw permissionFailure();
  if (guest === undefined) throw death(`no such guest '${String(guestOf(id))}'`);
  if (entriesOf(cluster).some((entry) => entry.id === id)) {
    throw death(`create replication job failed: replication job '${id}' already exists`);
  }
  const options = Object.fromEntries(parameters.entries("id", "type").map(([name, value]) => [name, value]));
  cluster.state.replication = [
    ...entriesOf(cluster),
    { id, options: { source: guest.node === node.name ? node.name : guest.node, ...options } },
  ];
  return null;
}

/** The job goes when it has removed its copies on the other node; here there are none. */
function remove({ cluster, authority, parameters }: Call): null {
  const id = parameters.required("id");
  if (!authority.has(`/vms/${String(guestOf(id))}`, "VM.Replicate")) throw permissionFailure();
  if (!entriesOf(cluster).some((entry) => entry.id === id)) throw death(`no such replication job '${id}'`);
  cluster.state.replication = entriesOf(cluster).filter((entry) => entry.id !== id);
  return null;
}

const PATH = "/cluster/replication";

export const replicationEndpoints: readonly Endpoint[] = [
  { method: "GET", path: PATH, parameters: {}, permissions: { user: "all" }, handler: list },
  {
    method: "POST",
    path: PATH,
    parameters: {
      id: ID,
      type: { type: "string", enum: ["local"] },
      target: NODE,
      source: optional(NODE),
      schedule: { type: "string", format: "pve-calendar-event", maxLength: 128, optional: true },
      rate: { type: "number", minimum: 1, optional: true },
      comment: { type: "string", maxLength: 4096, optional: true },
      disable: FLAG,
      remove_job: { type: "string", enum: ["local", "full"], optional: true },
    },
    permissions: { user: "all" },
    handler: create,
  },
  {
    method: "DELETE",
    path: `${PATH}/{id}`,
    parameters: { id: ID, force: FLAG, keep: FLAG },
    permissions: { user: "all" },
    handler: remove,
  },
];
