/**
 * Speed as ratios of one run, since machines differ and are noisy:
 *
 *     npm run bench             a table
 *     npm run bench -- --json   one object
 *
 * Ends with 1 when a ratio is above what it may be.
 */
import "./kit";
import { measureExporter } from "./exporter";
import { measureGrowth } from "./growth";
import type { Ratio } from "./measure";
import { measurePointInTime } from "./point-in-time";
import { measurePreview } from "./preview";
import { measureRecover } from "./recover";
import { measureRestore } from "./restore";
import { measureStart } from "./start";
import { measurePoints } from "./state-points";
import { measureStorePreview } from "./store-preview";
import { measureVerify } from "./verify";

function row(cells: readonly string[]): string {
  const widths = [12, 34, 10, 10, 8, 8, 9];
  return cells
    .map((cell, index) => (index < 2 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0)))
    .join(" ");
}

function tableOf(ratios: readonly Ratio[]): string {
  const lines = ratios.map((line) =>
    row([
      line.measure,
      line.what,
      `${line.milliseconds.toFixed(0)} ms`,
      `${line.againstMilliseconds.toFixed(0)} ms`,
      line.ratio.toFixed(2),
      `≤ ${String(line.atMost)}`,
      line.peakMebibytes === undefined ? "" : `${line.peakMebibytes.toFixed(0)} MiB`,
    ]),
  );
  return [row(["measure", "what", "took", "against", "ratio", "target", "peak"]), ...lines].join("\n");
}

function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function main(argv: readonly string[]): Promise<void> {
  const unknown = argv.find((argument) => argument !== "--json");
  if (unknown !== undefined) throw new Error(`unknown argument '${unknown}'; write: npm run bench -- --json`);
  progress("start of the command line");
  const ratios = [
    ...(await measureStart()),
    ...(await measurePreview(progress)),
    await measureRestore(progress),
    await measureRecover(progress),
    await measureVerify(progress),
    ...(await measureGrowth(progress)),
    ...(await measureExporter(progress)),
    await measureStorePreview(progress),
    ...(await measurePoints(progress)),
    ...(await measurePointInTime(progress)),
  ];
  process.stdout.write(argv.includes("--json") ? `${JSON.stringify({ ratios })}\n` : `${tableOf(ratios)}\n`);
  if (ratios.some(({ ratio, atMost }) => ratio > atMost)) process.exitCode = 1;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
