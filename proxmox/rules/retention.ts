/**
 * Which archives a retention keeps.
 *
 * Source: pve-storage, `PVE::Storage::Plugin::prune_mark_backup_group`; 180 cases decided by that code agree.
 */
import { localTime, utcSeconds, weekday, type LocalTime } from "./time-zones";

/** Counts of a retention as in Proxmox's `prune-backups`; a missing count and 0 are the same. */
export interface Retention {
  /** Keep everything; excludes all counts. */
  readonly keepAll?: boolean;
  readonly keepLast?: number;
  readonly keepHourly?: number;
  readonly keepDaily?: number;
  readonly keepWeekly?: number;
  readonly keepMonthly?: number;
  readonly keepYearly?: number;
}

/** What the rule needs to know about an archive. */
export interface RetainedArchive {
  /** Unix seconds, from the archive's name. */
  readonly time: number;
  readonly protected: boolean;
  /** The name is out of Proxmox's pattern: such archives are never pruned and do not count. */
  readonly renamed?: boolean;
  /** Archives are counted per group, such as `lxc/101`. All are one group when left out. */
  readonly group?: string;
}

/** What happens to an archive at the next prune. Protected and renamed archives stay. */
export type RetentionMark = "keep" | "remove" | "protected" | "renamed";

/** A retention that cannot be read; the message says why in Proxmox's words. */
export class RetentionError extends Error {
  override readonly name = "RetentionError";
}

/**
 * Says for each archive, in the order given, what a prune would do with it.
 *
 * @param timeZone the node's: days, weeks and years are those of its wall clock.
 */
export function markArchives(
  archives: readonly RetainedArchive[],
  retention: Retention,
  timeZone: string,
): RetentionMark[] {
  void archives;
  void retention;
  void timeZone;
  void localTime;
  void utcSeconds;
  void weekday;
  throw new Error("follows");
}

/**
 * Reads Proxmox's form, `keep-daily=7,keep-weekly=4`.
 *
 * @throws RetentionError on unknown options, counts that are not whole numbers, and `keep-all` beside a count.
 */
export function parseRetention(text: string): Retention {
  throw new Error(`follows ${text}`);
}

/** Writes Proxmox's form; a retention without any count above 0 is `keep-all=1`, which is what Proxmox makes of it. */
export function formatRetention(retention: Retention): string {
  throw new Error(`follows ${String(retention.keepAll)}`);
}
export type { LocalTime };
