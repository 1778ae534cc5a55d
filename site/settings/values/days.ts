import type { CalendarDay } from "../environment";

/**
 * A day of the calendar, `2027-06-30`. Pulumi's own reader of YAML takes an unquoted date for a moment and hands over
 * `2027-06-30 00:00:00 +0000 UTC`, which is the same day here.
 *
 * @returns undefined for anything else, also for the 30th of February.
 */
export function parseDay(raw: unknown): CalendarDay | undefined {
  if (typeof raw !== "string") return undefined;
  const [, day] = /^(\d{4}-\d{2}-\d{2})(?: 00:00:00 \+0000 UTC|T00:00:00Z)?$/.exec(raw) ?? [];
  if (day === undefined) return undefined;
  const moment = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(moment.getTime()) && moment.toISOString().startsWith(day) ? day : undefined;
}
