/**
 * What the dashboards use of Grafana's own builders. The bundle keeps this file and everything behind it packed until somebody asks
 * for a dashboard: each kind of panel brings builders for three generations of Grafana along (`scripts/bundle.cjs`).
 */
export { PanelBuilder as BarGaugePanel } from "@grafana/grafana-foundation-sdk/bargauge";
export {
  BarGaugeDisplayMode,
  BigValueColorMode,
  BigValueGraphMode,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  LineInterpolation,
  TableCellDisplayMode,
  TableSortByFieldStateBuilder,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTextDisplayOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
export {
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  MappingType,
  QueryVariableBuilder,
  RowBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboard";
export type { Dashboard, ValueMapping } from "@grafana/grafana-foundation-sdk/dashboard";
export { DataqueryBuilder, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
export { PanelBuilder as StatPanel } from "@grafana/grafana-foundation-sdk/stat";
export { PanelBuilder as StateTimelinePanel } from "@grafana/grafana-foundation-sdk/statetimeline";
export { PanelBuilder as TablePanel } from "@grafana/grafana-foundation-sdk/table";
export { PanelBuilder as TimeSeriesPanel } from "@grafana/grafana-foundation-sdk/timeseries";
