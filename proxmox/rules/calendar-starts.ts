/**
 * When a calendar event starts next.
 *
 * Proxmox walks a wall clock forward, field by field, and lets C's `mktime` turn every reading into a moment. How the
 * walk behaves around summer time follows from that: a start in the hour that spring leaves out moves on by an hour,
 * the hour that autumn repeats is passed once. Source: proxmox-time, `CalendarEvent::compute_next_event`; glibc,
 * `mktime`.
 */
import type { CalendarEvent, FieldEntry } from "./calendar-syntax";
import { utcOffset, weekday } from "./time-zones";

/** Proxmox gives up after this many steps; only events without any date, such as 30 February, need them. */
const stepLimit = 1000;

/** Seconds that a wall clock is ahead of UTC at a moment. */
type Offset = (moment: number) => number;

/** A wall clock that can be set, with the offset that `mktime` tries first: the one that fitted last. */
class WallClock {
  private offset: number;

  /** @param reading what the clock shows, in seconds as if it ran on UTC. */
  private constructor(
    private readonly offsetAt: Offset,
    private reading: number,
    offset: number,
  ) {
    this.offset = offset;
  }

  static at(moment: number, offsetAt: Offset): WallClock {
    const offset = offsetAt(moment);
    return new WallClock(offsetAt, moment + offset, offset);
  }

  get moment(): number {
    return momentOf(this.reading, this.offsetAt, this.offset);
  }

  get fields(): Fields {
    const date = new Date(this.reading * 1000);
    return {
      year: date.getUTCFullYear(),
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
      hour: date.getUTCHours(),
      minute: date.getUTCMinutes(),
      second: date.getUTCSeconds(),
    };
  }

  /**
   * Sets the clock. Fields may be too large and carry over; a time that the clock jumps over becomes the one after the
   * jump.
   */
  set(fields: Fields): void {
    const { year, month, day, hour, minute, second } = fields;
    const reading = Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
    const moment = momentOf(reading, this.offsetAt, this.offset);
    this.offset = reading - moment;
    this.reading = moment + this.offsetAt(moment);
  }
}

interface Fields {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** As many as glibc makes; four are enough for one change of the offset. */
const probeLimit = 6;

/**
 * The moment at which a clock shows a reading, found as glibc does: try an offset, correct by what is wrong, again. Of
 * two moments with the same reading it finds the one whose offset is tried first.
 */
function momentOf(reading: number, offsetAt: Offset, firstOffset: number): number {
  let moment = reading - firstOffset;
  let before = moment;
  let twoBefore = moment;
  for (let probe = 0; probe < probeLimit; probe += 1) {
    const offset = offsetAt(moment);
    const error = reading - (moment + offset);
    if (error === 0) {
      return moment;
    }
    // Going to and fro between two moments means that no clock ever showed the reading; summer time's moment is taken.
    if (moment === twoBefore && moment !== before && offsetAt(before) <= offset) {
      return moment;
    }
    [twoBefore, before, moment] = [before, moment, moment + error];
  }
  return moment;
}

/**
 * The first start strictly after a moment.
 *
 * @param after unix seconds.
 * @returns unix seconds, or undefined when there is none (`2020-01-01 00:00`).
 * @throws RangeError when the time zone is unknown.
 */
export function nextStart(event: CalendarEvent, after: number, timeZone: string): number | undefined {
  const clock = WallClock.at(Math.floor(after) + 1, event.utc ? () => 0 : (moment) => utcOffset(moment, timeZone));
  for (let step = 0; step <= stepLimit; step += 1) {
    const next = advance(event, clock.fields);
    if (next === "fits") {
      return clock.moment;
    }
    if (next === "never") {
      return undefined;
    }
    clock.set(next);
  }
  return undefined;
}

/**
 * One step of the walk: the largest field that does not fit goes to its next value, and all below to their least. A
 * field without a next value makes the one above go on by one.
 */
function advance(event: CalendarEvent, now: Fields): Fields | "fits" | "never" {
  const midnight = { hour: 0, minute: 0, second: 0 };
  if (!fits(event.years, now.year)) {
    const next = nextValue(event.years, now.year);
    return next === undefined ? "never" : { year: next, month: 1, day: 1, ...midnight };
  }
  if (!fits(event.months, now.month)) {
    const next = nextValue(event.months, now.month);
    return next === undefined
      ? { year: now.year + 1, month: 1, day: 1, ...midnight }
      : { ...now, month: next, day: 1, ...midnight };
  }
  if (!fits(event.days, now.day)) {
    const next = nextValue(event.days, now.day);
    return next === undefined
      ? { ...now, month: now.month + 1, day: 1, ...midnight }
      : { ...now, day: next, ...midnight };
  }
  if (event.weekdays.length > 0 && !event.weekdays.includes(weekday(now))) {
    const today = weekday(now);
    // Where none is left in this week, the walk stops at Monday first.
    const next = event.weekdays.find((candidate) => candidate > today) ?? 7;
    return { ...now, day: now.day + next - today, ...midnight };
  }
  return advanceTime(event, now);
}

function advanceTime(event: CalendarEvent, now: Fields): Fields | "fits" {
  if (!fits(event.hours, now.hour)) {
    const next = nextValue(event.hours, now.hour);
    return next === undefined
      ? { ...now, day: now.day + 1, hour: 0, minute: 0, second: 0 }
      : { ...now, hour: next, minute: 0, second: 0 };
  }
  if (!fits(event.minutes, now.minute)) {
    const next = nextValue(event.minutes, now.minute);
    return next === undefined
      ? { ...now, hour: now.hour + 1, minute: 0, second: 0 }
      : { ...now, minute: next, second: 0 };
  }
  if (!fits(event.seconds, now.second)) {
    const next = nextValue(event.seconds, now.second);
    return next === undefined ? { ...now, minute: now.minute + 1, second: 0 } : { ...now, second: next };
  }
  return "fits";
}

function fits(entries: readonly FieldEntry[], value: number): boolean {
  return entries.length === 0 || entries.some((entry) => entryHolds(entry, value));
}

function entryHolds({ from, to, step }: FieldEntry, value: number): boolean {
  if (step === undefined) {
    return value >= from && value <= (to ?? from);
  }
  const onStep = step === 0 ? value === from : (value - from) % step === 0;
  return value >= from && value <= (to ?? Infinity) && onStep;
}

/**
 * The least value above `value`. That of a step without an end may be too large for its field and carries over, as in
 * Proxmox.
 */
function nextValue(entries: readonly FieldEntry[], value: number): number | undefined {
  const candidates = entries.map((entry) => nextOfEntry(entry, value)).filter((next) => next !== undefined);
  return candidates.length === 0 ? undefined : Math.min(...candidates);
}

function nextOfEntry({ from, to, step }: FieldEntry, value: number): number | undefined {
  if (value < from) {
    return from;
  }
  if (step === undefined) {
    return to !== undefined && value < to ? value + 1 : undefined;
  }
  if (step === 0) {
    return undefined;
  }
  const next = from + (Math.floor((value - from) / step) + 1) * step;
  return next <= (to ?? Infinity) ? next : undefined;
}

/** Spans that are searched backwards, in seconds: events come often or seldom, and each span is walked from its start. */
const spans = [3_600, 86_400, 8 * 86_400, 62 * 86_400, 400 * 86_400, 4 * 366 * 86_400];

/**
 * The last start that is not after a moment.
 *
 * @param now unix seconds.
 * @returns unix seconds, or undefined when there was none within four years.
 * @throws RangeError when the time zone is unknown.
 */
export function lastStart(event: CalendarEvent, now: number, timeZone: string): number | undefined {
  for (const span of spans) {
    let last: number | undefined;
    for (let next = nextStart(event, now - span, timeZone); next !== undefined && next <= now;) {
      last = next;
      next = nextStart(event, next, timeZone);
    }
    if (last !== undefined) return last;
  }
  return undefined;
}
