import * as z from "zod";
import { queriesOf } from "../../../site/monitoring/dashboards/queries-of";
import type { GuestPrometheus } from "./guest-prometheus";

/** A query of a panel, with its variables filled in. */
interface LiveQuery {
  /** `backup-overview: Half done A` */
  readonly name: string;
  readonly expression: string;
}

const dashboardSchema = z.object({
  templating: z.object({
    list: z.array(z.object({ type: z.string(), name: z.string(), multi: z.boolean(), query: z.string() })),
  }),
});

/**
 * The dashboards as they are installed, on the Prometheus that they are made for: what each of their queries finds, with the
 * variables that this Prometheus offers itself.
 */
export class LiveDashboards {
  private readonly silent = new Map<string, LiveQuery>();
  private asked = 0;

  /** @param preferred which of a variable's values is looked at, where one at a time is chosen */
  constructor(
    private readonly prometheus: GuestPrometheus,
    private readonly preferred: Readonly<Record<string, string>>,
  ) {}

  /** How many queries there are. */
  get count(): number {
    return this.asked;
  }

  /** Names of the queries that have found nothing yet, sorted. */
  get withoutData(): string[] {
    return [...this.silent.keys()].sort();
  }

  /**
   * Asks every query of a dashboard.
   *
   * @throws Error where it has a query that would not be asked, or a variable that cannot be filled in
   */
  async add(name: string, text: string): Promise<void> {
    const content: unknown = JSON.parse(text);
    const queries = queriesOf(content, await this.variablesOf(content)).map(({ panel, reference, expression }) => ({
      name: `${name}: ${panel} ${reference}`,
      expression,
    }));
    // Those of annotations, and of panels within a folded row, would be some more.
    const written = text.match(/"expr":/gu)?.length;
    if (written !== queries.length) throw new Error(`${name} has queries that are no panel's: ${String(written)}`);
    const counts = await this.prometheus.count(queries.map(({ expression }) => expression));
    queries.filter((_, index) => counts[index] === 0).forEach((query) => this.silent.set(query.name, query));
    this.asked += queries.length;
  }

  /** Asks those again that found nothing. @returns names of those that do now, sorted; they are not asked any more */
  async newlyFound(): Promise<string[]> {
    const queries = [...this.silent.values()];
    const counts = await this.prometheus.count(queries.map(({ expression }) => expression));
    const names = queries.filter((_, index) => counts[index] !== 0).map(({ name }) => name);
    for (const name of names) this.silent.delete(name);
    return names.sort();
  }

  /** As Grafana asks for their values: one after the other, since the later ones depend on those before. */
  private async variablesOf(content: unknown): Promise<Record<string, string>> {
    const chosen: Record<string, string> = {};
    for (const { type, name, multi, query } of dashboardSchema.parse(content).templating.list) {
      if (type === "datasource") continue;
      const filled = query.replaceAll(/\$(\w+)/gu, (_, other: string) => chosen[other] ?? "");
      const [, selector, label] = /^label_values\((.+), (\w+)\)$/u.exec(filled) ?? [];
      if (selector === undefined || label === undefined) throw new Error(`Nobody knows how to ask for ${query}`);
      const values = await this.prometheus.labelValues(selector, label);
      const one = values.find((value) => value === this.preferred[name]);
      const value = multi ? values.join("|") : one;
      if (value === undefined || value === "") throw new Error(`${query} offers ${values.join() || "nothing"}`);
      chosen[name] = value;
    }
    return chosen;
  }
}
