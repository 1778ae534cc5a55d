import type { metrics } from "../../../site/monitoring/metrics";

/** A page of metrics as Prometheus reads it: values by name and labels. */
export class MetricsPage {
  private readonly series = new Map<string, number>();

  constructor(readonly text: string) {
    for (const line of text.split("\n").filter((one) => one !== "" && !one.startsWith("#"))) {
      const [, name = "", value = ""] = /^(\S.*) (\S+)$/u.exec(line) ?? [];
      if (this.series.has(name)) throw new Error(`twice on the page: ${name}`);
      this.series.set(name, Number(value));
    }
  }

  /** Value of a series whose labels include these; undefined where there is none, and an error where there are several. */
  value(name: keyof typeof metrics, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const found = this.of(name, labels);
    if (found.length > 1) throw new Error(`several series: ${found.map(([text]) => text).join(" ")}`);
    return found[0]?.[1];
  }

  /** Series of a metric whose labels include these, with their values. */
  of(name: keyof typeof metrics, labels: Readonly<Record<string, string>> = {}): [series: string, value: number][] {
    const wanted = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
    return [...this.series].filter(
      ([text]) => (text === name || text.startsWith(`${name}{`)) && wanted.every((pair) => text.includes(pair)),
    );
  }

  /** Every name on the page. */
  names(): string[] {
    return [...new Set([...this.series.keys()].map((text) => text.split("{", 1)[0] ?? ""))];
  }
}
