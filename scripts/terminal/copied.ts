import { formatBytes, formatDuration } from "./durations";

/** Sooner a rate says nothing. */
const soonest = 2;

/**
 * How far something is that is copied or read: `1.2 GiB of 10.0 GiB, 100 MiB/s, 1 min 30 s left`.
 *
 * @param total bytes in all; undefined: nobody knows
 */
export function copiedText(done: number, total: number | undefined, seconds: number): string {
  const amount =
    total === undefined || total < done ? formatBytes(done) : `${formatBytes(done)} of ${formatBytes(total)}`;
  if (seconds < soonest || done === 0) return amount;
  const rate = done / seconds;
  const left = total === undefined ? 0 : (total - done) / rate;
  return [
    amount,
    `${formatBytes(Math.round(rate))}/s`,
    ...(left >= 1 ? [`${formatDuration(Math.ceil(left))} left`] : []),
  ].join(", ");
}

/** The same of what begins now, for each count of bytes that comes. */
export function copiedSince(
  total: number | undefined,
  tell: (text: string) => void,
  clock: () => number = () => performance.now(),
): (done: number) => void {
  const started = clock();
  return (done) => tell(copiedText(done, total, (clock() - started) / 1_000));
}
