import {
  type FirewallFile,
  type FirewallRule,
  formatFirewall,
  parseFirewall,
  type RuleGroup,
} from "../../firewall/file";
import type { Call, Endpoint } from "../../calls/endpoint";
import { death, parameterFailure } from "../../protocol/failure";
import type { Parameters } from "../../protocol/parameters";
import { optional } from "../tables";
import { changing, checkDigest, datacenter, given, type Plain, reading, setComment, withDigest } from "./levels";
import { ruleListEndpoints } from "./rules";
import { COMMENT, DIGEST, GROUP } from "./tables";

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

/** Security groups: lists of rules of the datacenter, which rules elsewhere name. */
export function groupEndpoints(): Endpoint[] {
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
