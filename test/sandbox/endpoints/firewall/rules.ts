import { digestOf, type FirewallFile, type FirewallRule, ruleOptions } from "../../firewall/file";
import { preferredMacro } from "../../firewall/protocols";
import { type RulePlace, type RuleScope, verifyRule } from "../../firewall/verify-rule";
import type { Call, Endpoint } from "../../calls/endpoint";
import { death, parameterFailure } from "../../protocol/failure";
import type { Parameters, ParameterTable } from "../../protocol/parameters";
import { changing, checkDigest, given, type Level, type Plain, reading, scopeOf } from "./levels";
import { CHANGED_RULE, DIGEST, NEW_RULE, POSITION } from "./tables";

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

/** Operations on one list of rules: that of the level, or of a security group. */
export function ruleListEndpoints(
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
