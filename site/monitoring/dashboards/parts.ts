import {
  DataqueryBuilder,
  MappingType,
  PromQueryFormat,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
} from "./foundation-sdk";

/** The data source of every panel: the one that is chosen at the top of the dashboard. */
export const datasource = { type: "prometheus", uid: "${datasource}" };

/** Colours of Grafana's palette, which has each of them for light and for dark pages. `text`: that of the text, no judgement. */
export type Colour = "green" | "orange" | "red" | "blue" | "text";

/** The colour from this value on. */
export interface Step {
  readonly from: number;
  readonly colour: Colour;
}

/** Words that stand for values: `{ 1: { text: "yes" } }`. `Infinity` is a value, too. */
export type Words = Readonly<Record<string, { readonly text: string; readonly colour?: Colour }>>;

/** What every kind of panel says of itself. */
export interface PanelText {
  readonly title: string;
  /** What is shown, and what it means when it is not as it should be: the text behind the "i". */
  readonly description: string;
  /** Columns of 24. */
  readonly width: number;
  /** Rows of 38 pixels. */
  readonly height: number;
  /** Grafana's name of the unit. */
  readonly unit: string;
  /** What stands there when nothing is found: "none" only where nothing can be found but when there is none. */
  readonly empty: string;
  readonly decimals?: number;
}

interface CommonPanel {
  title(text: string): this;
  description(text: string): this;
  span(width: number): this;
  height(height: number): this;
  unit(unit: string): this;
  noValue(text: string): this;
  decimals(decimals: number): this;
  datasource(reference: typeof datasource): this;
}

export function described<Panel extends CommonPanel>(panel: Panel, text: PanelText): Panel {
  panel
    .title(text.title)
    .description(text.description)
    .span(text.width)
    .height(text.height)
    .unit(text.unit)
    .noValue(text.empty)
    .datasource(datasource);
  return text.decimals === undefined ? panel : panel.decimals(text.decimals);
}

/** What lies below the first step has no colour: green is said of what is known to be good. */
export function thresholds(steps: readonly Step[]): ThresholdsConfigBuilder {
  const coloured = steps.map(({ from, colour }) => ({ value: from, color: colour }));
  return new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps([{ value: null, color: "text" satisfies Colour }, ...coloured]);
}

export function mappings(words: Words = {}): ValueMapping[] {
  const options = Object.fromEntries(
    Object.entries(words).map(([value, { text, colour }]) => [value, colour ? { text, color: colour } : { text }]),
  );
  return Object.keys(options).length === 0 ? [] : [{ type: MappingType.ValueToText, options }];
}

/** `A`, `B` and so on: how Grafana tells the queries of a panel apart. */
export function referenceOf(index: number): string {
  return "ABCDEFGHIJKLMNOPQRSTUVWXYZ".charAt(index);
}

/** One value of now for each series. */
export function queryOfNow(query: string, index = 0): DataqueryBuilder {
  return new DataqueryBuilder().refId(referenceOf(index)).datasource(datasource).expr(query).instant();
}

export function queryOverTime(query: string, index: number): DataqueryBuilder {
  return new DataqueryBuilder().refId(referenceOf(index)).datasource(datasource).expr(query).range();
}

/** Rows with the labels as columns, for tables. */
export function rowsOfNow(query: string, index: number): DataqueryBuilder {
  return queryOfNow(query, index).format(PromQueryFormat.Table);
}
