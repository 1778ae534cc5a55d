import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import * as z from "zod";
import { freePort } from "./free-port";

export interface SamplePrograms {
  readonly prometheus: string;
  readonly promtool: string;
}

/** A value of now is the newest one that is not older than this. */
const lookBack = "45m";

const answerSchema = z.object({ status: z.literal("success"), data: z.object({ result: z.array(z.unknown()) }) });

/** A real Prometheus on a free port of this machine that remembers what it is given and watches nothing. */
export class SamplePrometheus {
  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    readonly endpoint: string,
  ) {}

  /** @param history in the form of OpenMetrics */
  static async start({ prometheus, promtool }: SamplePrograms, history: string): Promise<SamplePrometheus> {
    const folder = mkdtempSync(join(tmpdir(), "lifeboat-prometheus-"));
    const [page, data, settings] = [join(folder, "page"), join(folder, "data"), join(folder, "prometheus.yml")];
    writeFileSync(page, history);
    writeFileSync(settings, "{}\n");
    mkdirSync(data);
    await promisify(execFile)(promtool, ["tsdb", "create-blocks-from", "openmetrics", page, data]);
    const address = `127.0.0.1:${String(await freePort())}`;
    const words = [
      `--config.file=${settings}`,
      `--storage.tsdb.path=${data}`,
      `--web.listen-address=${address}`,
      `--query.lookback-delta=${lookBack}`,
    ];
    const started = new SamplePrometheus(spawn(prometheus, words, { stdio: "ignore" }), folder, `http://${address}`);
    await started.ready();
    return started;
  }

  /** The series that a query finds now, or at another moment. */
  async ask(query: string, moment?: number): Promise<readonly unknown[]> {
    const at = moment === undefined ? {} : { time: String(moment) };
    const body = new URLSearchParams({ query, ...at });
    const answer = await fetch(`${this.endpoint}/api/v1/query`, { method: "POST", body });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${query}: ${text}`);
    const { result } = answerSchema.parse(JSON.parse(text)).data;
    return result;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.kill()) await once(this.child, "exit");
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async ready(): Promise<void> {
    for (;;) {
      if (this.child.exitCode !== null) throw new Error(`Prometheus ended with ${String(this.child.exitCode)}.`);
      const answer = await fetch(`${this.endpoint}/-/ready`).catch(() => undefined);
      if (answer?.ok === true) return;
      await sleep(100);
    }
  }
}
