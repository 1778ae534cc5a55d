/** One line of the report: a ratio of two times of the same run, and what it may be at most. */
export interface Ratio {
  readonly measure: string;
  readonly what: string;
  /** Milliseconds, medians. */
  readonly milliseconds: number;
  readonly againstMilliseconds: number;
  readonly ratio: number;
  readonly atMost: number;
  /** Peak memory of the measured process in MiB, where it was taken. */
  readonly peakMebibytes?: number;
}

/**
 * Runs both in turns, so that a slow moment of the machine hits both, and compares medians.
 *
 * @param between is done before each, and not measured.
 * @returns medians in milliseconds.
 */
export async function inTurns(
  runs: number,
  measured: () => Promise<void>,
  against: () => Promise<void>,
  between: () => Promise<void> = () => Promise.resolve(),
): Promise<{ readonly measured: number; readonly against: number }> {
  const times = { measured: [] as number[], against: [] as number[] };
  for (let run = 0; run < runs; run += 1) {
    await between();
    times.against.push(await millisecondsOf(against));
    await between();
    times.measured.push(await millisecondsOf(measured));
  }
  return { measured: median(times.measured), against: median(times.against) };
}

/** Median time of several runs in milliseconds. */
export async function medianOf(runs: number, work: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) times.push(await millisecondsOf(work));
  return median(times);
}

async function millisecondsOf(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
