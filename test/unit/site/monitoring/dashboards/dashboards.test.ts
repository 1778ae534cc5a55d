import { dashboardFiles, dashboards } from "../../../../../site/monitoring/dashboards/files";
import { queriesOf } from "../../../../../site/monitoring/dashboards/queries-of";
import { metrics } from "../../../../../site/monitoring/metrics";
import { labelsOf } from "../../../../support/monitoring/promql-labels";

const variables = { environment: "prod|lab", guest: "web" };
const files = Object.entries(dashboardFiles()).map(([name, text]) => ({ name, content: JSON.parse(text) }));
const queries = files.flatMap(({ name, content }) =>
  queriesOf(content, variables).map((query) => ({ ...query, name: `${name}: ${query.panel} ${query.reference}` })),
);
const panels = dashboards().flatMap(({ uid, panels = [] }) =>
  panels.flatMap((panel) => ("fieldConfig" in panel ? [{ name: `${uid}: ${panel.title}`, panel }] : [])),
);

test("there are these dashboards, under addresses that stay [C4]", () => {
  expect(files.map(({ name, content }) => [name, content.uid])).toEqual([
    ["backup-overview.json", "lifeboat-backup-overview"],
    ["backup-guest.json", "lifeboat-backup-guest"],
    ["state-store.json", "lifeboat-state-store"],
  ]);
});

test.each(queries)("$name asks for metrics and labels of the catalogue alone [C4]", ({ expression, shows }) => {
  const labels = labelsOf(expression, metrics);
  expect(shows.filter((label) => !labels.has(label))).toEqual([]);
});

test.each(panels)("$name says what it shows, in which unit, and what it means when it is empty [C4]", ({ panel }) => {
  expect(panel.description).toMatch(/\.$/);
  expect(panel).toMatchObject({ fieldConfig: { defaults: { unit: expect.any(String), noValue: expect.any(String) } } });
});

test("panels have numbers and places of their own [C4]", () => {
  for (const { panels: all = [] } of dashboards()) {
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    const places = all.map(({ gridPos }) => `${gridPos?.x} ${gridPos?.y}`);
    expect(new Set(places).size).toBe(all.length);
    for (const { gridPos } of all) expect((gridPos?.x ?? 0) + (gridPos?.w ?? 0)).toBeLessThanOrEqual(24);
  }
});

test("a query whose variable has no value is refused [C4]", () => {
  const [file] = files;
  expect(() => queriesOf(file?.content, {})).toThrow("The variable environment has no value");
});
