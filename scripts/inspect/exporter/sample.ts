import type { LabelOf, MetricName } from "../../../site/monitoring/metrics";

/** One series with its value. */
export interface Sample {
  readonly name: MetricName;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A sample of the catalogue; none where the value is not known. */
export function sample<Name extends MetricName>(
  name: Name,
  labels: Readonly<Record<LabelOf<Name>, string>>,
  value: number | boolean | undefined,
): Sample[] {
  return value === undefined ? [] : [{ name, labels, value: Number(value) }];
}
