import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { prometheusDuration } from "../../../../../site/monitoring/prometheus-duration";
import { every, type RuleCase } from "./rule-case";

/** What promtool says of a case: empty when it is as expected. */
export function tryCase(promtool: string, folder: string, rules: string, tried: RuleCase): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "rules.yml"), rules);
  writeFileSync(join(folder, "test.yml"), stringify(testFile(tried), { lineWidth: 0 }));
  const { status, stdout, stderr } = spawnSync(promtool, ["test", "rules", "test.yml"], {
    cwd: folder,
    encoding: "utf8",
    timeout: 60_000,
  });
  return status === 0 ? "" : `${stdout}${stderr}`;
}

function testFile({ at, samples, firing }: RuleCase): unknown {
  const time = prometheusDuration(at);
  const scrapes = Math.ceil(at / every);
  return {
    rule_files: ["rules.yml"],
    evaluation_interval: prometheusDuration(every),
    tests: [
      {
        interval: prometheusDuration(every),
        input_series: samples.map(({ name, labels, values }) => ({
          series: written(name, labels),
          values: typeof values === "number" ? `${String(values)}+0x${String(scrapes)}` : values,
        })),
        // Every alert that fires, and so no other.
        promql_expr_test: [
          {
            expr: 'ALERTS{alertstate="firing"}',
            eval_time: time,
            exp_samples: firing.map(({ alert, severity, labels }) => ({
              labels: written("ALERTS", { alertname: alert, alertstate: "firing", severity, ...labels }),
              value: 1,
            })),
          },
        ],
        // With its texts, as Prometheus fills them in.
        alert_rule_test: firing.map(({ alert, severity, labels, summary, description }) => ({
          eval_time: time,
          alertname: alert,
          exp_alerts: [
            {
              exp_labels: { severity, ...labels },
              exp_annotations: { summary, description, runbook_url: `docs/runbooks/alerts/${alert}.md` },
            },
          ],
        })),
      },
    ],
  };
}

function written(name: string, labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}=${JSON.stringify(text)}`);
  return `${name}{${pairs.join(", ")}}`;
}
