import type { Seconds } from "../../settings/environment";
import { prometheusDuration } from "../prometheus-duration";
import { exporterJob } from "../scrape";
import { configFolder, type GrafanaPlace, loopback, ports } from "./places";
import { yamlText } from "./yaml-text";

/** Names of what Prometheus scrapes. Rules name the exporter's. */
const scrapeJobs = {
  exporter: exporterJob,
  prometheus: "prometheus",
  alertmanager: "alertmanager",
  grafana: "grafana",
} as const;

export interface PrometheusSettings {
  /** Between two scrapes, and between two evaluations of the rules. */
  readonly evaluation: Seconds;
  /** Absent: there is no Grafana. */
  readonly grafana?: GrafanaPlace | undefined;
}

/** `prometheus.yml`: it scrapes the exporter, itself and the other services, and tells Alertmanager. */
export function prometheusFile({ evaluation, grafana }: PrometheusSettings): string {
  const interval = prometheusDuration(evaluation);
  const settings = {
    global: {
      scrape_interval: interval,
      evaluation_interval: interval,
      // Never longer than the interval, which Prometheus refuses.
      scrape_timeout: prometheusDuration(Math.min(10, evaluation)),
    },
    rule_files: ["rules/*"],
    alerting: { alertmanagers: [{ static_configs: [target(loopback, ports.alertmanager)] }] },
    scrape_configs: [
      { job_name: scrapeJobs.exporter, static_configs: [target(loopback, ports.exporter)] },
      { job_name: scrapeJobs.prometheus, static_configs: [target(loopback, ports.prometheus)] },
      { job_name: scrapeJobs.alertmanager, static_configs: [target(loopback, ports.alertmanager)] },
      ...(grafana === undefined ? [] : [grafanaJob(grafana)]),
    ],
  };
  return yamlText(settings);
}

/** The jobs that have a target, of which all have to be up. */
export function jobsOf({ grafana }: Pick<PrometheusSettings, "grafana">): string[] {
  const { exporter, prometheus, alertmanager } = scrapeJobs;
  return [exporter, prometheus, alertmanager, ...(grafana === undefined ? [] : [scrapeJobs.grafana])];
}

function grafanaJob({ protocol, address }: GrafanaPlace) {
  const secure = { scheme: protocol, tls_config: { ca_file: `${configFolder}/grafana-authority.pem` } };
  return {
    job_name: scrapeJobs.grafana,
    ...(protocol === "https" ? secure : {}),
    static_configs: [target(address, ports.grafana)],
  };
}

function target(address: string, port: number) {
  return { targets: [`${address.includes(":") ? `[${address}]` : address}:${String(port)}`] };
}
