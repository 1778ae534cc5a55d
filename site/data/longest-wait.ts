import { nextStart } from "../../proxmox/rules/calendar-starts";
import { parseCalendarEvent } from "../../proxmox/rules/calendar-syntax";

/** Seconds that a run may take, and then some. */
const grace = 2 * 3_600;

const day = 86_400;

/**
 * After how many seconds without a newer dump a source has missed a run: the longest of the pauses that its schedule has around
 * the newest one. Only pauses count, since the guest's time zone is not known here.
 *
 * @param at calendar event of Proxmox; infinite for one that does not come again
 * @param newest Unix seconds of the newest dump
 */
export function longestWait(at: string, newest: number): number {
  const event = parseCalendarEvent(at);
  const next = (after: number): number => nextStart(event, after, "UTC") ?? Number.POSITIVE_INFINITY;
  const first = next(newest - day);
  const second = next(first);
  if (second === Number.POSITIVE_INFINITY) return second;
  return Math.max(second - first, next(second) - second) + grace;
}
