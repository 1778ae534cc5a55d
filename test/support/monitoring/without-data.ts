import { type PanelQuery, queriesOf } from "../../../site/monitoring/dashboards/queries-of";

/** Asks a Prometheus, wherever it is: the series that a query finds now. */
export type Ask = (expression: string) => Promise<readonly unknown[]>;

/**
 * The queries of a dashboard that find nothing, as `panel reference: expression`; those of panels that may be empty are left out
 * where the site is well.
 */
export async function queriesWithoutData(
  dashboard: unknown,
  variables: Readonly<Record<string, string>>,
  ask: Ask,
  { isWell = false } = {},
): Promise<readonly string[]> {
  const found: string[] = [];
  const mayBeSilent = (query: PanelQuery) => isWell && query.mayBeEmpty;
  for (const query of queriesOf(dashboard, variables).filter((query) => !mayBeSilent(query))) {
    if ((await ask(query.expression)).length === 0) {
      found.push(`${query.panel} ${query.reference}: ${query.expression}`);
    }
  }
  return found;
}
