import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { typeScript } from "../support/commands";
import type { DemoSite } from "../support/demo-site";
import { endTree } from "../support/process-tree";

/** An alert, as Alertmanager tells it. */
const alertSchema = z.object({
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()).default({}),
});
const toldSchema = alertSchema.extend({ status: z.enum(["firing", "resolved"]) });

type Alert = z.infer<typeof alertSchema>;

/** What the guest of monitoring says of itself at one moment. */
interface Moment {
  /** Seconds since 1970, by its clock. */
  readonly time: number;
  /** End of the exporter's last look at the environment; undefined: the exporter is silent. */
  readonly looked: number | undefined;
  readonly alerts: readonly Alert[];
}

/** Where alerts are told: an address of the site's gateway, at which nothing else listens. */
export const receiver = { address: "192.0.2.1", port: 8480 } as const;

/** `BackupGone web`; of an environment: `PermissionLost prod`. */
export function nameOf({ labels }: Pick<Alert, "labels">): string {
  const { alertname = "", guest, environment = "" } = labels;
  return `${alertname} ${guest ?? environment}`.trim();
}

/**
 * Alerts as they are at the Alertmanager of a guest, over one connection, and what a webhook receiver is told meanwhile: a
 * command for each look would take longer than two evaluations.
 */
export class GuestWatch {
  private readonly children: ChildProcess[] = [];
  private readonly told: z.infer<typeof toldSchema>[] = [];
  /** Ends of the exporter's looks, each once. */
  private readonly looks: number[] = [];
  private last: Moment | undefined;

  /** @param environment whose looks are told */
  constructor(site: DemoSite, address: string, environment: string) {
    const ask = "curl --silent --max-time 5";
    const looked = `sed -n 's/^lifeboat_look_timestamp_seconds{environment="${environment}"} //p'`;
    // Three lines, whatever is asked of whom.
    const questions = [
      `${ask} http://127.0.0.1:9941/metrics | ${looked} | tr -d '\\n'; echo`,
      `${ask} 'http://127.0.0.1:9093/api/v2/alerts?active=true' | tr -d '\\n'; echo`,
    ];
    const loop = `while date +%s.%N; do ${questions.join("; ")}; sleep 0.2; done`;
    this.follow(site.beside(...site.sshWords(address, loop)), this.moments());
    const program = [process.execPath, ...typeScript("test/rehearsal/support/webhook-receiver.ts")];
    this.follow(site.beside(...program, receiver.address, String(receiver.port)), (line) => {
      if (line.startsWith("{")) this.told.push(toldSchema.parse(JSON.parse(line)));
    });
  }

  /** Names of the alerts at Alertmanager, sorted. */
  get names(): string[] {
    return this.alerts.map(nameOf).sort();
  }

  get alerts(): readonly Alert[] {
    return this.last?.alerts ?? [];
  }

  /** Names of what the receiver was told, each once, sorted. */
  heard(status: "firing" | "resolved"): string[] {
    return [...new Set(this.told.filter((one) => one.status === status).map(nameOf))].sort();
  }

  /** The first moment at which it is so. @throws Error with what is at Alertmanager, when it never is */
  async until(what: string, isSo: (moment: Moment) => boolean): Promise<Moment> {
    for (let look = 0; look < 480; look += 1) {
      if (this.last !== undefined && isSo(this.last)) return this.last;
      await sleep(250);
    }
    throw new Error(`It never came to this: ${what}. At Alertmanager: ${JSON.stringify(this.alerts)}`);
  }

  /** When the first look ended that ended after a moment; undefined: none has yet. */
  lookAfter(moment: number): number | undefined {
    return this.looks.find((ended) => ended > moment);
  }

  stop(): void {
    for (const { pid } of this.children) {
      if (pid !== undefined) endTree(pid);
    }
  }

  private follow(child: ReturnType<DemoSite["beside"]>, take: (line: string) => void): void {
    this.children.push(child);
    createInterface({ input: child.stdout }).on("line", take);
  }

  /** Three lines are a moment. */
  private moments(): (line: string) => void {
    let lines: string[] = [];
    return (line) => {
      lines.push(line);
      if (lines.length < 3) return;
      const [time = "", looked = "", alerts = ""] = lines;
      lines = [];
      if (alerts === "") return;
      if (looked !== "" && this.looks.at(-1) !== Number(looked)) this.looks.push(Number(looked));
      this.last = {
        time: Number(time),
        looked: looked === "" ? undefined : Number(looked),
        alerts: z.array(alertSchema).parse(JSON.parse(alerts)),
      };
    };
  }
}
