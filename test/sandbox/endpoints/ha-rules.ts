/** On which nodes HA may have guests, and together with which (PVE::API2::HA::Rules). Version 9 has them instead of groups. */
import { createHash } from "node:crypto";
import type { Cluster } from "../model/site";
import type { HaRuleEntry } from "../model/state";
import type { Call, Endpoint, PermissionRule } from "../calls/endpoint";
import { death, type Json, parameterFailure } from "../protocol/failure";
import type { Parameters, ParameterTable } from "../protocol/parameters";
import { FLAG, optional } from "./tables";

const MAY_AUDIT: PermissionRule = { check: { path: "/", privileges: ["Sys.Audit"] } };
const MAY_MANAGE: PermissionRule = { check: { path: "/", privileges: ["Sys.Console"] } };

const RULE = { type: "string", format: "pve-configid" } as const;
const TYPE = { type: "string", enum: ["node-affinity", "resource-affinity"] } as const;
const NODES = { type: "string", format: "pve-ha-node-list", optional: true } as const;
const RESOURCES = { type: "string", format: "pve-ha-resource-id-list" } as const;

const OPTIONS: ParameterTable = {
  affinity: { type: "string", enum: ["positive", "negative"], optional: true },
  comment: { type: "string", maxLength: 4096, optional: true },
  disable: FLAG,
  nodes: NODES,
  strict: FLAG,
};

const FLAGS = new Set(["disable", "strict"]);

/** What only one type of rule has. */
const OWN: Record<HaRuleEntry["type"], readonly string[]> = {
  "node-affinity": ["nodes", "strict"],
  "resource-affinity": ["affinity"],
};

function rulesOf(cluster: Cluster): HaRuleEntry[] {
  return cluster.state.haRules ?? [];
}

function digestOf(cluster: Cluster): string {
  return createHash("sha1")
    .update(JSON.stringify(rulesOf(cluster)))
    .digest("hex");
}

function answerOf(cluster: Cluster, { rule, type, options }: HaRuleEntry): { [key: string]: Json } {
  const shown = Object.entries(options).map(([name, value]): [string, Json] => [
    name,
    FLAGS.has(name) ? Number(value) : value,
  ]);
  return { rule, type, ...Object.fromEntries(shown), digest: digestOf(cluster) };
}

function typeIn(parameters: Parameters): HaRuleEntry["type"] {
  return parameters.required("type") === "node-affinity" ? "node-affinity" : "resource-affinity";
}

/** @throws for an option of the other type */
function given(parameters: Parameters, type: HaRuleEntry["type"]): Record<string, string> {
  const other = type === "node-affinity" ? "resource-affinity" : "node-affinity";
  const wrong = OWN[other].find((name) => parameters.has(name));
  if (wrong !== undefined) throw parameterFailure({ [wrong]: `unexpected property '${wrong}'` });
  const names = ["resources", ...Object.keys(OPTIONS)].filter((name) => parameters.has(name));
  return Object.fromEntries(names.map((name) => [name, parameters.text(name) ?? ""]));
}

function list({ cluster, parameters }: Call): Json {
  const [type, resource] = [parameters.text("type"), parameters.text("resource")];
  return rulesOf(cluster)
    .filter((rule) => type === undefined || rule.type === type)
    .filter(({ options }) => resource === undefined || (options.resources ?? "").split(",").includes(resource))
    .map((rule) => answerOf(cluster, rule));
}

function find({ cluster, parameters }: Call): HaRuleEntry {
  const wanted = parameters.required("rule");
  const found = rulesOf(cluster).find(({ rule }) => rule === wanted);
  if (found === undefined) throw death(`no such ha rule '${wanted}'`);
  return found;
}

function create({ cluster, parameters }: Call): null {
  const rule = parameters.required("rule");
  const type = typeIn(parameters);
  if (rulesOf(cluster).some((one) => one.rule === rule)) throw death(`HA rule '${rule}' already exists`);
  cluster.state.haRules = [...rulesOf(cluster), { rule, type, options: given(parameters, type) }];
  return null;
}

function update(call: Call): null {
  const { cluster, parameters } = call;
  const entry = find(call);
  const digest = parameters.text("digest");
  if (digest !== undefined && digest !== digestOf(cluster)) {
    throw death("detected modified configuration - file changed by other user? Try again.");
  }
  const options = given(parameters, entry.type);
  for (const name of parameters.list("delete")) delete entry.options[name];
  Object.assign(entry.options, options);
  return null;
}

function remove(call: Call): null {
  const entry = find(call);
  call.cluster.state.haRules = rulesOf(call.cluster).filter((other) => other !== entry);
  return null;
}

/** Once they are rules, Proxmox answers every question about groups so. */
function migrated(what: string): () => never {
  return () => {
    throw death(`cannot ${what}: ha groups have been migrated to rules`);
  };
}

const PATH = "/cluster/ha/rules";
const GROUPS = "/cluster/ha/groups";
const GROUP = { type: "string", format: "pve-configid" } as const;

const groupEndpoints: readonly Endpoint[] = [
  { method: "GET", path: GROUPS, parameters: {}, permissions: MAY_AUDIT, handler: migrated("index groups") },
  {
    method: "POST",
    path: GROUPS,
    parameters: {
      group: GROUP,
      nodes: { type: "string", format: "pve-ha-node-list" },
      comment: { type: "string", maxLength: 4096, optional: true },
      nofailback: FLAG,
      restricted: FLAG,
      type: { type: "string", enum: ["group"], optional: true },
    },
    permissions: MAY_MANAGE,
    handler: migrated("create group"),
  },
  {
    method: "GET",
    path: `${GROUPS}/{group}`,
    parameters: { group: GROUP },
    permissions: MAY_AUDIT,
    handler: migrated("read group"),
  },
];

export const haRuleEndpoints: readonly Endpoint[] = [
  {
    method: "GET",
    path: PATH,
    parameters: { type: { ...TYPE, optional: true }, resource: optional({ type: "string" }) },
    permissions: MAY_AUDIT,
    handler: list,
  },
  {
    method: "POST",
    path: PATH,
    parameters: { rule: RULE, type: TYPE, resources: RESOURCES, ...OPTIONS },
    permissions: MAY_MANAGE,
    handler: create,
  },
  {
    method: "GET",
    path: `${PATH}/{rule}`,
    parameters: { rule: RULE },
    permissions: MAY_AUDIT,
    handler: (call) => answerOf(call.cluster, find(call)),
  },
  {
    method: "PUT",
    path: `${PATH}/{rule}`,
    parameters: {
      rule: RULE,
      type: TYPE,
      resources: { ...RESOURCES, optional: true },
      ...OPTIONS,
      delete: { type: "string", format: "pve-configid-list", maxLength: 4096, optional: true },
      digest: optional({ type: "string", maxLength: 64 }),
    },
    permissions: MAY_MANAGE,
    handler: update,
  },
  {
    method: "DELETE",
    path: `${PATH}/{rule}`,
    parameters: { rule: RULE },
    permissions: MAY_MANAGE,
    handler: remove,
  },
  ...groupEndpoints,
];
