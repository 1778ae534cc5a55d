import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import type { DemoSite } from "../support/demo-site";
import { endTree } from "../support/process-tree";

/** A moment in seconds since 1970, and the value as Prometheus writes it. */
const sample = z.tuple([z.number(), z.string()]);
const series = z.object({ value: sample.optional(), values: z.array(sample).default([]) });
const found = z.object({ result: z.array(series) });
const labelValues = z.array(z.string());
const answer = z.object({ status: z.literal("success"), data: z.unknown() });
const ruleList = z.object({
  groups: z.array(
    z.object({
      name: z.string(),
      interval: z.number(),
      rules: z.array(z.object({ name: z.string(), duration: z.number().default(0) })),
    }),
  ),
});

/** The Prometheus of a guest, which answers nowhere else: asked by one connection of SSH, which ends at a socket of this machine. */
export class GuestPrometheus {
  private constructor(
    private readonly socketPath: string,
    private readonly forward: number | undefined,
  ) {}

  /** @param socketPath a file that is not there yet, for the socket */
  static async connect(site: DemoSite, address: string, socketPath: string): Promise<GuestPrometheus> {
    const [ssh = "", ...words] = site.sshWords(address, "true").slice(0, -1);
    const { pid } = site.beside(ssh, "-N", "-L", `${socketPath}:127.0.0.1:9090`, ...words);
    const prometheus = new GuestPrometheus(socketPath, pid);
    for (let look = 0; look < 480; look += 1) {
      const isThere = await prometheus.get("/-/ready").then(
        ({ status }) => status === 200,
        () => false,
      );
      if (isThere) return prometheus;
      await sleep(250);
    }
    prometheus.stop();
    throw new Error("Prometheus cannot be asked by SSH.");
  }

  stop(): void {
    if (this.forward !== undefined) endTree(this.forward);
  }

  /** How many series each expression finds now. */
  async count(expressions: readonly string[]): Promise<number[]> {
    const counts: number[] = [];
    for (const query of expressions) counts.push(found.parse(await this.ask("query", { query })).result.length);
    return counts;
  }

  /** What a variable of Grafana has to choose from: values of a label. */
  async labelValues(selector: string, label: string): Promise<string[]> {
    return labelValues.parse(await this.ask(`label/${label}/values`, { "match[]": selector }));
  }

  /** Moments of the samples of one series that came after a moment, as they were written. */
  async moments(selector: string, after: number): Promise<number[]> {
    const now = z.object({ result: sample }).parse(await this.ask("query", { query: "time()" })).result[0];
    const query = `${selector}[${String(Math.ceil(now - after) + 1)}s]`;
    const data = await this.ask("query", { query, time: now.toFixed(3) });
    const samples = found.parse(data).result.flatMap(({ values }) => values.map(([moment]) => moment));
    return samples.filter((moment) => moment > after).sort((left, right) => left - right);
  }

  /** The first moment of a time at which an expression found something; undefined: it never did. All in seconds. */
  async firstMoment(
    query: string,
    { start, end, step }: { readonly start: number; readonly end: number; readonly step: number },
  ): Promise<number | undefined> {
    const parameters = { query, start: start.toFixed(3), end: end.toFixed(3), step: String(step) };
    const data = await this.ask("query_range", parameters);
    const moments = found.parse(data).result.flatMap(({ values }) => values.map(([moment]) => moment));
    return moments.length === 0 ? undefined : Math.min(...moments);
  }

  /** The rules that it has loaded; times in seconds. */
  async ruleGroups() {
    return ruleList.parse(await this.ask("rules")).groups;
  }

  /** @throws Error with the answer to a question that Prometheus refuses */
  private async ask(path: string, parameters: Readonly<Record<string, string>> = {}): Promise<unknown> {
    const { text } = await this.get(`/api/v1/${path}?${new URLSearchParams(parameters).toString()}`);
    const read = answer.safeParse(JSON.parse(text));
    if (!read.success) throw new Error(`Prometheus answered: ${text}`);
    return read.data.data;
  }

  private get(path: string): Promise<{ readonly status: number | undefined; readonly text: string }> {
    return new Promise((resolve, reject) => {
      request({ socketPath: this.socketPath, path }, (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("end", () => resolve({ status: response.statusCode, text: Buffer.concat(parts).toString() }));
      })
        .on("error", reject)
        .end();
    });
  }
}
