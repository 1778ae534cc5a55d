import {
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
  type Dashboard,
} from "./foundation-sdk";
import { datasource } from "./parts";

/** By this tag the dashboards find one another. */
const tag = "lifeboat";

export interface DashboardText {
  /** Part of its address: never changed, so that links and bookmarks stay true. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly QueryVariableBuilder[];
  /** Panels below each headline, from left to right. */
  readonly rows: readonly { readonly title?: string; readonly panels: readonly PanelOfRow[] }[];
}

type PanelOfRow = Parameters<DashboardBuilder["withPanel"]>[0] & { id(id: number): unknown };

/** A dashboard of a week, read anew each minute. */
export function dashboard(text: DashboardText): Dashboard {
  const builder = new DashboardBuilder(text.title)
    .uid(text.uid)
    .description(text.description)
    .tags([tag])
    .timezone("browser")
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: "now-7d", to: "now" })
    .refresh("1m")
    .readonly()
    .link(linkToOthers())
    .withVariable(new DatasourceVariableBuilder("datasource").label("Data source").type("prometheus"));
  text.variables.forEach((variable) => builder.withVariable(variable));
  // The numbers are part of a panel's own address.
  let id = 0;
  for (const { title, panels } of text.rows) {
    if (title !== undefined) builder.withRow(new RowBuilder(title).id((id += 1)));
    for (const panel of panels) {
      panel.id((id += 1));
      builder.withPanel(panel);
    }
  }
  return builder.build();
}

/** Values of a label, asked for anew when the time changes: a guest that is gone is not offered any more. */
export function labelVariable(name: string, label: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(datasource)
    .query(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc);
}

/** Environments: all of them at first. */
export function environmentsVariable(): QueryVariableBuilder {
  return labelVariable("environment", "Environment", "label_values(lifeboat_environment_up, environment)")
    .multi(true)
    .includeAll(true)
    .current({ selected: true, text: ["All"], value: ["$__all"] });
}

function linkToOthers(): DashboardLinkBuilder {
  return new DashboardLinkBuilder("Backups")
    .type(DashboardLinkType.Dashboards)
    .tags([tag])
    .asDropdown(true)
    .includeVars(true)
    .keepTime(true);
}
