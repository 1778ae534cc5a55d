import type { LabelOf, MetricName } from "../metrics";
import type { RuleOptions, Seconds } from "./options";
import { Vector } from "./promql";

export type Severity = "critical" | "warning";

/** Something that needs somebody. */
export interface AlertRule {
  readonly kind: "alert";
  readonly name: string;
  readonly severity: Severity;
  readonly when: Vector<string>;
  /** How long it must be so. */
  readonly hold: Seconds;
  /** One line with the names of environment and guest, as a template of Prometheus. */
  readonly summary: string;
  readonly description: string;
}

/** A series of Prometheus' own, which it makes from others. */
export interface RecordingRule {
  readonly kind: "recording";
  readonly name: string;
  readonly from: Vector<string>;
}

export type Rule = AlertRule | RecordingRule;

/** Rules of one subject. */
export type Rules = (options: RuleOptions) => readonly Rule[];

interface AlertArguments<Label extends string> {
  readonly severity: Severity;
  readonly when: Vector<Label>;
  /** Default: none, for what stays true until somebody does something. */
  readonly hold?: Seconds;
  readonly summary: (the: (label: Label) => string) => string;
  readonly description: (the: (label: Label) => string) => string;
}

/** A rule whose texts name no label that its expression does not have. */
export function alert<Label extends string>(name: string, args: AlertArguments<Label>): AlertRule {
  const { severity, when, hold = 0 } = args;
  const the = (label: Label): string => `{{ $labels.${label} }}`;
  return { kind: "alert", name, severity, when, hold, summary: args.summary(the), description: args.description(the) };
}

/** The value of an alert's expression, for people. */
export const value = {
  duration: "{{ $value | humanizeDuration }}",
  share: "{{ $value | humanizePercentage }}",
  moment: "{{ $value | humanizeTimestamp }}",
  number: "{{ $value }}",
} as const;

/**
 * All series of an environment's metric that have this value, by their labels: for an alert of an environment that concerns
 * several guests. Prometheus asks for them when it writes the text.
 */
export function listOf<Name extends MetricName>(
  name: Name,
  is: 0 | 1,
  ...[first, ...more]: readonly [LabelOf<Name>, ...LabelOf<Name>[]]
): string {
  const query = `printf \`${name}{environment=%q} == ${String(is)}\` $labels.environment | query | sortByLabel "${first}"`;
  const entry = [first, ...more].map((label) => `{{ .Labels.${label} }}`).join(" on ");
  return `{{ range $index, $one := ${query} }}{{ if $index }}, {{ end }}{{ with $one }}${entry}{{ end }}{{ end }}`;
}

/** What an environment's counter went up for in the last half an hour, by a label, in one line. */
export function listRising<Name extends MetricName>(name: Name, label: LabelOf<Name>): string {
  const query = `printf \`increase(${name}{environment=%q}[30m]) > 0\` $labels.environment | query | sortByLabel "${label}"`;
  return `{{ range $index, $one := ${query} }}{{ if $index }}, {{ end }}{{ with $one }}{{ .Labels.${label} }}{{ end }}{{ end }}`;
}

/**
 * Those for which no alert of these names is on or about to be: of several alerts about one fault the first is enough. Their
 * rules stand before this one in its group, where Prometheus evaluates one after the other.
 *
 * @param by the labels that both have.
 */
export function unlessAlerting<Label extends string>(
  when: Vector<Label>,
  by: readonly Label[],
  ...names: readonly [string, ...string[]]
): Vector<Label> {
  const matcher = names.length === 1 ? `="${names[0]}"` : `=~"${names.join("|")}"`;
  return when.unless(new Vector(`ALERTS{alertname${matcher}}`, by, true), by);
}
