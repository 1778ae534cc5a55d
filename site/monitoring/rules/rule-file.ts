import { stringify } from "yaml";
import { backupRules } from "./backups";
import { coverageRules } from "./coverage";
import { dataRules } from "./data";
import { exporterRules } from "./exporter";
import { prometheusDuration } from "../prometheus-duration";
import { ruleDefaults, type RuleOptions } from "./options";
import type { AlertRule, Rule, Rules } from "./rule";
import { stateRules } from "./states";
import { storageRules } from "./storages";

/** Prometheus evaluates the rules of a group one after the other. */
const subjects: Readonly<Record<string, Rules>> = {
  "lifeboat-exporter": exporterRules,
  "lifeboat-backups": backupRules,
  "lifeboat-data": dataRules,
  "lifeboat-coverage": coverageRules,
  "lifeboat-storages": storageRules,
  "lifeboat-states": stateRules,
};

export interface RuleFileArguments {
  /** C5: without it there are no rules at all. */
  readonly backupAlerting: boolean;
  readonly options?: Partial<RuleOptions>;
}

/** Rule files for Prometheus 2.42 and later, by their names. */
export function ruleFiles({ backupAlerting, options }: RuleFileArguments): Readonly<Record<string, string>> {
  if (!backupAlerting) return {};
  return { "lifeboat.rules.yml": ruleFile({ ...ruleDefaults, ...options }) };
}

/** Every alert there is, some from several rules. */
export function alertNames(options: RuleOptions = ruleDefaults): string[] {
  const rules = Object.values(subjects).flatMap((subject) => subject(options));
  return [...new Set(rules.flatMap((rule) => (rule.kind === "alert" ? [rule.name] : [])))];
}

function ruleFile(options: RuleOptions): string {
  const groups = Object.entries(subjects).map(([name, rules]) => ({
    name,
    interval: prometheusDuration(options.evaluateEvery),
    rules: rules(options).map((rule) => entry(rule, options)),
  }));
  return `# Written by Lifeboat, which writes it anew: changes do not stay.\n${stringify({ groups }, { lineWidth: 0 })}`;
}

function entry(rule: Rule, options: RuleOptions): Readonly<Record<string, unknown>> {
  if (rule.kind === "recording") return { record: rule.name, expr: rule.from.promql };
  const { name, severity, when, hold, summary, description } = rule;
  const { keepFiring } = options;
  return {
    alert: name,
    expr: when.promql,
    ...(hold === 0 ? {} : { for: prometheusDuration(hold) }),
    ...(keepFiring === 0 ? {} : { keep_firing_for: prometheusDuration(keepFiring) }),
    labels: { severity },
    annotations: { summary, description, runbook_url: runbookOf(rule, options) },
  };
}

function runbookOf({ name }: AlertRule, { runbooks }: RuleOptions): string {
  const folder = runbooks === "" || runbooks.endsWith("/") ? runbooks : `${runbooks}/`;
  return `${folder}docs/runbooks/alerts/${name}.md`;
}
