import { TableCellDisplayMode, TablePanel, TableSortByFieldStateBuilder } from "./foundation-sdk";
import {
  described,
  mappings,
  referenceOf,
  rowsOfNow,
  thresholds,
  type PanelText,
  type Step,
  type Words,
} from "./parts";

/** A label of all queries of the table: one column, and part of what tells the rows apart. */
export interface LabelColumn {
  readonly label: string;
  readonly title: string;
  /** Where a click leads. */
  readonly link?: { readonly title: string; readonly url: string };
  readonly pixels?: number;
  /** What stands in the cell of a row that has no such label. */
  readonly empty?: string;
}

/** Pixels below which no column gets narrower: Grafana's own 150 push the last ones out of a table. */
const leastWidth = 90;

/** A number of one query. */
export interface ValueColumn {
  readonly title: string;
  readonly query: string;
  readonly unit: string;
  readonly decimals?: number;
  /** What stands in the cell of a row that the query knows nothing of. */
  readonly empty?: string;
  readonly words?: Words;
  /** Colours of the cell. */
  readonly steps?: readonly Step[];
  readonly pixels?: number;
  /** It only tells which rows there are. */
  readonly hidden?: boolean;
}

export interface TableText extends PanelText {
  readonly labels: readonly LabelColumn[];
  readonly values: readonly ValueColumn[];
  /** Title of the column by which rows are sorted at first; the largest come first. */
  readonly sortBy?: string;
}

/** Rows of now: those of all queries whose labels are the same are one. */
export function table(panel: TableText): TablePanel {
  const built = described(new TablePanel(), panel).withTransformation({ id: "merge", options: {} });
  built.withTransformation({ id: "organize", options: organized(panel) });
  panel.values.forEach(({ query }, index) => built.withTarget(rowsOfNow(query, index)));
  for (const { title, link, pixels, empty } of panel.labels) {
    built.overrideByName(title, [
      ...(empty === undefined ? [] : [{ id: "noValue", value: empty }]),
      ...(link ? [{ id: "links", value: [{ ...link, targetBlank: false }] }] : []),
      ...widthOf(pixels),
    ]);
  }
  for (const column of panel.values.filter(({ hidden }) => !hidden)) {
    built.overrideByName(column.title, valueProperties(column));
  }
  return panel.sortBy === undefined
    ? built
    : built.sortBy([new TableSortByFieldStateBuilder().displayName(panel.sortBy).desc(true)]);
}

/** Which fields are columns, in which order, under which titles. */
function organized({ labels, values }: TableText): object {
  const fields = [
    ...labels.map(({ label, title }) => ({ field: label, title })),
    ...values.map(({ title }, index) => ({ field: valueField(index, values.length), title })),
  ];
  const hidden = values.flatMap((value, index) => (value.hidden ? [valueField(index, values.length)] : []));
  return {
    excludeByName: Object.fromEntries(["Time", ...hidden].map((field) => [field, true])),
    indexByName: Object.fromEntries(fields.map(({ field }, index) => [field, index])),
    renameByName: Object.fromEntries(fields.map(({ field, title }) => [field, title])),
  };
}

/** Grafana tells the values of several queries apart by their references; that of a single one has none. */
function valueField(index: number, queries: number): string {
  return queries === 1 ? "Value" : `Value #${referenceOf(index)}`;
}

function valueProperties(column: ValueColumn): { id: string; value: unknown }[] {
  const { unit, decimals, empty = "–", words, steps, pixels } = column;
  return [
    { id: "unit", value: unit },
    { id: "noValue", value: empty },
    ...(decimals === undefined ? [] : [{ id: "decimals", value: decimals }]),
    ...(words ? [{ id: "mappings", value: mappings(words) }] : []),
    ...(steps || words
      ? [
          { id: "thresholds", value: thresholds(steps ?? []).build() },
          { id: "custom.cellOptions", value: { type: TableCellDisplayMode.ColorText } },
        ]
      : []),
    ...widthOf(pixels),
  ];
}

function widthOf(pixels: number | undefined): { id: string; value: number }[] {
  return [pixels === undefined ? { id: "custom.minWidth", value: leastWidth } : { id: "custom.width", value: pixels }];
}
