/** What high availability manages (PVE::API2::HA::Resources); what it does is in guests/ha-manager.ts. */
import { createHash } from "node:crypto";
import type { Cluster } from "../model/site";
import type { HaResourceEntry } from "../model/state";
import type { Call, Endpoint, PermissionRule } from "../calls/endpoint";
import { death, type Json } from "../protocol/failure";
import type { Parameters, ParameterTable } from "../protocol/parameters";
import { FLAG, optional } from "./tables";

const SID = { type: "string", format: "pve-ha-resource-or-vm-id" } as const;
const TYPE = { type: "string", enum: ["ct", "vm"], optional: true } as const;
const COUNT = { type: "integer", minimum: 0, optional: true } as const;

const OPTIONS: ParameterTable = {
  "auto-rebalance": FLAG,
  comment: { type: "string", maxLength: 4096, optional: true },
  failback: FLAG,
  group: { type: "string", format: "pve-configid", optional: true },
  max_relocate: COUNT,
  max_restart: COUNT,
  state: { type: "string", enum: ["started", "stopped", "enabled", "disabled", "ignored"], optional: true },
};

const NUMBERS = new Set(["auto-rebalance", "failback", "max_relocate", "max_restart"]);

const MAY_AUDIT: PermissionRule = { check: { path: "/", privileges: ["Sys.Audit"] } };
const MAY_MANAGE: PermissionRule = { check: { path: "/", privileges: ["Sys.Console"] } };

function entriesOf(cluster: Cluster): HaResourceEntry[] {
  return cluster.state.highAvailability ?? [];
}

/** A resource by its id, or by the number of its guest. */
function parseSid(cluster: Cluster, sid: string): { readonly type: "ct" | "vm"; readonly vmid: number } {
  const [, type, id] = /^(?:([a-z]+):)?(\d+)$/u.exec(sid) ?? [];
  const vmid = Number(id);
  if (type === undefined) return { type: cluster.guest(vmid)?.type === "qemu" ? "vm" : "ct", vmid };
  if (type !== "ct" && type !== "vm") throw death(`unknown section type '${type}'`);
  return { type, vmid };
}

function sidOf({ type, vmid }: Pick<HaResourceEntry, "type" | "vmid">): string {
  return `${type}:${String(vmid)}`;
}

function find(cluster: Cluster, sid: string): HaResourceEntry | undefined {
  const wanted = sidOf(parseSid(cluster, sid));
  return entriesOf(cluster).find((entry) => sidOf(entry) === wanted);
}

function digestOf(cluster: Cluster): string {
  return createHash("sha1")
    .update(JSON.stringify(entriesOf(cluster)))
    .digest("hex");
}

function answerOf(cluster: Cluster, entry: HaResourceEntry): { [key: string]: Json } {
  const options = Object.entries(entry.options).map(([name, value]): [string, Json] => [
    name,
    NUMBERS.has(name) ? Number(value) : value,
  ]);
  return { sid: sidOf(entry), type: entry.type, ...Object.fromEntries(options), digest: digestOf(cluster) };
}

/** @throws for a group: version 9 has rules instead */
function given(parameters: Parameters): Record<string, string> {
  if (parameters.has("group")) throw death("invalid parameter 'group': ha groups have been migrated to rules");
  const names = Object.keys(OPTIONS).filter((name) => parameters.has(name));
  return Object.fromEntries(names.map((name) => [name, parameters.text(name) ?? ""]));
}

/** What a guest's status says about it: whether it is a resource, and how the manager has it, if it has looked. */
export function managed({ cluster, parameters }: Call): { [key: string]: Json } {
  const vmid = parameters.requiredInteger("vmid");
  const found = entriesOf(cluster).find((entry) => entry.vmid === vmid);
  return found === undefined ? { managed: 0 } : { managed: 1, state: found.service ?? null };
}

function list({ cluster, parameters }: Call): Json {
  const type = parameters.text("type");
  return entriesOf(cluster)
    .filter((entry) => type === undefined || entry.type === type)
    .map((entry) => answerOf(cluster, entry));
}

function read({ cluster, parameters }: Call): Json {
  const sid = parameters.required("sid");
  const entry = find(cluster, sid);
  if (entry === undefined) throw death(`no such resource '${sid}'`);
  return answerOf(cluster, entry);
}

function create({ cluster, parameters }: Call): null {
  const resource = parseSid(cluster, parameters.required("sid"));
  const sid = sidOf(resource);
  const guest = cluster.guest(resource.vmid);
  if (guest === undefined) throw death(`resource '${sid}' does not exist in cluster`);
  const kind = resource.type === "ct" ? "container" : "virtual machine";
  if ((guest.type === "lxc") !== (resource.type === "ct")) {
    throw death(`resource '${sid}' - guest with ID ${String(resource.vmid)} is not a ${kind}`);
  }
  if (find(cluster, sid) !== undefined) {
    throw death(`create resource failed: resource ID '${sid}' already defined`);
  }
  cluster.state.highAvailability = [...entriesOf(cluster), { ...resource, options: given(parameters) }];
  return null;
}

function update({ cluster, parameters }: Call): null {
  const sid = parameters.required("sid");
  const entry = find(cluster, sid);
  if (entry === undefined) throw death(`update resources config failed: no such resource '${sid}'`);
  const digest = parameters.text("digest");
  if (digest !== undefined && digest !== digestOf(cluster)) {
    throw death(
      "update resources config failed: detected modified configuration - file changed by other user? Try again.",
    );
  }
  for (const name of parameters.list("delete")) delete entry.options[name];
  Object.assign(entry.options, given(parameters));
  return null;
}

function remove({ cluster, parameters }: Call): null {
  const sid = parameters.required("sid");
  const entry = find(cluster, sid);
  if (entry === undefined) throw death(`cannot delete service '${sid}', not HA managed!`);
  cluster.state.highAvailability = entriesOf(cluster).filter((other) => other !== entry);
  return null;
}

const PATH = "/cluster/ha/resources";

export const highAvailabilityEndpoints: readonly Endpoint[] = [
  { method: "GET", path: PATH, parameters: { type: TYPE }, permissions: MAY_AUDIT, handler: list },
  {
    method: "POST",
    path: PATH,
    parameters: { sid: SID, type: TYPE, ...OPTIONS },
    permissions: MAY_MANAGE,
    handler: create,
  },
  { method: "GET", path: `${PATH}/{sid}`, parameters: { sid: SID }, permissions: MAY_AUDIT, handler: read },
  {
    method: "PUT",
    path: `${PATH}/{sid}`,
    parameters: {
      sid: SID,
      ...OPTIONS,
      delete: { type: "string", format: "pve-configid-list", maxLength: 4096, optional: true },
      digest: optional({ type: "string", maxLength: 64 }),
    },
    permissions: MAY_MANAGE,
    handler: update,
  },
  {
    method: "DELETE",
    path: `${PATH}/{sid}`,
    parameters: { sid: SID, purge: FLAG },
    permissions: MAY_MANAGE,
    handler: remove,
  },
];
