import { RecoverSite } from "../commands/recover/recover-site";
import type { Ratio } from "./measure";

/** Guests, and which of them each one needs: two chains, which nothing but the node's disks keeps from going side by side. */
const needs: Readonly<Record<string, readonly string[]>> = { db: [], web: ["db"], queue: [], worker: ["queue"] };

const runs = 3;

/** A step of a guest's restore that has ended: `✓ prod/web: Start web (2.4 s)`. */
const endedStep = /^✓ prod\/(\S+): .* \((\d+(?:\.\d+)?) s\)$/gmu;

interface Times {
  /** Milliseconds of the whole command. */
  readonly total: number;
  /** Milliseconds of the longest chain of restores, by the steps that it tells, each guest's own look among them. */
  readonly chain: number;
}

/**
 * A recovery of a node's guests from its first look to its last check, against the longest chain of its own restores, in which each
 * one waits for the guest that it needs. The storage is slow, so that a restore takes seconds, as that of a small guest does. What the
 * recovery adds is the look at the site, Pulumi's part, for which there is a stand-in, and the check.
 */
export async function measureRecover(progress: (line: string) => void): Promise<Ratio> {
  progress("recovery of four guests, and the longest chain of its restores");
  const names = Object.keys(needs);
  const lost = await RecoverSite.start(names.map((name, index) => ({ id: 101 + index, name })));
  try {
    let settings = lost.site.read("Pulumi.prod.yaml");
    for (const [index, name] of names.entries()) {
      const id = `id: ${String(101 + index)}`;
      const others = needs[name] ?? [];
      const line = `$1needs: [${others.join(", ")}]`;
      if (others.length > 0) settings = settings.replace(new RegExp(`^( +)${id}$`, "mu"), `$1${id}\n${line}`);
    }
    lost.site.write("Pulumi.prod.yaml", settings);
    const times: Times[] = [];
    for (let run = 0; run < runs; run += 1) {
      await lost.site.clearFaults();
      for (const index of names.keys()) await lost.site.destroy(101 + index);
      await lost.site.fault("slow-storage", { storage: "data", milliseconds: "2000" });
      times.push(await recover(lost));
    }
    const byRatio = times.toSorted((left, right) => left.total / left.chain - right.total / right.chain);
    const { total, chain } = byRatio[Math.floor(runs / 2)] ?? { total: Number.NaN, chain: Number.NaN };
    return {
      measure: "recover",
      what: "total ÷ longest chain of restores",
      milliseconds: total,
      againstMilliseconds: chain,
      ratio: total / chain,
      atMost: 1.3,
    };
  } finally {
    await lost.stop();
  }
}

async function recover(lost: RecoverSite): Promise<Times> {
  const start = performance.now();
  const { code, stdout, stderr } = await lost.recover(["--force"], { asProcess: true });
  const total = performance.now() - start;
  if (code !== 0) throw new Error(`lifeboat recover ended with ${String(code)}: ${stdout}${stderr}`);
  const seconds = new Map<string, number>();
  for (const [, name = "", took] of stderr.matchAll(endedStep)) {
    seconds.set(name, (seconds.get(name) ?? 0) + Number(took));
  }
  const chainTo = (name: string): number =>
    (seconds.get(name) ?? Number.NaN) + Math.max(0, ...(needs[name] ?? []).map(chainTo));
  return { total, chain: 1_000 * Math.max(...Object.keys(needs).map(chainTo)) };
}
