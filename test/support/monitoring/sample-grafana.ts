import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import * as z from "zod";
import { freePort } from "./free-port";

/** What a Grafana is given: dashboards as files by their names, and the Prometheus behind them. */
interface Provisioned {
  readonly dashboards: Readonly<Record<string, string>>;
  readonly prometheus: string;
}

const dataSource = "prometheus";
const framesSchema = z.object({
  results: z.record(
    z.string(),
    z.object({
      error: z.string().optional(),
      frames: z.array(z.object({ data: z.object({ values: z.array(z.array(z.unknown())) }) })).default([]),
    }),
  ),
});

/** A real Grafana on a free port of this machine, which shows dashboards to everybody and lets nobody change them. */
export class SampleGrafana {
  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    readonly endpoint: string,
  ) {}

  /** @param archive the artifact `grafana` of the toolchain */
  static async start(archive: string, provisioned: Provisioned): Promise<SampleGrafana> {
    const folder = mkdtempSync(join(tmpdir(), "lifeboat-grafana-"));
    await promisify(execFile)("tar", ["-xf", archive, "-C", folder]);
    provision(folder, provisioned);
    const port = await freePort();
    const settings = join(folder, "grafana.ini");
    writeFileSync(settings, settingsText(folder, port));
    const words = ["server", "--homepath", folder, "--config", settings];
    const child = spawn(join(folder, "bin", "grafana"), words, { stdio: "ignore" });
    const started = new SampleGrafana(child, folder, `http://127.0.0.1:${port}`);
    await started.ready();
    return started;
  }

  /** Rows that Grafana itself gets for a query of the last hours, from its data source. */
  async rowsOf(expression: string): Promise<number> {
    const query = { refId: "A", expr: expression, instant: true, datasource: { uid: dataSource } };
    const answer = await fetch(`${this.endpoint}/api/ds/query`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ queries: [query], from: "now-3h", to: "now" }),
    });
    const { A: result } = framesSchema.parse(await answer.json()).results;
    if (result?.error !== undefined) throw new Error(`${expression}: ${result.error}`);
    return (result?.frames ?? []).reduce((rows, { data }) => rows + (data.values[0]?.length ?? 0), 0);
  }

  /** What it says of a dashboard: `{ meta, dashboard }`. */
  async dashboard(uid: string): Promise<unknown> {
    return (await fetch(`${this.endpoint}/api/dashboards/uid/${uid}`)).json();
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.kill()) await once(this.child, "exit");
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async ready(): Promise<void> {
    for (;;) {
      if (this.child.exitCode !== null) throw new Error(`Grafana ended with ${String(this.child.exitCode)}.`);
      const answer = await fetch(`${this.endpoint}/api/health`).catch(() => undefined);
      if (answer?.ok === true) return;
      await sleep(200);
    }
  }
}

function provision(folder: string, { dashboards, prometheus }: Provisioned): void {
  const provisioning = join(folder, "provisioning");
  const shown = join(folder, "dashboards");
  for (const path of [join(provisioning, "datasources"), join(provisioning, "dashboards"), shown]) {
    mkdirSync(path, { recursive: true });
  }
  const source = { name: "Prometheus", uid: dataSource, type: "prometheus", access: "proxy", url: prometheus };
  const settings = { apiVersion: 1, datasources: [{ ...source, isDefault: true, jsonData: { timeInterval: "15m" } }] };
  const provider = { name: "lifeboat", type: "file", options: { path: shown } };
  // YAML takes JSON.
  writeFileSync(join(provisioning, "datasources", "prometheus.yaml"), JSON.stringify(settings));
  writeFileSync(
    join(provisioning, "dashboards", "lifeboat.yaml"),
    JSON.stringify({ apiVersion: 1, providers: [provider] }),
  );
  for (const [name, text] of Object.entries(dashboards)) writeFileSync(join(shown, name), text);
}

/** It talks to nobody but its data source, and old panels, which it has no files of, are switched off. */
function settingsText(folder: string, port: number): string {
  return `[paths]
data = ${join(folder, "data")}
logs = ${join(folder, "logs")}
provisioning = ${join(folder, "provisioning")}
[server]
http_addr = 127.0.0.1
http_port = ${port}
[analytics]
reporting_enabled = false
check_for_updates = false
check_for_plugin_updates = false
[security]
angular_support_enabled = false
disable_gravatar = true
[users]
default_theme = light
[auth.anonymous]
enabled = true
org_role = Viewer
[news]
news_feed_enabled = false
`;
}
