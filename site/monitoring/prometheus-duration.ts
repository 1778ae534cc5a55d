import type { Seconds } from "../settings/units";
import { formatDuration } from "../settings/values/durations";

/** As Prometheus and Alertmanager read it: `1d2h`. */
export function prometheusDuration(seconds: Seconds): string {
  return formatDuration(seconds).replaceAll(" ", "");
}
