import { parseCalendarEvent } from "../../proxmox/rules/calendar-events";
import type { DataKeep } from "../settings/data";
import { missingRuns } from "../verify/missing-archives";

interface Kept {
  /** Calendar event of Proxmox. */
  readonly at: string;
  readonly keep: DataKeep;
  /** The guest's clock, unix seconds. */
  readonly now: number;
}

/**
 * Times of runs whose dump the retention would still keep, and that is not there. A source is as old as its oldest dump. The last
 * run does not count, which `status` looks at: where the guest's wall clock stands is not known here.
 *
 * @param times of the whole dumps that lie there, unix seconds
 */
export function missingDumps(times: readonly number[], { at, keep, now }: Kept): number[] {
  const retention = { keepDaily: keep.daily, keepWeekly: keep.weekly, keepMonthly: keep.monthly };
  return missingRuns(times, { event: parseCalendarEvent(at), retention, timeZone: "UTC", now, running: true });
}
