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
  parseFirewall,
  type RuleGroup,
  ruleOptions,
} from "../firewall/file";
import { preferredMacro } from "../firewall/protocols";
import { type RulePlace, type RuleScope, verifyRule } from "../firewall/verify-rule";
import type { Call, Endpoint, Method, PermissionRule } from "../calls/endpoint";
import { death, type Json, parameterFailure } from "../protocol/failure";
import { networkOf, withoutHostPrefix } from "../protocol/addresses";
import { ALIAS_REFERENCE } from "../protocol/firewall-formats";
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
  rules: RulePlace;
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
    rules: type === "lxc" ? "ct" : "vm",
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
  rules: "cluster",
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
  rules: "host",
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

/** Parameters of a change that are no options. */
const KEYWORDS = ["digest", "delete"];

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
    const unknown = parameters
      .list("delete")
      .find((name) => !Object.hasOwn(level.options, name) || KEYWORDS.includes(name));
    if (unknown !== undefined) throw parameterFailure({ delete: `no such option '${unknown}'` });
    for (const name of parameters.list("delete")) file.options.delete(name);
    const without = [...KEYWORDS, ...Object.keys(level.place)];
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

type RuleAnswer = { [key: string]: string | number | { [parameter: string]: string } | undefined };

/** A rule that has become wrong, as by a name that is gone, says what is wrong with it. */
function ruleAnswer(rule: FirewallRule, scope: RuleScope): { plain: Plain; errors: { [parameter: string]: string } } {
  const { type, action, enable, options, comment } = rule;
  const { errors, ipversion } = verifyRule(rule, scope);
  const plain = {
    type,
    action,
    enable,
    ...Object.fromEntries(options),
    ...given(comment),
    ...(ipversion !== undefined && { ipversion }),
  };
  return { plain, errors: Object.fromEntries(errors) };
}

/** The digest is made without the position, which only answers have, and without what is wrong. */
function rulesAnswer(rules: readonly FirewallRule[], scope: RuleScope): RuleAnswer[] {
  const answers = rules.map((rule) => ruleAnswer(rule, scope));
  const digest = digestOf(answers.map(({ plain }) => plain));
  return answers.map(({ plain, errors }, pos) => ({
    ...plain,
    ...(Object.keys(errors).length > 0 && { errors }),
    digest,
    pos,
  }));
}

function checkRulesDigest(parameters: Parameters, rules: readonly FirewallRule[], scope: RuleScope): void {
  checkDigest(
    parameters,
    rules.map((rule) => ruleAnswer(rule, scope).plain),
  );
}

function setRuleOptions(rule: FirewallRule, parameters: Parameters): void {
  for (const name of ruleOptions) {
    const value = parameters.text(name);
    if (value === "" || value === "-") rule.options.delete(name);
    else if (value !== undefined) rule.options.set(name, value);
  }
  const comment = parameters.text("comment");
  if (comment === "" || comment === "-") delete rule.comment;
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
    if (!Object.hasOwn(NEW_RULE, name)) throw parameterFailure({ delete: `no such property ('${name}')` });
    if (name === "type" || name === "action") {
      throw parameterFailure({ delete: `unable to delete required property '${name}'` });
    }
    rule.options.delete(name);
    if (name === "comment") delete rule.comment;
    if (name === "enable") rule.enable = 1;
  }
}

/** Refuses a rule for the first thing that is wrong with it, and writes its macro as Proxmox does. */
function takeRule(rule: FirewallRule, scope: RuleScope): void {
  const [first] = verifyRule(rule, scope).errors;
  if (first !== undefined) throw parameterFailure(Object.fromEntries([first]));
  const macro = preferredMacro(rule.options.get("macro") ?? "");
  if (macro !== undefined) rule.options.set("macro", macro);
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

/** Names of the datacenter are known at every level. */
function scopeOf(call: Call, place: RulePlace, file: FirewallFile): RuleScope {
  const datacenterFile = parseFirewall(datacenter.read(call) ?? "");
  return { place, datacenter: datacenterFile, guest: place === "ct" || place === "vm" ? file : undefined };
}

/** Operations on one list of rules: that of the level, or of a security group. */
function ruleListEndpoints(
  level: Level,
  path: string,
  place: ParameterTable,
  rulesOf: (file: FirewallFile, call: Call) => FirewallRule[],
  standing: RulePlace = level.rules,
): Endpoint[] {
  const list = reading(level, (file, call) => rulesAnswer(rulesOf(file, call), scopeOf(call, standing, file)));
  const create = changing(level, (file, call) => {
    const rules = rulesOf(file, call);
    const rule = newRule(call.parameters);
    takeRule(rule, scopeOf(call, standing, file));
    // A new rule goes first, wherever `pos` wants it.
    rules.unshift(rule);
  });
  const read = reading(level, (file, call) => {
    const rules = rulesOf(file, call);
    const { pos } = ruleAt(rules, call.parameters);
    // A single rule's position is the text that was asked for.
    return { ...rulesAnswer(rules, scopeOf(call, standing, file))[pos], pos: String(pos) };
  });
  const update = changing(level, (file, call) => {
    const rules = rulesOf(file, call);
    checkRulesDigest(call.parameters, rules, scopeOf(call, standing, file));
    const { rule, pos } = ruleAt(rules, call.parameters);
    const to = call.parameters.integer("moveto");
    if (to !== undefined && to !== pos) return moveRule(rules, pos, to);
    changeRule(rule, call.parameters);
    return takeRule(rule, scopeOf(call, standing, file));
  });
  const remove = changing(level, (file, call) => {
    const rules = rulesOf(file, call);
    checkRulesDigest(call.parameters, rules, scopeOf(call, standing, file));
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
  return { name, cidr, ...given(comment), ipversion: cidr.includes(":") ? 6 : 4 };
}

function aliasNamed({ aliases }: FirewallFile, name: string): FirewallAlias {
  const alias = aliases.find((entry) => entry.name.toLowerCase() === name.toLowerCase());
  if (alias === undefined) throw parameterFailure({ name: "no such alias" });
  return alias;
}

function changeAlias(file: FirewallFile, { parameters }: Call): void {
  checkDigest(parameters, file.aliases.map(aliasAnswer));
  const name = parameters.required("name");
  const alias = aliasNamed(file, name);
  // It is written as the request writes it.
  alias.name = name;
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
  // One that is not there is gone already.
  const remove = changing(level, (file, { parameters }) => {
    checkDigest(parameters, file.aliases.map(aliasAnswer));
    const name = parameters.required("name").toLowerCase();
    file.aliases = file.aliases.filter((entry) => entry.name.toLowerCase() !== name);
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
  if (entry === undefined) throw parameterFailure({ cidr: "no such IP/Network" });
  return entry;
}

/** `rename` is the set's name until now, `name` the new one. */
function createIpSet(file: FirewallFile, { parameters }: Call): void {
  const name = parameters.required("name");
  const rename = parameters.text("rename");
  const there = file.ipsets.find((set) => set.name === name);
  if (rename !== undefined) {
    checkDigest(parameters, file.ipsets.map(setAnswer));
    const set = file.ipsets.find((other) => other.name === rename);
    if (set === undefined) throw parameterFailure({ name: `IPSet '${rename}' does not exist` });
    if (there !== undefined && there !== set) throw parameterFailure({ name: `IPSet '${name}' does already exist` });
    set.name = name;
    setComment(set, parameters);
    return;
  }
  if (there !== undefined) throw parameterFailure({ name: `IPSet '${name}' already exists` });
  file.ipsets.push({ name, entries: [], ...given(parameters.text("comment")) });
}

function setAnswer({ name, comment }: IpSet): Plain {
  return { name, ...given(comment) };
}

/** An empty comment takes the old one away. */
function setComment(commented: { comment?: string }, parameters: Parameters): void {
  const comment = parameters.text("comment");
  if (comment === "") delete commented.comment;
  else if (comment !== undefined) commented.comment = comment;
}

function removeIpSet(file: FirewallFile, { parameters }: Call): void {
  const set = ipSetNamed(file, parameters);
  if (set.entries.length > 0 && parameters.flag("force") !== true) throw death(`IPSet '${set.name}' is not empty`);
  file.ipsets = file.ipsets.filter((other) => other !== set);
}

function addEntry(level: Level) {
  return (file: FirewallFile, call: Call): void => {
    const { parameters } = call;
    const set = ipSetNamed(file, parameters);
    const sent = parameters.required("cidr");
    const [, place, alias] = ALIAS_REFERENCE.exec(sent) ?? [];
    if (alias !== undefined) checkAlias(scopeOf(call, level.rules, file), place, alias);
    const cidr = alias === undefined ? withoutHostPrefix(networkOf(sent)) : sent;
    if (set.entries.some((entry) => entry.cidr === cidr)) {
      throw parameterFailure({ cidr: `address '${cidr}' already exists` });
    }
    if (/\/0+$/u.test(cidr)) throw parameterFailure({ cidr: "a zero prefix is not allowed in ipset entries" });
    set.entries.push({ cidr, nomatch: parameters.flag("nomatch") ?? false, ...given(parameters.text("comment")) });
  };
}

function checkAlias({ guest, datacenter: common }: RuleScope, place: string | undefined, name: string): void {
  const files = [place === "dc/" ? undefined : guest, place === "guest/" && guest !== undefined ? undefined : common];
  const isNamed = (alias: FirewallAlias): boolean => alias.name.toLowerCase() === name.toLowerCase();
  if (!files.some((file) => file?.aliases.some(isNamed))) throw death(`no such alias '${name}'`);
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
  const cidr = parameters.required("cidr");
  set.entries = set.entries.filter((entry) => entry.cidr !== cidr);
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
  const sets = reading(level, ({ ipsets }) => withDigest(ipsets.map(setAnswer)));
  const entries = reading(level, (file, { parameters }) =>
    withDigest(ipSetNamed(file, parameters).entries.map(entryAnswer)),
  );
  const entry = reading(level, (file, { parameters }) => {
    const set = ipSetNamed(file, parameters);
    return { ...entryAnswer(entryOf(set, parameters)), digest: digestOf(set.entries.map(entryAnswer)) };
  });
  const newSet = { ...named, comment: COMMENT, digest: DIGEST, rename: optional(NAME) };
  return [
    endpoint("GET", "", level.place, sets),
    endpoint("POST", "", newSet, changing(level, createIpSet)),
    endpoint("GET", "/{name}", named, entries),
    endpoint("POST", "/{name}", { ...member, ...details }, changing(level, addEntry(level))),
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

/** `rename` is the group's name until now, `group` the new one; rules that name it follow. */
function createGroup(file: FirewallFile, call: Call): void {
  const { parameters } = call;
  const name = parameters.required("group");
  const rename = parameters.text("rename");
  const there = file.groups.find(({ group }) => group === name);
  if (rename === undefined) {
    if (there !== undefined) throw parameterFailure({ group: `Security group '${name}' already exists` });
    file.groups.push({ group: name, rules: [], ...given(parameters.text("comment")) });
    return;
  }
  checkDigest(parameters, file.groups.map(groupAnswer));
  const found = file.groups.find(({ group }) => group === rename);
  if (found === undefined) throw parameterFailure({ group: `Security group '${rename}' does not exist` });
  if (there !== undefined && there !== found) {
    throw parameterFailure({ group: `Security group '${name}' does already exist` });
  }
  found.group = name;
  setComment(found, parameters);
  renameInRules(file.rules, rename, name);
  for (const other of [...call.cluster.nodes.map((node) => node.state), ...call.cluster.state.guests]) {
    const rules = parseFirewall(other.firewall ?? "");
    renameInRules(rules.rules, rename, name);
    if (other.firewall !== undefined) other.firewall = formatFirewall(rules);
  }
}

function renameInRules(rules: readonly FirewallRule[], from: string, to: string): void {
  for (const rule of rules) if (rule.type === "group" && rule.action === from) rule.action = to;
}

function groupAnswer({ group, comment }: RuleGroup): Plain {
  return { group, ...given(comment) };
}

function removeGroup(file: FirewallFile, { parameters }: Call): void {
  const group = groupNamed(file, parameters);
  if (group.rules.length > 0) throw death(`Security group '${group.group}' is not empty`);
  file.groups = file.groups.filter((other) => other !== group);
}

function groupEndpoints(): Endpoint[] {
  const path = "/cluster/firewall/groups";
  const list = reading(datacenter, ({ groups }) => withDigest(groups.map(groupAnswer)));
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
      "group",
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
