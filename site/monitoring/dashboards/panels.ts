import {
  BarGaugeDisplayMode,
  BarGaugePanel,
  BigValueColorMode,
  BigValueGraphMode,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  LineInterpolation,
  StateTimelinePanel,
  StatPanel,
  TimeSeriesPanel,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTextDisplayOptionsBuilder,
} from "./foundation-sdk";
import {
  described,
  mappings,
  queryOfNow,
  queryOverTime,
  thresholds,
  type Colour,
  type PanelText,
  type Step,
  type Words,
} from "./parts";

interface Series {
  readonly query: string;
  /** Name of each series: `{{guest}}` stands for its label. */
  readonly legend: string;
  /** It is what the others must not reach. */
  readonly isLimit?: boolean;
}

interface Judged {
  readonly steps: readonly Step[];
  readonly words?: Words;
}

/** One number of now, on the colour of its step. */
export function stat(panel: PanelText & Judged & { readonly query: string }): StatPanel {
  return described(new StatPanel(), panel)
    .thresholds(thresholds(panel.steps))
    .mappings(mappings(panel.words))
    .colorMode(BigValueColorMode.Value)
    .graphMode(BigValueGraphMode.None)
    .withTarget(queryOfNow(panel.query));
}

/** One bar of now for each series, from 0 to 1. */
export function bars(panel: PanelText & Judged & Series): BarGaugePanel {
  return described(new BarGaugePanel(), panel)
    .min(0)
    .max(1)
    .thresholds(thresholds(panel.steps))
    .mappings(mappings(panel.words))
    .displayMode(BarGaugeDisplayMode.Basic)
    .orientation(VizOrientation.Horizontal)
    .text(new VizTextDisplayOptionsBuilder().titleSize(16))
    .displayName(panel.legend.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => `\${__field.labels.${label}}`))
    .withTarget(queryOfNow(panel.query).legendFormat(panel.legend));
}

/** Lines over time, from 0 up. A step above 0 is drawn as a line across. */
export function lines(
  panel: PanelText & {
    readonly series: readonly Series[];
    readonly steps?: readonly Step[];
    readonly max?: number;
    /** The axis reaches this at least: one of counts that are all 0 would end at 100. */
    readonly softMax?: number;
  },
): TimeSeriesPanel {
  const built = described(new TimeSeriesPanel(), panel)
    .min(0)
    .lineWidth(2)
    .fillOpacity(10)
    .lineInterpolation(LineInterpolation.StepAfter)
    .showPoints(VisibilityMode.Never)
    .thresholds(thresholds(panel.steps?.filter(({ from }) => from > 0) ?? []))
    .legend(legendBelow());
  if (panel.max !== undefined) built.max(panel.max);
  if (panel.softMax !== undefined) built.axisSoftMax(panel.softMax);
  if (panel.steps) {
    built.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
  }
  for (const { legend } of panel.series.filter(({ isLimit }) => isLimit)) {
    built.overrideByName(legend, [
      { id: "color", value: { mode: "fixed", fixedColor: "red" satisfies Colour } },
      { id: "custom.fillOpacity", value: 0 },
      { id: "custom.lineStyle", value: { fill: "dash", dash: [10, 10] } },
    ]);
  }
  return panel.series.reduce(
    (so, { query, legend }, index) => so.withTarget(queryOverTime(query, index).legendFormat(legend)),
    built,
  );
}

/** A bar for each series whose colour changes with its state. */
export function timeline(panel: PanelText & Judged & Series): StateTimelinePanel {
  return described(new StateTimelinePanel(), panel)
    .thresholds(thresholds(panel.steps))
    .mappings(mappings(panel.words))
    .showValue(VisibilityMode.Never)
    .mergeValues(true)
    .rowHeight(0.8)
    .fillOpacity(80)
    .lineWidth(0)
    .legend(legendBelow())
    .withTarget(queryOverTime(panel.query, 0).legendFormat(panel.legend));
}

function legendBelow(): VizLegendOptionsBuilder {
  return new VizLegendOptionsBuilder()
    .displayMode(LegendDisplayMode.List)
    .placement(LegendPlacement.Bottom)
    .showLegend(true);
}
