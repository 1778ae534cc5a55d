/** On which nodes HA may have guests, and together with which (PVE::API2::HA::Rules). Version 9 has them instead of groups. */
import { createHash } from "node:crypto";
import type { Cluster } from "../model/site";
import type { HaRuleEntry } from "../model/state";
import type { Call, Endpoint, PermissionRule } from "../calls/endpoint";
import { checkFeasibility, placesOf, type RuleErrors } from "../guests/ha-feasibility";
import { resourceOf, resourcesOf } from "../guests/ha-resources";
import { death, failureText, type Json, ProxmoxFailure } from "../protocol/failure";
import { type Parameters, type ParameterTable, splitList } from "../protocol/parameters";
import { FLAG, optional } from "./tables";

const MAY_AUDIT: PermissionRule = { check: { path: "/", privileges: ["Sys.Audit"] } };
const MAY_MANAGE: PermissionRule = { check: { path: "/", privileges: ["Sys.Console"] } };

const RULE = { type: "string", format: "pve-configid" } as const;
const TYPE = { type: "string", enum: ["node-affinity", "resource-affinity"] } as const;
const NODES = { type: "string", format: "pve-ha-node-list", optional: true } as const;
const RESOURCES = { type: "string", format: "pve-ha-resource-id-list" } as const;

const COMMENT = { type: "string", maxLength: 4096, optional: true } as const;

/** What every change of such an entry may have besides. */
const CHANGE: ParameterTable = {
  delete: { type: "string", format: "pve-configid-list", maxLength: 4096, optional: true },
  digest: optional({ type: "string", maxLength: 64 }),
};

const OPTIONS: ParameterTable = {
  affinity: { type: "string", enum: ["positive", "negative"], optional: true },
  comment: COMMENT,
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

function answerOf(cluster: Cluster, entry: HaRuleEntry, errors: RuleErrors): { [key: string]: Json } {
  const { rule, type, options } = entry;
  const shown = Object.entries(options).map(([name, value]): [string, Json] => [
    name,
    FLAGS.has(name) ? Number(value) : value,
  ]);
  const wrong = errors.get(rule);
  return {
    rule,
    type,
    ...Object.fromEntries(shown),
    order: rulesOf(cluster).indexOf(entry) + 1,
    digest: digestOf(cluster),
    ...(wrong !== undefined && { errors: { resources: [...wrong] } }),
  };
}

function typeIn(parameters: Parameters): HaRuleEntry["type"] {
  return parameters.required("type") === "node-affinity" ? "node-affinity" : "resource-affinity";
}

/** The options as they are kept: lists in order, a switch that is off not at all. @throws for an option of the other type */
function given(parameters: Parameters, type: HaRuleEntry["type"]): Record<string, string> {
  const other = type === "node-affinity" ? "resource-affinity" : "node-affinity";
  const wrong = OWN[other].find((name) => parameters.has(name));
  if (wrong !== undefined) throw death(`unexpected property '${wrong}'`);
  const names = ["resources", ...Object.keys(OPTIONS)].filter((name) => parameters.has(name));
  const sent = names.map((name): [string, string] => [name, parameters.text(name) ?? ""]);
  return Object.fromEntries(
    sent
      .filter(([name, value]) => name !== "disable" || value === "1")
      .map(([name, value]) => [name, kept(name, value)]),
  );
}

function kept(name: string, value: string): string {
  if (name === "resources") return [...new Set(splitList(value))].sort().join(",");
  if (name !== "nodes") return value;
  const nodes = new Map(splitList(value).map((text) => [text.split(":")[0] ?? "", text.replace(/:0*$/u, "")]));
  return [...nodes]
    .sort(([one], [two]) => (one < two ? -1 : 1))
    .map(([, text]) => text)
    .join(",");
}

/** @throws for resources that HA does not manage, and for nodes that the cluster has not */
function checkNames(cluster: Cluster, options: Readonly<Record<string, string>>): void {
  const named: HaRuleEntry = { rule: "", type: "node-affinity", options: { ...options } };
  if (options.resources !== undefined) {
    const resources = resourcesOf(named);
    if (resources.length === 0) throw death("no resources were specified");
    const unmanaged = resources.filter((sid) => resourceOf(cluster, sid) === undefined);
    if (unmanaged.length > 0) throw death(`cannot use unmanaged resource(s) ${unmanaged.join(", ")}.`);
  }
  if (options.nodes === undefined) return;
  const nodes = placesOf(named).map(({ node }) => node);
  if (nodes.length === 0) throw death("no nodes were specified");
  const missing = nodes.filter((node) => cluster.node(node) === undefined);
  if (missing.length > 0) throw death(`cannot use non-existent node(s) ${missing.join(", ")}.`);
}

/** @throws for a rule that contradicts others, which Proxmox tells in full; the lock takes the status from it */
function checkRule(cluster: Cluster, rules: readonly HaRuleEntry[], rule: string): void {
  const wrong = checkFeasibility(cluster, rules).get(rule);
  if (wrong === undefined) return;
  throw new ProxmoxFailure(400, `Rule '${rule}' is invalid.`, { resources: wrong.join(", ") });
}

/** What fails under the lock of HA's files comes back as text (PVE::HA::Config::lock_ha_domain). */
function underHaLock(what: string, work: () => void): null {
  try {
    work();
  } catch (failure) {
    throw death(`${what}: ${failureText(failure)}`);
  }
  return null;
}

function list({ cluster, parameters }: Call): Json {
  const [type, resource] = [parameters.text("type"), parameters.text("resource")];
  const errors = checkFeasibility(cluster, rulesOf(cluster));
  return rulesOf(cluster)
    .filter((rule) => type === undefined || rule.type === type)
    .filter((rule) => resource === undefined || resourcesOf(rule).includes(resource))
    .map((rule) => answerOf(cluster, rule, errors));
}

function read({ cluster, parameters }: Call): Json {
  const wanted = parameters.required("rule");
  const found = rulesOf(cluster).find(({ rule }) => rule === wanted);
  if (found === undefined) throw death(`no such ha rule '${wanted}'`);
  return answerOf(cluster, found, checkFeasibility(cluster, rulesOf(cluster)));
}

function create({ cluster, parameters }: Call): null {
  const rule = parameters.required("rule");
  const type = typeIn(parameters);
  const options = given(parameters, type);
  const needed = type === "node-affinity" ? "nodes" : "affinity";
  if (options[needed] === undefined) throw death(`missing value for required option '${needed}'`);
  return underHaLock("create ha rule failed", () => {
    if (rulesOf(cluster).some((one) => one.rule === rule)) throw death(`HA rule '${rule}' already defined`);
    checkNames(cluster, options);
    const rules = [...rulesOf(cluster), { rule, type, options }];
    checkRule(cluster, rules, rule);
    cluster.state.haRules = rules;
  });
}

function update({ cluster, parameters }: Call): null {
  const wanted = parameters.required("rule");
  const removed = parameters.list("delete");
  return underHaLock("update HA rules failed", () => {
    const digest = parameters.text("digest");
    if (digest !== undefined && digest !== "" && digest !== digestOf(cluster)) {
      throw death("detected modified configuration - file changed by other user? Try again.");
    }
    const entry = rulesOf(cluster).find(({ rule }) => rule === wanted);
    if (entry === undefined) throw death(`HA rule '${wanted}' does not exist`);
    // The type may be named, and never changed.
    if (typeIn(parameters) !== entry.type) throw death("unexpected property 'type'");
    const options = given(parameters, entry.type);
    checkNames(cluster, options);
    checkRemovals(entry.type, options, removed);
    const old = Object.entries(entry.options).filter(([name]) => !removed.includes(name));
    const changed = { rule: wanted, type: entry.type, options: { ...Object.fromEntries(old), ...options } };
    const rules = rulesOf(cluster).map((one) => (one === entry ? changed : one));
    checkRule(cluster, rules, wanted);
    cluster.state.haRules = rules;
  });
}

function checkRemovals(
  type: HaRuleEntry["type"],
  options: Readonly<Record<string, string>>,
  removed: readonly string[],
): void {
  const needed = ["resources", type === "node-affinity" ? "nodes" : "affinity"];
  const known = [...needed, "comment", "disable", ...OWN[type]];
  for (const name of removed) {
    if (!known.includes(name)) throw death(`no such option '${name}'`);
    if (needed.includes(name)) throw death(`unable to delete required option '${name}'`);
    if (options[name] !== undefined) throw death(`cannot set and delete property '${name}' at the same time!`);
  }
}

/** One that is not there is no error. */
function remove({ cluster, parameters }: Call): null {
  const wanted = parameters.required("rule");
  cluster.state.haRules = rulesOf(cluster).filter(({ rule }) => rule !== wanted);
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
      comment: COMMENT,
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
  {
    method: "PUT",
    path: `${GROUPS}/{group}`,
    parameters: {
      group: GROUP,
      nodes: NODES,
      comment: COMMENT,
      nofailback: FLAG,
      restricted: FLAG,
      ...CHANGE,
    },
    permissions: MAY_MANAGE,
    handler: migrated("update group"),
  },
  {
    method: "DELETE",
    path: `${GROUPS}/{group}`,
    parameters: { group: GROUP },
    permissions: MAY_MANAGE,
    handler: migrated("delete group"),
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
    handler: read,
  },
  {
    method: "PUT",
    path: `${PATH}/{rule}`,
    parameters: {
      rule: RULE,
      type: TYPE,
      resources: { ...RESOURCES, optional: true },
      ...OPTIONS,
      ...CHANGE,
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
