import { queriesOf } from "../../../site/monitoring/dashboards/queries-of";

/** Asks a Prometheus, wherever it is: the series that a query finds now. */
export type Ask = (expression: string) => Promise<readonly unknown[]>;

/** The queries of a dashboard that find nothing, as `panel reference: expression`. */
export async function queriesWithoutData(
  dashboard: unknown,
  variables: Readonly<Record<string, string>>,
  ask: Ask,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { panel, reference, expression } of queriesOf(dashboard, variables)) {
    if ((await ask(expression)).length === 0) found.push(`${panel} ${reference}: ${expression}`);
  }
  return found;
}
