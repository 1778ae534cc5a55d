/**
 * The firewall's trees: of the datacenter, of a node, and of a guest (PVE::API2::Firewall). They share their operations and
 * differ in where the file is, who may change it, and which parts there are.
 */
import {
  digestOf,
  type FirewallAlias,
  type FirewallFile,
  type FirewallRule,
  formatFirewall,
  type IpSet,
  type IpSetEntry,
  ipVersion,
  parseFirewall,
  type RuleGroup,
  ruleOptions,
} from "../firewall/file";
import type { Call, Endpoint, Method, PermissionRule } from "../calls/endpoint";
import { death, type Json, parameterFailure } from "../protocol/failure";
import type { Parameters, ParameterTable } from "../protocol/parameters";
import {
  CHANGED_RULE,
  CIDR,
  CIDR_OR_ALIAS,
  CLUSTER_OPTIONS,
  COMMENT,
  DIGEST,
  GROUP,
  GUEST_OPTIONS,
  NAME,
  NEW_RULE,
  NODE_OPTIONS,
  POSITION,
  REFERENCE_TYPE,
} from "./firewall-tables";
import { FLAG, NODE, optional, VMID } from "./tables";

/** One of the places that have a firewall. */
interface Level {
  /** Path of the tree. */
  path: string;
  /** Parameters of that path. */
  place: ParameterTable;
  options: ParameterTable;
  audit: PermissionRule;
  modify: PermissionRule;
  read: (call: Call) => string | undefined;
  write: (call: Call, text: string) => void;
}

type Plain = { [key: string]: string | number | undefined };

function guestOf({ node, parameters }: Call, type: "lxc" | "qemu") {
  const vmid = parameters.requiredInteger("vmid");
  const guest = node.cluster.guest(vmid);
  if (guest === undefined || guest.node !== node.name || guest.type !== type) {
    const folder = type === "lxc" ? "lxc" : "qemu-server";
    throw death(`Configuration file 'nodes/${node.name}/${folder}/${String(vmid)}.conf' does not exist`);
  }
  return guest;
}

function onGuest(privilege: string): PermissionRule {
  return { check: { path: "/vms/{vmid}", privileges: [privilege] } };
}

function guestLevel(type: "lxc" | "qemu"): Level {
  return {
    path: `/nodes/{node}/${type}/{vmid}/firewall`,
    place: { node: NODE, vmid: VMID },
    options: GUEST_OPTIONS,
    audit: onGuest("VM.Audit"),
    modify: onGuest("VM.Config.Network"),
    read: (call) => guestOf(call, type).firewall,
    write: (call, text) => {
      guestOf(call, type).firewall = text;
    },
  };
}

const datacenter: Level = {
  path: "/cluster/firewall",
  place: {},
  options: CLUSTER_OPTIONS,
  audit: { check: { path: "/", privileges: ["Sys.Audit"] } },
  modify: { check: { path: "/", privileges: ["Sys.Modify"] } },
  read: ({ cluster }) => cluster.state.firewall,
  write: ({ cluster }, text) => {
    cluster.state.firewall = text;
  },
};

const host: Level = {
  path: "/nodes/{node}/firewall",
  place: { node: NODE },
  options: NODE_OPTIONS,
  audit: { check: { path: "/nodes/{node}", privileges: ["Sys.Audit"] } },
  modify: { check: { path: "/nodes/{node}", privileges: ["Sys.Modify"] } },
  read: ({ node }) => node.state.firewall,
  write: ({ node }, text) => {
    node.state.firewall = text;
  },
};

/** Reads the file, changes it, and writes it back. */
function changing(level: Level, change: (file: FirewallFile, call: Call) => void) {
  return (call: Call): null => {
    const file = parseFirewall(level.read(call) ?? "");
    change(file, call);
    level.write(call, formatFirewall(file));
    return null;
  };
}

function reading(level: Level, read: (file: FirewallFile, call: Call) => Json) {
  return (call: Call): Json => read(parseFirewall(level.read(call) ?? ""), call);
}

function checkDigest(parameters: Parameters, entries: readonly Plain[]): void {
  const sent = parameters.text("digest");
  if (sent !== undefined && sent !== digestOf(entries)) {
    throw death("detected modified configuration - file changed by other user? Try again.");
  }
}

/** Every entry with the digest of them all. */
function withDigest(entries: readonly Plain[]): Plain[] {
  const digest = digestOf(entries);
  return entries.map((entry) => ({ ...entry, digest }));
}

function given(comment: string | undefined): { comment?: string } {
  return comment === undefined || comment === "" ? {} : { comment };
}

// Options

function optionsAnswer({ options }: FirewallFile, table: ParameterTable): Plain {
  return Object.fromEntries(
    [...options].map(([name, value]) => [name, table[name]?.type === "string" ? value : Number(value)]),
  );
}

function optionEndpoints(level: Level): Endpoint[] {
  const path = `${level.path}/options`;
  const read = reading(level, (file) => {
    const answer = optionsAnswer(file, level.options);
    return { ...answer, digest: digestOf([answer]) };
  });
  const change = changing(level, (file, { parameters }) => {
    checkDigest(parameters, [optionsAnswer(file, level.options)]);
    for (const name of parameters.list("delete")) file.options.delete(name);
    const without = ["digest", "delete", ...Object.keys(level.place)];
    for (const [name, value] of parameters.entries(...without)) file.options.set(name, value);
  });
  return [
    { method: "GET", path, parameters: level.place, permissions: level.audit, handler: read },
    {
      method: "PUT",
      path,
      parameters: { ...level.place, ...level.options },
      permissions: level.modify,
      handler: change,
    },
  ];
}

// Rules

function ruleAnswer({ type, action, enable, options, comment }: FirewallRule): Plain {
  const version = ipVersion(options.get("source"), options.get("dest"), options.get("proto"));
  return {
    type,
    action,
    enable,
    ...Object.fromEntries(options),
    ...given(comment),
    ...(version !== undefined && { ipversion: version }),
  };
}

/** The digest is made without the position, which only answers have. */
function rulesAnswer(rules: readonly FirewallRule[]): Plain[] {
  return withDigest(rules.map((rule) => ruleAnswer(rule))).map((rule, pos) => ({ ...rule, pos }));
}

function setRuleOptions(rule: FirewallRule, parameters: Parameters): void {
  for (const name of ruleOptions) {
    const value = parameters.text(name);
    if (value === "") rule.options.delete(name);
    else if (value !== undefined) rule.options.set(name, value);
  }
  const comment = parameters.text("comment");
  if (comment === "") delete rule.comment;
  else if (comment !== undefined) rule.comment = comment;
}

function newRule(parameters: Parameters): FirewallRule {
  const type = parameters.required("type");
  const rule: FirewallRule = {
    type: type === "in" || type === "out" || type === "forward" ? type : "group",
    action: parameters.required("action"),
    enable: parameters.integer("enable") ?? 0,
    options: new Map(),
  };
  setRuleOptions(rule, parameters);
  return rule;
}

function changeRule(rule: FirewallRule, parameters: Parameters): void {
  setRuleOptions(rule, parameters);
  rule.enable = parameters.integer("enable") ?? rule.enable;
  rule.action = parameters.text("action") ?? rule.action;
  const type = parameters.text("type");
  if (type === "in" || type === "out" || type === "forward" || type === "group") rule.type = type;
  for (const name of parameters.list("delete")) {
    rule.options.delete(name);
    if (name === "comment") delete rule.comment;
  }
}

/** What Proxmox checks of a rule as a whole (verify_rule). */
function verifyRule({ type, action, options }: FirewallRule, groups: readonly RuleGroup[]): void {
  const errors: Record<string, string> = {};
  if (type === "group") {
    if (!groups.some(({ group }) => group === action)) errors["action"] = `security group '${action}' does not exist`;
  } else if (!/^(?:ACCEPT|DROP|REJECT)$/iu.test(action)) {
    errors["action"] = `unknown action '${action}'`;
  }
  for (const port of ["dport", "sport"]) {
    if (options.has(port) && !options.has("proto") && !options.has("macro")) {
      errors["proto"] = `missing property - '${port}' requires this property`;
    }
  }
  if (Object.keys(errors).length > 0) throw parameterFailure(errors);
}

function ruleAt(rules: readonly FirewallRule[], parameters: Parameters): { rule: FirewallRule; pos: number } {
  const pos = parameters.integer("pos") ?? 0;
  const rule = rules[pos];
  if (rule === undefined) throw death(`no rule at position ${String(pos)}`);
  return { rule, pos };
}

function moveRule(rules: FirewallRule[], from: number, to: number): void {
  const [rule] = rules.splice(from, 1);
  // `to` counts before the rule is taken out.
  if (rule !== undefined) rules.splice(to > from ? to - 1 : to, 0, rule);
}

/** Security groups are the datacenter's, whatever the level. */
function groupsOf(call: Call): RuleGroup[] {
  return parseFirewall(datacenter.read(call) ?? "").groups;
}

/** Operations on one list of rules: that of the level, or of a security group. */
function ruleListEndpoints(
  level: Level,
  path: string,
  place: ParameterTable,
  rulesOf: (file: FirewallFile, call: Call) => FirewallRule[],
): Endpoint[] {
  const list = reading(level, (file, call) => rulesAnswer(rulesOf(file, call)));
  const create = changing(level, (file, call) => {
    const rules = rulesOf(file, call);
    checkDigest(call.parameters, rules.map(ruleAnswer));
    const rule = newRule(call.parameters);
    verifyRule(rule, groupsOf(call));
    // A new rule goes first, wherever `pos` wants it.
    rules.unshift(rule);
  });
  const read = reading(level, (file, call) => {
    const rules = rulesOf(file, call);
    const { pos } = ruleAt(rules, call.parameters);
    // A single rule's position is the text that was asked for.
    return { ...rulesAnswer(rules)[pos], pos: String(pos) };
  });
  const update = changing(level, (file, call) => {
    const rules = rulesOf(file, call);
    checkDigest(call.parameters, rules.map(ruleAnswer));
    const { rule, pos } = ruleAt(rules, call.parameters);
    const to = call.parameters.integer("moveto");
    if (to !== undefined && to !== pos) return moveRule(rules, pos, to);
    changeRule(rule, call.parameters);
    return verifyRule(rule, groupsOf(call));
  });
  const remove = changing(level, (file, call) => {
    const rules = rulesOf(file, call);
    checkDigest(call.parameters, rules.map(ruleAnswer));
    rules.splice(ruleAt(rules, call.parameters).pos, 1);
  });
  const one = path.endsWith("}") ? `${path}/{pos}` : `${path}/rules/{pos}`;
  const all = path.endsWith("}") ? path : `${path}/rules`;
  return [
    { method: "GET", path: all, parameters: place, permissions: level.audit, handler: list },
    { method: "POST", path: all, parameters: { ...place, ...NEW_RULE }, permissions: level.modify, handler: create },
    { method: "GET", path: one, parameters: { ...place, pos: POSITION }, permissions: level.audit, handler: read },
    { method: "PUT", path: one, parameters: { ...place, ...CHANGED_RULE }, permissions: level.modify, handler: update },
    {
      method: "DELETE",
      path: one,
      parameters: { ...place, pos: POSITION, digest: DIGEST },
      permissions: level.modify,
      handler: remove,
    },
  ];
}

// Aliases

function aliasAnswer({ name, cidr, comment }: FirewallAlias): Plain {
  return { name, cidr, ...given(comment), ipversion: ipVersion(cidr) };
}

function aliasNamed({ aliases }: FirewallFile, name: string): FirewallAlias {
  const alias = aliases.find((entry) => entry.name.toLowerCase() === name.toLowerCase());
  if (alias === undefined) throw parameterFailure({ name: "no such alias" });
  return alias;
}

function changeAlias(file: FirewallFile, { parameters }: Call): void {
  const alias = aliasNamed(file, parameters.required("name"));
  checkDigest(parameters, [aliasAnswer(alias)]);
  alias.cidr = parameters.required("cidr");
  const comment = parameters.text("comment");
  if (comment === undefined || comment === "") delete alias.comment;
  else alias.comment = comment;
  const rename = parameters.text("rename");
  if (rename === undefined || rename.toLowerCase() === alias.name.toLowerCase()) return;
  if (file.aliases.some(({ name }) => name.toLowerCase() === rename.toLowerCase())) {
    throw parameterFailure({ name: `alias '${rename}' already exists` });
  }
  alias.name = rename;
}

function aliasEndpoints(level: Level): Endpoint[] {
  const path = `${level.path}/aliases`;
  const named = { ...level.place, name: NAME };
  const create = changing(level, ({ aliases }, { parameters }) => {
    const name = parameters.required("name");
    if (aliases.some((entry) => entry.name.toLowerCase() === name.toLowerCase())) {
      throw parameterFailure({ name: `alias '${name}' already exists` });
    }
    aliases.push({ name, cidr: parameters.required("cidr"), ...given(parameters.text("comment")) });
  });
  const remove = changing(level, (file, { parameters }) => {
    const alias = aliasNamed(file, parameters.required("name"));
    checkDigest(parameters, [aliasAnswer(alias)]);
    file.aliases = file.aliases.filter((entry) => entry !== alias);
  });
  const list = reading(level, ({ aliases }) => withDigest(aliases.map(aliasAnswer)));
  const read = reading(level, (file, { parameters }) => aliasAnswer(aliasNamed(file, parameters.required("name"))));
  const changed = { ...named, cidr: CIDR, comment: COMMENT, digest: DIGEST, rename: optional(NAME) };
  return [
    { method: "GET", path, parameters: level.place, permissions: level.audit, handler: list },
    {
      method: "POST",
      path,
      parameters: { ...named, cidr: CIDR, comment: COMMENT },
      permissions: level.modify,
      handler: create,
    },
    { method: "GET", path: `${path}/{name}`, parameters: named, permissions: level.audit, handler: read },
    {
      method: "PUT",
      path: `${path}/{name}`,
      parameters: changed,
      permissions: level.modify,
      handler: changing(level, changeAlias),
    },
    {
      method: "DELETE",
      path: `${path}/{name}`,
      parameters: { ...named, digest: DIGEST },
      permissions: level.modify,
      handler: remove,
    },
  ];
}

// IP sets

function ipSetNamed({ ipsets }: FirewallFile, parameters: Parameters): IpSet {
  const name = parameters.required("name");
  const set = ipsets.find((entry) => entry.name === name);
  if (set === undefined) throw death(`no such IPSet '${name}'`);
  return set;
}

function entryAnswer({ cidr, nomatch, comment }: IpSetEntry): Plain {
  return { cidr, ...(nomatch && { nomatch: 1 }), ...given(comment) };
}

function entryOf(set: IpSet, parameters: Parameters): IpSetEntry {
  const cidr = parameters.required("cidr");
  const entry = set.entries.find((candidate) => candidate.cidr === cidr);
  if (entry === undefined) throw parameterFailure({ cidr: "no such IP/Network/Alias" });
  return entry;
}

function createIpSet(file: FirewallFile, { parameters }: Call): void {
  const name = parameters.required("name");
  const rename = parameters.text("rename");
  if (rename !== undefined) {
    const set = ipSetNamed(file, parameters);
    if (rename !== name && file.ipsets.some((other) => other.name === rename)) {
      throw parameterFailure({ name: `IPSet '${rename}' already exists` });
    }
    set.name = rename;
    Object.assign(set, given(parameters.text("comment")));
    return;
  }
  if (file.ipsets.some((set) => set.name === name)) {
    throw parameterFailure({ name: `IPSet '${name}' already exists` });
  }
  file.ipsets.push({ name, entries: [], ...given(parameters.text("comment")) });
}

function removeIpSet(file: FirewallFile, { parameters }: Call): void {
  const set = ipSetNamed(file, parameters);
  if (set.entries.length > 0 && parameters.flag("force") !== true) throw death(`IPSet '${set.name}' is not empty`);
  file.ipsets = file.ipsets.filter((other) => other !== set);
}

function addEntry(file: FirewallFile, { parameters }: Call): void {
  const set = ipSetNamed(file, parameters);
  const cidr = parameters.required("cidr");
  if (set.entries.some((entry) => entry.cidr === cidr)) {
    throw parameterFailure({ cidr: `address '${cidr}' already exists` });
  }
  set.entries.push({ cidr, nomatch: parameters.flag("nomatch") ?? false, ...given(parameters.text("comment")) });
}

function changeEntry(file: FirewallFile, { parameters }: Call): void {
  const set = ipSetNamed(file, parameters);
  checkDigest(parameters, set.entries.map(entryAnswer));
  const entry = entryOf(set, parameters);
  entry.nomatch = parameters.flag("nomatch") ?? false;
  delete entry.comment;
  Object.assign(entry, given(parameters.text("comment")));
}

function removeEntry(file: FirewallFile, { parameters }: Call): void {
  const set = ipSetNamed(file, parameters);
  checkDigest(parameters, set.entries.map(entryAnswer));
  const entry = entryOf(set, parameters);
  set.entries = set.entries.filter((other) => other !== entry);
}

function ipSetEndpoints(level: Level): Endpoint[] {
  const path = `${level.path}/ipset`;
  const named = { ...level.place, name: NAME };
  const member = { ...named, cidr: CIDR_OR_ALIAS };
  const details = { comment: COMMENT, nomatch: FLAG };
  const endpoint = (
    method: Method,
    at: string,
    parameters: ParameterTable,
    handler: (call: Call) => Json,
  ): Endpoint => ({
    method,
    path: `${path}${at}`,
    parameters,
    permissions: method === "GET" ? level.audit : level.modify,
    handler,
  });
  const sets = reading(level, ({ ipsets }) =>
    withDigest(ipsets.map(({ name, comment }) => ({ name, ...given(comment) }))),
  );
  const entries = reading(level, (file, { parameters }) =>
    withDigest(ipSetNamed(file, parameters).entries.map(entryAnswer)),
  );
  const entry = reading(level, (file, { parameters }) =>
    entryAnswer(entryOf(ipSetNamed(file, parameters), parameters)),
  );
  const newSet = { ...named, comment: COMMENT, digest: DIGEST, rename: optional(NAME) };
  return [
    endpoint("GET", "", level.place, sets),
    endpoint("POST", "", newSet, changing(level, createIpSet)),
    endpoint("GET", "/{name}", named, entries),
    endpoint("POST", "/{name}", { ...member, ...details }, changing(level, addEntry)),
    endpoint("DELETE", "/{name}", { ...named, force: FLAG }, changing(level, removeIpSet)),
    endpoint("GET", "/{name}/{cidr}", member, entry),
    endpoint("PUT", "/{name}/{cidr}", { ...member, ...details, digest: DIGEST }, changing(level, changeEntry)),
    endpoint("DELETE", "/{name}/{cidr}", { ...member, digest: DIGEST }, changing(level, removeEntry)),
  ];
}

// What rules can name

function referenceEndpoint(level: Level): Endpoint {
  const refs = (call: Call): Json => {
    const type = call.parameters.text("type");
    const scopes =
      level === datacenter
        ? ([["dc", level]] as const)
        : ([
            ["dc", datacenter],
            ["guest", level],
          ] as const);
    return scopes.flatMap(([scope, place]) => {
      const { aliases, ipsets } = parseFirewall(place.read(call) ?? "");
      return [
        ...(type === "ipset"
          ? []
          : aliases.map(({ name, comment }) => ({
              type: "alias",
              name,
              scope,
              ref: `${scope}/${name}`,
              ...given(comment),
            }))),
        ...(type === "alias"
          ? []
          : ipsets.map(({ name, comment }) => ({
              type: "ipset",
              name,
              scope,
              ref: `+${scope}/${name}`,
              ...given(comment),
            }))),
      ];
    });
  };
  return {
    method: "GET",
    path: `${level.path}/refs`,
    parameters: { ...level.place, type: REFERENCE_TYPE },
    permissions: level.audit,
    handler: refs,
  };
}

// Security groups

function groupNamed({ groups }: FirewallFile, parameters: Parameters): RuleGroup {
  const name = parameters.required("group");
  const group = groups.find((entry) => entry.group === name);
  if (group === undefined) throw death(`no such security group '${name}'`);
  return group;
}

function createGroup(file: FirewallFile, { parameters }: Call): void {
  const name = parameters.required("group");
  const rename = parameters.text("rename");
  const found = file.groups.find(({ group }) => group === name);
  if (rename !== undefined) {
    if (found === undefined) throw parameterFailure({ group: `Security group '${name}' does not exist` });
    if (rename !== name && file.groups.some(({ group }) => group === rename)) {
      throw parameterFailure({ group: `Security group '${rename}' already exists` });
    }
    found.group = rename;
    Object.assign(found, given(parameters.text("comment")));
    return;
  }
  if (found !== undefined) throw parameterFailure({ group: `Security group '${name}' already exists` });
  file.groups.push({ group: name, rules: [], ...given(parameters.text("comment")) });
}

function removeGroup(file: FirewallFile, { parameters }: Call): void {
  const group = groupNamed(file, parameters);
  if (group.rules.length > 0) throw death(`Security group '${group.group}' is not empty`);
  file.groups = file.groups.filter((other) => other !== group);
}

function groupEndpoints(): Endpoint[] {
  const path = "/cluster/firewall/groups";
  const list = reading(datacenter, ({ groups }) =>
    withDigest(groups.map(({ group, comment }) => ({ group, ...given(comment) }))),
  );
  return [
    { method: "GET", path, parameters: {}, permissions: { user: "all" }, handler: list },
    {
      method: "POST",
      path,
      parameters: { group: GROUP, comment: COMMENT, digest: DIGEST, rename: optional(GROUP) },
      permissions: datacenter.modify,
      handler: changing(datacenter, createGroup),
    },
    {
      method: "DELETE",
      path: `${path}/{group}`,
      parameters: { group: GROUP },
      permissions: datacenter.modify,
      handler: changing(datacenter, removeGroup),
    },
    ...ruleListEndpoints(
      datacenter,
      `${path}/{group}`,
      { group: GROUP },
      (file, { parameters }) => groupNamed(file, parameters).rules,
    ),
  ];
}

function levelEndpoints(level: Level): Endpoint[] {
  return [...optionEndpoints(level), ...ruleListEndpoints(level, level.path, level.place, ({ rules }) => rules)];
}

/** Levels with names of their own: a node has neither aliases nor sets. */
function namedEndpoints(level: Level): Endpoint[] {
  return [...aliasEndpoints(level), ...ipSetEndpoints(level), referenceEndpoint(level)];
}

export const firewallEndpoints: readonly Endpoint[] = [
  ...[datacenter, host, guestLevel("lxc"), guestLevel("qemu")].flatMap(levelEndpoints),
  ...[datacenter, guestLevel("lxc"), guestLevel("qemu")].flatMap(namedEndpoints),
  ...groupEndpoints(),
];
