import * as z from "zod";
import { noneSeen } from "./expressions";

/** A query of a panel, as Grafana would send it. */
export interface PanelQuery {
  readonly panel: string;
  /** Grafana's own name of the query in its panel. */
  readonly reference: string;
  readonly expression: string;
  /** Labels that the panel shows: by the name of a series, or as columns. */
  readonly shows: readonly string[];
  /** The panel says "none seen" when it finds nothing: a healthy site has nothing to show there. */
  readonly mayBeEmpty: boolean;
}

const panelSchema = z.object({
  title: z.string(),
  type: z.string(),
  fieldConfig: z.object({ defaults: z.object({ noValue: z.string().optional() }) }).optional(),
  targets: z.array(z.object({ refId: z.string(), expr: z.string(), legendFormat: z.string().optional() })).default([]),
});

const dashboardSchema = z.object({ panels: z.array(panelSchema) });

/**
 * Every query of a dashboard, with its variables filled in as Grafana does it: `{ environment: "prod|lab" }`. Takes what a file
 * of it has, so that a dashboard is looked at as Grafana sees it.
 *
 * @throws where a variable has no value.
 */
export function queriesOf(dashboard: unknown, variables: Readonly<Record<string, string>>): readonly PanelQuery[] {
  const { panels } = dashboardSchema.parse(dashboard);
  return panels.flatMap(({ title, targets, fieldConfig }) =>
    targets.map(({ refId, expr, legendFormat = "" }) => ({
      panel: title,
      reference: refId,
      expression: fillIn(expr, variables),
      shows: [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].flatMap(([, label]) => label ?? []),
      mayBeEmpty: fieldConfig?.defaults.noValue === noneSeen,
    })),
  );
}

function fillIn(expression: string, variables: Readonly<Record<string, string>>): string {
  return expression.replaceAll(/\$(\w+)/g, (_, name: string) => {
    const value = variables[name];
    if (value === undefined) throw new Error(`The variable ${name} has no value: ${expression}`);
    return value;
  });
}
