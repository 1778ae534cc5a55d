import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Peak memory of the Node processes of one command. */
export interface PeakWatch {
  readonly folder: string;
  /** Environment of the command. */
  readonly variables: Record<string, string>;
}

export function watchPeak(parent: string): PeakWatch {
  const folder = mkdtempSync(join(parent, "peak-"));
  const hook = join(__dirname, "write-peak-memory.cjs");
  return { folder, variables: { LIFEBOAT_BENCH_PEAK: folder, NODE_OPTIONS: `--require=${hook}` } };
}

/** Peak of the largest of them in MiB, once the command has ended. */
export function peakOf({ folder }: PeakWatch): number {
  const kibibytes = readdirSync(folder).map((name) => Number(readFileSync(join(folder, name), "utf8")));
  rmSync(folder, { recursive: true });
  return Math.max(...kibibytes) / 1_024;
}
