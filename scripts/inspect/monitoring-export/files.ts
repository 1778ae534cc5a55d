import { stringify } from "yaml";
import { dashboardFiles } from "../../../site/monitoring/dashboards/files";
import { ruleFiles } from "../../../site/monitoring/rules/rule-file";
import { exporterJob } from "../../../site/monitoring/scrape";
import { type ExporterSettings, exporterUnit } from "./unit";

/** What an export depends on. */
export interface ExportSettings extends ExporterSettings {
  /** C5: false leaves the rules out. */
  readonly rules: boolean;
  /** What stands before `docs/runbooks/alerts/…` in the alerts' links; absent: nothing. */
  readonly runbooks?: string | undefined;
}

/** Text of each file by its path. */
export function exportFiles(settings: ExportSettings): Readonly<Record<string, string>> {
  const { rules, runbooks, listen } = settings;
  const options = runbooks === undefined ? {} : { runbooks };
  return {
    "README.md": readme(rules),
    "lifeboat-exporter.service": exporterUnit(settings),
    "prometheus/scrape.yml": scrapeConfig(listen),
    ...inFolder("prometheus", ruleFiles({ backupAlerting: rules, options })),
    ...inFolder("grafana", dashboardFiles()),
  };
}

function inFolder(folder: string, files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]));
}

/** Rules name this job. */
function scrapeConfig(listen: string): string {
  const target = targetOf(listen);
  const config = { scrape_configs: [{ job_name: exporterJob, static_configs: [{ targets: [target] }] }] };
  const lines = ["Add this job to your prometheus.yml. Its name has to stay: the rules ask for it."];
  if (target !== listen)
    lines.push(`The exporter answers on every address of its machine: put the one that Prometheus reaches.`);
  return `${lines.map((line) => `# ${line}\n`).join("")}${stringify(config)}`;
}

/** Nobody asks at an address that stands for all: it is that of whoever asks. */
function targetOf(listen: string): string {
  return listen.replace(/^0\.0\.0\.0:/u, "127.0.0.1:").replace(/^\[[0:]+\]:/u, "[::1]:");
}

function readme(rules: boolean): string {
  const ruleLine =
    "put `prometheus/lifeboat.rules.yml` (Prometheus 2.42 or later) where its `rule_files` are, and add the job of `prometheus/scrape.yml`.";
  return [
    `Prometheus: ${rules ? ruleLine : "add the job of `prometheus/scrape.yml`."}`,
    "Grafana: import each file of `grafana/`, or provision the folder.",
    "Exporter: check the paths in `lifeboat-exporter.service`, then `systemctl enable --now` it where the project's settings and the token are.",
    "",
  ].join("\n\n");
}
