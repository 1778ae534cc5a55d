/** What high availability manages (PVE::API2::HA::Resources); what it does is in guests/ha-manager.ts. */
import { createHash } from "node:crypto";
import type { Cluster } from "../model/site";
import type { HaResourceEntry } from "../model/state";
import type { Call, Endpoint, PermissionRule } from "../calls/endpoint";
import { death, type Json } from "../protocol/failure";
import type { Parameters, ParameterTable } from "../protocol/parameters";
import {
  checkServiceState,
  haType,
  insertResource,
  managedGuest,
  removeResource,
  type Resource,
  resourceOf,
  sidOf,
} from "../guests/ha-resources";
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

/** A resource by its id, or by the number of its guest (PVE::HA::Config::parse_sid). @throws for a number that no guest has */
function parseSid(cluster: Cluster, sid: string): string {
  if (!/^\d+$/u.test(sid)) return sid;
  const guest = cluster.guest(Number(sid));
  if (guest === undefined) throw death(`unable to detect SID from VMID - VM/CT ${sid} does not exist`);
  return sidOf({ type: haType(guest.type), vmid: guest.vmid });
}

/** The guest that a resource's id names. @throws for a type that HA does not manage, and for what is no number of a guest */
function parseGuest(sid: string): Resource {
  const [, type = "", name = ""] = /^(\S+):(\S+)$/u.exec(sid) ?? [];
  if (type !== "ct" && type !== "vm") throw death(`unknown section type '${type}'`);
  if (!/^[1-9]\d+$/u.test(name)) throw death("invalid VMID");
  return { type, vmid: Number(name) };
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
  const found = managedGuest(cluster, parameters.requiredInteger("vmid"));
  return found === undefined ? { managed: 0 } : { managed: 1, state: found.service ?? null };
}

function list({ cluster, parameters }: Call): Json {
  const type = parameters.text("type");
  return entriesOf(cluster)
    .filter((entry) => type === undefined || entry.type === type)
    .map((entry) => answerOf(cluster, entry));
}

function read({ cluster, parameters }: Call): Json {
  const sid = parseSid(cluster, parameters.required("sid"));
  return answerOf(cluster, existing(cluster, sid));
}

/** @throws `no such resource '…'` */
function existing(cluster: Cluster, sid: string): HaResourceEntry {
  const entry = resourceOf(cluster, sid);
  if (entry === undefined) throw death(`no such resource '${sid}'`);
  return entry;
}

const KINDS = { ct: "a container", vm: "a VM" } as const;

function create({ cluster, parameters }: Call): null {
  const sid = parseSid(cluster, parameters.required("sid"));
  const type = parameters.text("type");
  if (type !== undefined && !sid.startsWith(`${type}:`)) throw death("types does not match");
  const options = given(parameters);
  const resource = parseGuest(sid);
  const guest = cluster.guest(resource.vmid);
  if (guest === undefined) throw death(`resource '${sid}' does not exist in cluster`);
  if (haType(guest.type) !== resource.type) {
    throw death(`resource '${sid}' - guest with ID ${String(resource.vmid)} is not ${KINDS[resource.type]}`);
  }
  if (resourceOf(cluster, sid) !== undefined) {
    throw death(`create resource failed: resource ID '${sid}' already defined`);
  }
  insertResource(cluster, { ...resource, options });
  return null;
}

function update({ cluster, parameters }: Call): null {
  const sid = parseSid(cluster, parameters.required("sid"));
  const options = given(parameters);
  const found = resourceOf(cluster, sid);
  if (found !== undefined) checkServiceState(found, options.state);
  const failed = "update resources config failed:";
  const digest = parameters.text("digest");
  if (digest !== undefined && digest !== "" && digest !== digestOf(cluster)) {
    throw death(`${failed} detected modified configuration - file changed by other user? Try again.`);
  }
  if (found === undefined) throw death(`${failed} no such resource '${sid}'`);
  const removed = parameters.list("delete");
  const unknown = removed.find((name) => OPTIONS[name] === undefined);
  if (unknown !== undefined) throw death(`${failed} no such option '${unknown}'`);
  // Proxmox deletes what it has just set, too.
  const kept = Object.entries({ ...found.options, ...options }).filter(([name]) => !removed.includes(name));
  found.options = Object.fromEntries(kept);
  return null;
}

function remove({ cluster, parameters }: Call): null {
  const sid = parseSid(cluster, parameters.required("sid"));
  if (resourceOf(cluster, sid) === undefined) throw death(`cannot delete service '${sid}', not HA managed!`);
  removeResource(cluster, sid, parameters.flag("purge") ?? true);
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
