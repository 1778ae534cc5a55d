import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import * as z from "zod";
import { ruleDefaults, type RuleOptions } from "../../../site/monitoring/rules/options";
import { ruleFiles } from "../../../site/monitoring/rules/rule-file";
import { exporterJob } from "../../../site/monitoring/scrape";
import { freePort } from "../../support/monitoring/free-port";

const bundle = join(__dirname, "../../../dist/lifeboat.cjs");

/** What a receiver is told of one alert. */
const alertSchema = z.object({
  status: z.enum(["firing", "resolved"]),
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()),
});
const messageSchema = z.object({ alerts: z.array(alertSchema) });

export type Alert = z.infer<typeof alertSchema>;

/** Programs of Debian's packages. */
export interface WatchPrograms {
  /** Words that begin a command. */
  readonly prometheus: readonly string[];
  readonly alertmanager: readonly string[];
}

/** Seconds between two scrapes, two evaluations, two looks of the exporter. */
const interval = 1;

/** The rules of the product; only what a person would wait for is shorter. */
const shortened: Partial<RuleOptions> = {
  evaluateEvery: interval,
  // The first look after a start takes as long as it takes.
  hold: { ...ruleDefaults.hold, short: 0, long: 3, run: 0 },
  keepFiring: 0,
  unfinished: 2,
};

/**
 * A real Prometheus and a real Alertmanager on this machine, that watch a site by `lifeboat exporter`, and a receiver that writes
 * down what it is told.
 */
export class AlertWatch {
  private readonly told: Alert[] = [];
  private readonly children: ChildProcess[] = [];
  private exporter: ChildProcess | undefined;

  private constructor(
    private readonly folder: string,
    private readonly receiver: Server,
    private readonly ports: Readonly<Record<"exporter" | "prometheus" | "alertmanager", number>>,
    private readonly environment: Readonly<Record<string, string | undefined>>,
  ) {}

  /** @param environment of the exporter: its project and its token */
  static async start(
    programs: WatchPrograms,
    environment: Readonly<Record<string, string | undefined>>,
  ): Promise<AlertWatch> {
    const folder = mkdtempSync(join(tmpdir(), "lifeboat-alerts-"));
    const ports = { exporter: await freePort(), prometheus: await freePort(), alertmanager: await freePort() };
    const receiver = createServer();
    const watch = new AlertWatch(folder, receiver, ports, environment);
    await watch.listen();
    watch.startExporter();
    watch.run(programs.alertmanager, [
      `--config.file=${watch.file("alertmanager.yml", watch.routes())}`,
      `--storage.path=${join(folder, "alertmanager")}`,
      `--web.listen-address=127.0.0.1:${String(ports.alertmanager)}`,
      "--cluster.listen-address=",
    ]);
    watch.run(programs.prometheus, [
      `--config.file=${watch.file("prometheus.yml", watch.scrapes())}`,
      `--storage.tsdb.path=${join(folder, "prometheus")}`,
      `--web.listen-address=127.0.0.1:${String(ports.prometheus)}`,
    ]);
    return watch;
  }

  startExporter(): void {
    const words = [bundle, "exporter", "--listen", `127.0.0.1:${String(this.ports.exporter)}`];
    const env = { ...process.env, ...this.environment };
    this.exporter = spawn(process.execPath, [...words, "--interval", `${String(interval)}s`], { env, stdio: "ignore" });
  }

  async stopExporter(): Promise<void> {
    const { exporter } = this;
    if (exporter?.exitCode === null && exporter.kill()) await once(exporter, "exit");
  }

  /** What is at Alertmanager now, as `name guest`, in the order of the alphabet. */
  async alerts(): Promise<readonly Alert[]> {
    const url = `http://127.0.0.1:${String(this.ports.alertmanager)}/api/v2/alerts?active=true`;
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok !== true) return [];
    const found = z.array(alertSchema.omit({ status: true })).parse(await answer.json());
    return found.map((alert) => ({ ...alert, status: "firing" }));
  }

  /** The value of a query of Prometheus now; undefined: it finds nothing, or Prometheus is not there yet. */
  async value(query: string): Promise<number | undefined> {
    const url = `http://127.0.0.1:${String(this.ports.prometheus)}/api/v1/query?${new URLSearchParams({ query }).toString()}`;
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok !== true) return undefined;
    const shape = z.object({
      data: z.object({ result: z.array(z.object({ value: z.tuple([z.number(), z.string()]) })) }),
    });
    const [first] = shape.parse(await answer.json()).data.result;
    return first === undefined ? undefined : Number(first.value[1]);
  }

  /** What the receiver was told since {@link forget}, each once. */
  get heard(): readonly Alert[] {
    return this.told;
  }

  /** From now on the receiver has heard nothing. */
  forget(): void {
    this.told.splice(0);
  }

  /** Waits until the exporter has looked, Prometheus has asked it, and every rule was evaluated on that. */
  async evaluated(): Promise<void> {
    const before = await this.lastEvaluation();
    await this.until("rules were evaluated", async () => (await this.lastEvaluation()) > before + 3 * interval);
  }

  /** When the group that was evaluated longest ago was, in seconds; 0: Prometheus is not there yet. */
  private async lastEvaluation(): Promise<number> {
    const url = `http://127.0.0.1:${String(this.ports.prometheus)}/api/v1/rules`;
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok !== true) return 0;
    const shape = z.object({ data: z.object({ groups: z.array(z.object({ lastEvaluation: z.string() })) }) });
    const { groups } = shape.parse(await answer.json()).data;
    return Math.min(...groups.map(({ lastEvaluation }) => Date.parse(lastEvaluation) / 1_000));
  }

  /** Looks again until it is so: services and looks take their time on a busy machine. */
  async until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    for (let look = 0; look < 600; look += 1) {
      if (await isSo()) return;
      await sleep(500);
    }
    throw new Error(`It never came to this: ${what}. At Alertmanager: ${JSON.stringify(await this.alerts())}`);
  }

  async stop(): Promise<void> {
    await this.stopExporter();
    for (const child of this.children) if (child.exitCode === null && child.kill()) await once(child, "exit");
    this.receiver.closeAllConnections();
    await new Promise((done) => this.receiver.close(done));
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async listen(): Promise<void> {
    this.receiver.on("request", (request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        this.told.push(...messageSchema.parse(JSON.parse(Buffer.concat(parts).toString())).alerts);
        response.end();
      });
    });
    this.receiver.listen(0, "127.0.0.1");
    await once(this.receiver, "listening");
  }

  private get receiverPort(): number {
    const address = this.receiver.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  private routes(): object {
    const url = `http://127.0.0.1:${String(this.receiverPort)}/`;
    const timing = { group_wait: "0s", group_interval: `${String(interval)}s`, repeat_interval: "1h" };
    return {
      route: { receiver: "test", group_by: ["..."], ...timing },
      receivers: [{ name: "test", webhook_configs: [{ url, send_resolved: true }] }],
    };
  }

  private scrapes(): object {
    const [[name, rules] = ["", ""]] = Object.entries(ruleFiles({ backupAlerting: true, options: shortened }));
    writeFileSync(join(this.folder, name), rules);
    const every = `${String(interval)}s`;
    return {
      global: { scrape_interval: every, evaluation_interval: every },
      rule_files: [name],
      alerting: { alertmanagers: [{ static_configs: target(this.ports.alertmanager) }] },
      scrape_configs: [{ job_name: exporterJob, static_configs: target(this.ports.exporter) }],
    };
  }

  private file(name: string, value: object): string {
    const path = join(this.folder, name);
    writeFileSync(path, stringify(value));
    return path;
  }

  private run([program = "", ...first]: readonly string[], words: readonly string[]): void {
    this.children.push(spawn(program, [...first, ...words], { stdio: "ignore" }));
  }
}

/** One target on this machine. */
function target(port: number) {
  return [{ targets: [`127.0.0.1:${String(port)}`] }];
}
