import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { ProxmoxClient } from "../../proxmox/api/client";
import { runBounded } from "../../scripts/machine/bounded";
import { AdoptedSite } from "../commands/support/adopted-site";
import { bundle } from "../commands/support/run-bundle";
import { inTurns, type Ratio } from "./measure";
import { peakOf, watchPeak } from "./peak-memory";

const archivesOfGuest = 30;
const day = 86_400;
const node = "pve-prod";

/**
 * `lifeboat exporter` over guests with 30 archives each, against what `prometheus-pve-exporter` 3.10 asks a node for at each
 * scrape with its default collectors: lists of the cluster and the configuration of each guest, and no archives. That one asks
 * again at each scrape; this one looks every few minutes, and answers a scrape from memory.
 *
 * @param progress is told what is measured next.
 */
export async function measureExporter(progress: (line: string) => void, size = 1_000): Promise<Ratio[]> {
  progress(`exporter: ${String(size)} guests with ${String(archivesOfGuest)} archives each`);
  const site = await startSite(size);
  const client = site.connect(node);
  try {
    const others = (): Promise<void> => scrapeOfOthers(client);
    let peakMebibytes = 0;
    const cold = await inTurns(
      3,
      async () => void (peakMebibytes = Math.max(peakMebibytes, await coldLook(site))),
      others,
    );
    const service = await startService(site, size);
    const scrape = await inTurns(5, () => scrapeAt(service.url).then(() => undefined), others);
    const kept = await service.stop();
    return [
      // Measured: 14 on two busy processors. Most of it is the node that opens each guest's newest archive: whose it is.
      ratioOf("cold look ÷ scrape of others", cold, 20, peakMebibytes),
      ratioOf("scrape ÷ scrape of others", scrape, 0.1, kept),
    ];
  } finally {
    await client.close();
    await site.stop();
  }
}

function ratioOf(
  what: string,
  { measured, against }: { readonly measured: number; readonly against: number },
  atMost: number,
  peakMebibytes: number,
): Ratio {
  const times = { milliseconds: measured, againstMilliseconds: against, ratio: measured / against };
  return { measure: "exporter", what, ...times, atMost, peakMebibytes };
}

async function startSite(size: number): Promise<AdoptedSite> {
  const guests = Array.from({ length: size }, (_, index) => ({
    id: 1_001 + index,
    name: `guest-${String(index + 1)}`,
  }));
  const site = await AdoptedSite.start([{ name: "prod", node, profile: "prod", guests }]);
  const now = Math.floor(Date.now() / 1_000);
  for (const { id } of guests) {
    for (let back = 0; back < archivesOfGuest; back += 1) site.putArchive(node, id, now - back * day - 7_200, 1_000);
  }
  return site;
}

/** Everything asked anew, with the start of the program; gives its peak in MiB. */
async function coldLook(site: AdoptedSite): Promise<number> {
  const watch = watchPeak(join(site.project, ".."));
  const { code, stderr } = await site.lifeboat(["exporter", "--once"], { asProcess: true, env: watch.variables });
  if (code !== 0) throw new Error(`lifeboat exporter ended with ${String(code)}: ${stderr.slice(0, 800)}`);
  return peakOf(watch);
}

/** The requests of its collectors, with as many connections as the client has. */
async function scrapeOfOthers(client: ProxmoxClient): Promise<void> {
  await client.get(["cluster", "status"]);
  await client.get(["version"]);
  await client.get(["cluster", "resources"]);
  await client.get(["cluster", "backup-info", "not-backed-up"]);
  const guests = await client.cluster.guests();
  const bounds = { parallel: 8, perKey: 8, keyOf: () => "" };
  await runBounded(guests, bounds, ({ type, vmid }) => client.get(["nodes", node, type, vmid, "config"]));
}

interface Service {
  readonly url: string;
  /** Ends it, and gives its peak in MiB. */
  stop(): Promise<number>;
}

/** Starts it and waits for its first look; there is no second one. */
async function startService(site: AdoptedSite, size: number): Promise<Service> {
  const words = [bundle, "exporter", "--listen", "127.0.0.1:0", "--interval", "1d"];
  const child = spawn(process.execPath, words, {
    cwd: site.project,
    env: site.env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const [line] = await once(createInterface(child.stderr), "line");
  const [, url] = /Metrics at (\S+),/u.exec(String(line)) ?? [];
  if (url === undefined) throw new Error(`lifeboat exporter said: ${String(line)}`);
  while ((await scrapeAt(url)).split("\nlifeboat_guest_backups{").length <= size) {
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  return {
    url,
    stop: async () => {
      const [, kibibytes] =
        /^VmHWM:\s+(\d+) kB$/mu.exec(readFileSync(`/proc/${String(child.pid)}/status`, "utf8")) ?? [];
      child.kill("SIGTERM");
      await once(child, "exit");
      return Number(kibibytes) / 1_024;
    },
  };
}

/** As Prometheus asks, but for packing. */
function scrapeAt(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () => resolve(Buffer.concat(parts).toString()));
    }).on("error", reject);
  });
}
