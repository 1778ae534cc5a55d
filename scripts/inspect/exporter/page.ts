import { type Metric, type MetricName, metrics } from "../../../site/monitoring/metrics";
import { groupBy } from "../../machine/group-by";
import type { Sample } from "./sample";

/** What an answer with such a page is. */
export const pageType = "text/plain; version=0.0.4; charset=utf-8";

/**
 * Samples in Prometheus' text format 0.0.4, in the order of the catalogue, and of one metric by their labels. Of two that are the
 * same series the first counts: Prometheus would refuse the whole page.
 *
 * Not by `prom-client`, the usual library: it keeps each series until somebody takes it away, where here a guest that is gone is
 * gone with the next page, and it brings OpenTelemetry along for what takes a few lines.
 */
export function pageOf(samples: readonly Sample[]): string {
  const byName = groupBy(samples, ({ name }) => name);
  return namesOf(metrics)
    .flatMap((name) => {
      const own = byName.get(name);
      return own === undefined
        ? []
        : [`# HELP ${name} ${escapeHelp(metrics[name].help)}`, typeLine(name), ...lines(own)];
    })
    .map((line) => `${line}\n`)
    .join("");
}

function typeLine(name: MetricName): string {
  const { type }: Metric = metrics[name];
  return `# TYPE ${name} ${type}`;
}

function lines(samples: readonly Sample[]): string[] {
  const series = new Map<string, number>();
  for (const { name, labels, value } of samples) {
    const text = `${name}${labelsText(name, labels)}`;
    if (!series.has(text)) series.set(text, value);
  }
  return [...series].sort(([a], [b]) => (a < b ? -1 : 1)).map(([text, value]) => `${text} ${valueText(value)}`);
}

function labelsText(name: MetricName, labels: Sample["labels"]): string {
  const { labels: declared }: Metric = metrics[name];
  const pairs = declared.map((label) => `${label}="${escapeLabel(labels[label] ?? "")}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}

function valueText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? "+Inf" : "-Inf";
}

function namesOf<Name extends string>(catalogue: Readonly<Record<Name, unknown>>): Name[] {
  const isName = (name: string): name is Name => Object.hasOwn(catalogue, name);
  return Object.keys(catalogue).filter(isName);
}
