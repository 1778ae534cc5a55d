import type { Seconds } from "../environment";

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** What a duration looks like, for messages. */
export const durationFormat = "whole numbers with s, m, h, d or w, largest first, such as 24h or 7d 2h";

/**
 * Seconds of `24h`, `7d 2h`, `90s`. Months and years have no fixed length and are refused.
 *
 * @returns undefined for anything else, also for nothing and for units that repeat or grow.
 */
export function parseDuration(raw: unknown): Seconds | undefined {
  if (typeof raw !== "string" || !/^\d{1,9}[smhdw]( ?\d{1,9}[smhdw])*$/.test(raw)) return undefined;
  let total = 0;
  let smallest = Infinity;
  for (const [, digits, unit] of raw.matchAll(/(\d+)([smhdw])/g)) {
    const factor = units[unit ?? ""] ?? 0;
    if (factor >= smallest) return undefined;
    smallest = factor;
    total += Number(digits) * factor;
  }
  return Number.isSafeInteger(total) ? total : undefined;
}

/** Seconds as `1d 2h`. */
export function formatDuration(seconds: Seconds): string {
  const parts: string[] = [];
  let rest = Math.round(seconds);
  for (const unit of ["d", "h", "m", "s"]) {
    const factor = units[unit] ?? 1;
    if (rest >= factor) parts.push(`${Math.floor(rest / factor)}${unit}`);
    rest %= factor;
  }
  return parts.length === 0 ? "0s" : parts.join(" ");
}
