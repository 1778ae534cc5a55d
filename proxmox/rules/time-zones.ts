/**
 * Wall clock and unix time of a node.
 *
 * Proxmox names archives, prunes them and starts jobs by the node's local time, so everything here takes an IANA time
 * zone. Only `Intl` is used: no time zone data of our own that could go out of date.
 */

/** A reading of a wall clock: `month` 1 to 12, `day` 1 to 31, `hour` 0 to 23. */
export interface LocalTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** Says which of two moments a wall clock that was set back shows, for example 02:30 on the last Sunday of October. */
export type Repetition = "first" | "second";

const formatters = new Map<string, Intl.DateTimeFormat>();

/** Formatters are slow to make and fast to use, so there is one per time zone. */
function formatterFor(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known !== undefined) {
    return known;
  }
  const formatter = new Intl.DateTimeFormat("en-US", {
    timeZone,
    calendar: "gregory",
    numberingSystem: "latn",
    hourCycle: "h23",
    era: "short",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  formatters.set(timeZone, formatter);
  return formatter;
}

/** True for the names that a node's `/etc/timezone` may hold, such as `Europe/Paris` or `UTC`. */
export function isTimeZone(timeZone: string): boolean {
  try {
    formatterFor(timeZone);
    return true;
  } catch {
    return false;
  }
}

/** Unix seconds of a wall clock that runs on UTC. Fields out of range carry over, as in C's `timegm`. */
export function utcSeconds(local: LocalTime): number {
  const date = new Date(0);
  // Date.UTC would read the years 0 to 99 as 1900 to 1999.
  date.setUTCFullYear(local.year, local.month - 1, local.day);
  date.setUTCHours(local.hour, local.minute, local.second);
  return date.getTime() / 1000;
}

/**
 * The wall clock of `timeZone` at a unix time.
 *
 * @throws RangeError when the time zone is unknown.
 */
export function localTime(unixSeconds: number, timeZone: string): LocalTime {
  const whole = Math.floor(unixSeconds);
  const reading = new Date((whole + utcOffset(whole, timeZone)) * 1000);
  return {
    year: reading.getUTCFullYear(),
    month: reading.getUTCMonth() + 1,
    day: reading.getUTCDate(),
    hour: reading.getUTCHours(),
    minute: reading.getUTCMinutes(),
    second: reading.getUTCSeconds(),
  };
}

const day = 86_400;

/** Offsets at the starts of days, by time zone: asking `Intl` takes microseconds, and a year of starts asks often. */
const offsetsByDay = new Map<string, Map<number, number>>();
const cachedDays = 10_000;

/**
 * Seconds that the wall clock of `timeZone` is ahead of UTC at a unix time.
 *
 * @throws RangeError when the time zone is unknown.
 */
export function utcOffset(unixSeconds: number, timeZone: string): number {
  const start = Math.floor(unixSeconds / day);
  const offset = offsetAtDay(start, timeZone);
  // No zone changes its offset twice within a day.
  return offset === offsetAtDay(start + 1, timeZone) ? offset : offsetFromIntl(Math.floor(unixSeconds), timeZone);
}

/** The offset at the start of a day of UTC, counted from the epoch. */
function offsetAtDay(number: number, timeZone: string): number {
  let offsets = offsetsByDay.get(timeZone);
  if (offsets === undefined || offsets.size > cachedDays) {
    offsets = new Map();
    offsetsByDay.set(timeZone, offsets);
  }
  let offset = offsets.get(number);
  if (offset === undefined) {
    offset = offsetFromIntl(number * day, timeZone);
    offsets.set(number, offset);
  }
  return offset;
}

function offsetFromIntl(unixSeconds: number, timeZone: string): number {
  const fields = { year: 0, month: 1, day: 1, hour: 0, minute: 0, second: 0 };
  let beforeChrist = false;
  for (const part of formatterFor(timeZone).formatToParts(unixSeconds * 1000)) {
    switch (part.type) {
      case "year":
      case "month":
      case "day":
      case "hour":
      case "minute":
      case "second":
        fields[part.type] = Number(part.value);
        break;
      case "era":
        beforeChrist = part.value.startsWith("B");
        break;
      default:
        break;
    }
  }
  const year = beforeChrist ? 1 - fields.year : fields.year;
  return utcSeconds({ ...fields, year }) - unixSeconds;
}

/** Day of the week of a calendar date, 0 for Monday to 6 for Sunday. */
export function weekday(date: Pick<LocalTime, "year" | "month" | "day">): number {
  const { year, month } = date;
  const days = utcSeconds({ year, month, day: date.day, hour: 0, minute: 0, second: 0 }) / day;
  // The unix epoch was a Thursday.
  return (((days + 3) % 7) + 7) % 7;
}

/** Days of a month of the Gregorian calendar. */
export function daysInMonth(year: number, month: number): number {
  // Day 0 of the next month is the last day of this one.
  return new Date(utcSeconds({ year, month: month + 1, day: 0, hour: 0, minute: 0, second: 0 }) * 1000).getUTCDate();
}

/**
 * All unix times, earliest first, at which the wall clock of `timeZone` shows `local`: one as a rule, two where the
 * clock was set back over it, none where the clock jumped over it.
 */
export function momentsOf(local: LocalTime, timeZone: string): number[] {
  const asIfUtc = utcSeconds(local);
  // No zone is more than 26 hours away from UTC, and none changes its offset twice within two days.
  const offsets = new Set([utcOffset(asIfUtc - day, timeZone), utcOffset(asIfUtc + day, timeZone)]);
  return [...offsets]
    .map((offset) => asIfUtc - offset)
    .filter((moment) => asIfUtc - utcOffset(moment, timeZone) === moment)
    .sort((a, b) => a - b);
}

/**
 * The unix time at which the wall clock of `timeZone` shows `local`.
 *
 * Where the clock was set back, `repetition` chooses. A time that the clock jumped over is moved on by the length of
 * the jump (02:30 becomes 03:30), as C's `mktime` and Perl's `timelocal` do. Fields out of range carry over.
 */
export function unixSeconds(local: LocalTime, timeZone: string, repetition: Repetition = "first"): number {
  const moments = momentsOf(local, timeZone);
  const chosen = repetition === "first" ? moments[0] : moments.at(-1);
  if (chosen !== undefined) {
    return chosen;
  }
  const asIfUtc = utcSeconds(local);
  return asIfUtc - utcOffset(asIfUtc - day, timeZone);
}
