import { parse, stringify } from "yaml";
import * as z from "zod";
import type { GuestPrometheus } from "./guest-prometheus";

const rulesSchema = z.object({
  groups: z.array(z.looseObject({ name: z.string(), rules: z.array(z.unknown()) })),
});
const mark = "rehearsal:evaluation";

/**
 * A rule file with one rule more in each group, that writes down when the group was evaluated: on a busy machine Prometheus leaves
 * evaluations out, and seconds would say nothing of how many there were.
 */
export function withMarks(file: string): string {
  const { groups } = rulesSchema.parse(parse(file));
  const marked = groups.map(({ rules, ...group }) => ({
    ...group,
    rules: [...rules, { record: mark, expr: "vector(1)", labels: { group: group.name } }],
  }));
  return stringify({ groups: marked }, { lineWidth: 0 });
}

/**
 * How many evaluations an alert took to fire, by what Prometheus has written down: those after the first sample that shows the
 * fault, and the last of them is that with which it fired.
 *
 * @param fault its rule, what samples say of it as PromQL, and when it was begun, in seconds since 1970
 * @throws Error where no sample showed it, or the alert never fired
 */
export async function evaluationsUntilFiring(
  prometheus: GuestPrometheus,
  group: string,
  fault: { readonly alert: string; readonly sign: string; readonly begun: number },
): Promise<number> {
  const { alert, sign, begun } = fault;
  const [fired] = await prometheus.moments(`ALERTS{alertname="${alert}",alertstate="firing"}`, begun);
  if (fired === undefined) throw new Error(`Prometheus has not written down that ${alert} fired`);
  const about = await prometheus.firstMoment(sign, { start: begun, end: fired, step: 0.1 });
  if (about === undefined) throw new Error(`${alert} fired before any sample showed it: ${sign}`);
  // Samples have milliseconds, and an evaluation may come shortly before one.
  const shown = await prometheus.firstMoment(sign, { start: about - 0.1, end: about, step: 0.001 });
  const marks = await prometheus.moments(`${mark}{group="${group}"}`, shown ?? about);
  return marks.filter((moment) => moment <= fired).length;
}
