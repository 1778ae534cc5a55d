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

type CountName = Exclude<keyof Retention, "keepAll">;

/** Proxmox's passes, in the order in which it makes them: each with the period that one archive stands for. */
const passes: readonly { readonly count: CountName; readonly option: string; readonly period: Period }[] = [
  { count: "keepLast", option: "keep-last", period: (_local, time) => String(time) },
  { count: "keepHourly", option: "keep-hourly", period: (local) => `${dayOf(local)} ${local.hour}` },
  { count: "keepDaily", option: "keep-daily", period: dayOf },
  { count: "keepWeekly", option: "keep-weekly", period: isoWeekOf },
  { count: "keepMonthly", option: "keep-monthly", period: (local) => `${local.year}-${local.month}` },
  { count: "keepYearly", option: "keep-yearly", period: (local) => String(local.year) },
];

type Period = (local: LocalTime, time: number) => string;

function dayOf(local: LocalTime): string {
  return `${local.year}-${local.month}-${local.day}`;
}

/** Year and week of ISO 8601: a week belongs to the year that holds its Thursday. */
function isoWeekOf(local: LocalTime): string {
  const midnight = utcSeconds({ ...local, hour: 0, minute: 0, second: 0 });
  const thursday = localTime(midnight + (3 - weekday(local)) * 86_400, "UTC");
  const firstOfYear = utcSeconds({ ...thursday, month: 1, day: 1 });
  return `${thursday.year} week ${Math.floor((utcSeconds(thursday) - firstOfYear) / (7 * 86_400)) + 1}`;
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
  const marks = archives.map(staysAnyway);
  const groups = new Map<string, number[]>();
  for (const [index, archive] of archives.entries()) {
    if (marks[index] === undefined) {
      const group = archive.group ?? "";
      groups.set(group, [...(groups.get(group) ?? []), index]);
    }
  }
  for (const indexes of groups.values()) {
    const times = indexes.map((index) => archives[index]?.time ?? 0);
    for (const [position, mark] of markGroup(times, retention, timeZone).entries()) {
      marks[indexes[position] ?? 0] = mark;
    }
  }
  return marks.map((mark) => mark ?? "keep");
}

function staysAnyway(archive: RetainedArchive): RetentionMark | undefined {
  if (archive.renamed === true) {
    return "renamed";
  }
  return archive.protected ? "protected" : undefined;
}

/** The marks of one guest's archives, in the order of their times given. */
function markGroup(times: readonly number[], retention: Retention, timeZone: string): RetentionMark[] {
  if (keepsEverything(retention)) {
    return times.map(() => "keep");
  }
  const newestFirst = times.map((time, index) => ({ time, index, local: localTime(time, timeZone) }));
  newestFirst.sort((a, b) => b.time - a.time);
  const marks = new Map<number, RetentionMark>();
  for (const { count, period } of passes) {
    const wanted = retention[count] ?? 0;
    const keptBefore = new Set(
      newestFirst.filter(({ index }) => marks.get(index) === "keep").map(({ local, time }) => period(local, time)),
    );
    const keptNow = new Set<string>();
    for (const { time, index, local } of newestFirst) {
      const id = period(local, time);
      if (marks.has(index) || keptBefore.has(id)) {
        continue;
      }
      if (keptNow.has(id)) {
        marks.set(index, "remove");
        continue;
      }
      if (keptNow.size >= wanted) {
        break;
      }
      keptNow.add(id);
      marks.set(index, "keep");
    }
  }
  return times.map((_time, index) => marks.get(index) ?? "remove");
}

/** True without any count above 0: Proxmox takes that as `keep-all`. */
export function keepsEverything(retention: Retention): boolean {
  return retention.keepAll === true || passes.every(({ count }) => (retention[count] ?? 0) === 0);
}

/**
 * Reads Proxmox's form, `keep-daily=7,keep-weekly=4`.
 *
 * @throws RetentionError on unknown options, counts that are not whole numbers, and `keep-all` beside a count.
 */
export function parseRetention(text: string): Retention {
  const counts: { -readonly [Name in CountName]?: number } = {};
  const seen = new Set<string>();
  let keepAll: boolean | undefined;
  for (const part of text.split(",").filter((part) => part.trim() !== "")) {
    const [option = "", value] = part.trim().split(/=(.*)/s);
    const count = passes.find((pass) => pass.option === option)?.count;
    if (value === undefined || (count === undefined && option !== "keep-all")) {
      throw new RetentionError(`unknown option '${option}', expected keep-all=1 or ${optionNames}`);
    }
    if (seen.has(option)) {
      throw new RetentionError(`duplicate key in comma-separated list property: ${option}`);
    }
    seen.add(option);
    if (count === undefined) {
      keepAll = parseFlag(option, value);
    } else {
      counts[count] = parseCount(option, value);
    }
  }
  if (keepAll === true && Object.values(counts).some((count) => count > 0)) {
    throw new RetentionError("keep-all cannot be set together with other options.");
  }
  return keepAll === undefined ? counts : { keepAll, ...counts };
}

const optionNames = passes.map(({ option }) => `${option}=N`).join(", ");

function parseFlag(option: string, value: string): boolean {
  if (/^(1|on|yes|true)$/i.test(value)) {
    return true;
  }
  if (/^(0|off|no|false)$/i.test(value)) {
    return false;
  }
  throw new RetentionError(`${option}: type check ('boolean') failed - got '${value}'`);
}

function parseCount(option: string, value: string): number {
  if (!/^\d{1,9}$/.test(value)) {
    throw new RetentionError(`${option}: type check ('integer') failed - got '${value}'`);
  }
  return Number(value);
}

/**
 * Reads the object form of a backup job's answer, `{"keep-daily": "7"}`; numbers may be text.
 *
 * @throws RetentionError as `parseRetention`.
 */
export function parseRetentionObject(object: Readonly<Record<string, string | number>>): Retention {
  return parseRetention(
    Object.entries(object)
      .map(([option, value]) => `${option}=${value}`)
      .join(","),
  );
}

/** Writes Proxmox's form; a retention without any count above 0 is `keep-all=1`, which is what Proxmox makes of it. */
export function formatRetention(retention: Retention): string {
  if (keepsEverything(retention)) {
    return "keep-all=1";
  }
  return passes
    .filter(({ count }) => (retention[count] ?? 0) > 0)
    .map(({ count, option }) => `${option}=${retention[count]}`)
    .join(",");
}
