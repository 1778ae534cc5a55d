/**
 * The syntax of Proxmox's calendar events: `[WEEKDAYS] [[YEAR-]MONTH-DAY] [[HOUR:]MINUTE[:SECOND]] [UTC]` and a few
 * words.
 *
 * Source: proxmox-time, `parse_calendar_event`. What it accepts follows from its order of attempts, and that is kept
 * here: a part that does not fit is left for the next part, so `24:00` (no hour) is read as minute 24, second 0.
 */

/** Value, range or step of one field: `5`, `1..7`, `0/15`. A step without an end goes on to the field's end. */
export interface FieldEntry {
  readonly from: number;
  /** Last value, included. Undefined for a single value. */
  readonly to?: number;
  readonly step?: number;
}

/** A parsed event. An empty list means "any". */
export interface CalendarEvent {
  readonly text: string;
  /** 0 Monday to 6 Sunday. */
  readonly weekdays: readonly number[];
  readonly years: readonly FieldEntry[];
  readonly months: readonly FieldEntry[];
  readonly days: readonly FieldEntry[];
  readonly hours: readonly FieldEntry[];
  readonly minutes: readonly FieldEntry[];
  readonly seconds: readonly FieldEntry[];
  /** The event ends in `UTC`: the node's time zone does not matter. */
  readonly utc: boolean;
}

/** An event that Proxmox refuses. */
export class CalendarEventError extends Error {
  override readonly name = "CalendarEventError";
  /** Offset in the text of the first character that is wrong. */
  readonly position: number;

  constructor(message: string, position: number) {
    super(message);
    this.position = position;
  }
}

/** A field's name for messages, its least value, and the first value that is too large. */
interface Field {
  readonly name: string;
  readonly start: number;
  readonly limit: number;
}

const year: Field = { name: "year", start: 0, limit: 2200 };
const month: Field = { name: "month", start: 1, limit: 13 };
const day: Field = { name: "day", start: 1, limit: 32 };
const hour: Field = { name: "hour", start: 0, limit: 24 };
const minute: Field = { name: "minute", start: 0, limit: 60 };
const second: Field = { name: "second", start: 0, limit: 60 };

const zero: readonly FieldEntry[] = [{ from: 0 }];
const first: readonly FieldEntry[] = [{ from: 1 }];
const any = { weekdays: [], years: [], months: [], days: [], hours: [], minutes: [], seconds: zero };
const midnight = { ...any, hours: zero, minutes: zero };

/** Words that stand for a whole event. Unlike weekdays they are written in small letters only. */
const words: ReadonlyMap<string, Omit<CalendarEvent, "text" | "utc">> = new Map([
  ["minutely", any],
  ["hourly", { ...any, minutes: zero }],
  ["daily", midnight],
  ["weekly", { ...midnight, weekdays: [0] }],
  ["monthly", { ...midnight, days: first }],
  ["quarterly", { ...midnight, days: first, months: [1, 4, 7, 10].map((from) => ({ from })) }],
  ["semiannually", { ...midnight, days: first, months: [1, 7].map((from) => ({ from })) }],
  ["semi-annually", { ...midnight, days: first, months: [1, 7].map((from) => ({ from })) }],
  ["yearly", { ...midnight, days: first, months: first }],
  ["annually", { ...midnight, days: first, months: first }],
]);

const weekdayNames = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

interface Failure {
  readonly position: number;
  readonly expected: string;
}

/** Reads from the left. */
class Reader {
  position = 0;
  /** The attempt that came furthest says best what is missing. */
  furthest: Failure = { position: 0, expected: "a weekday, a date or a time" };
  /** A value that no attempt could take says better what is wrong than what the attempts after it missed. */
  wrongValue: Failure | undefined;

  constructor(readonly text: string) {}

  get rest(): string {
    return this.text.slice(this.position);
  }

  take(token: string): boolean {
    const found = this.text.startsWith(token, this.position);
    this.position += found ? token.length : 0;
    return found;
  }

  match(pattern: RegExp): string | undefined {
    const found = pattern.exec(this.rest)?.[0];
    this.position += found?.length ?? 0;
    return found;
  }

  missing(expected: string, position = this.position): undefined {
    if (position > this.furthest.position) {
      this.furthest = { position, expected };
    }
    return undefined;
  }

  wrong(expected: string, position: number): undefined {
    if (position >= (this.wrongValue?.position ?? 0)) {
      this.wrongValue = { position, expected };
    }
    return undefined;
  }

  /** Runs an attempt and goes back to where it began if it fails. */
  attempt<Result>(read: () => Result | undefined): Result | undefined {
    const before = this.position;
    const result = read();
    if (result === undefined) {
      this.position = before;
    }
    return result;
  }
}

/**
 * Reads a calendar event.
 *
 * @throws CalendarEventError with the position of what is wrong.
 */
export function parseCalendarEvent(text: string): CalendarEvent {
  const utc = text.endsWith("UTC");
  const body = utc ? text.slice(0, -"UTC".length).replace(/ +$/, "") : text;
  const word = words.get(body);
  if (word !== undefined) {
    return { text, utc, ...word };
  }
  const reader = new Reader(body);
  const weekdays = /^[A-Za-z]/.test(body) ? readWeekdays(reader) : [];
  if (weekdays !== undefined) {
    if (weekdays.length > 0) {
      reader.match(/^[ \t]*/);
    }
    const date = readDate(reader);
    if (date !== undefined) {
      reader.match(/^[ \t]*/);
    }
    const time = readTime(reader);
    const hasPart = weekdays.length > 0 || date !== undefined || time !== undefined;
    if (hasPart && reader.rest === "") {
      return { text, utc, ...any, weekdays, ...date, ...(time ?? { hours: zero, minutes: zero, seconds: zero }) };
    }
  }
  throw explain(text, reader);
}

function explain(text: string, reader: Reader): CalendarEventError {
  const { position, expected } = reader.wrongValue ?? missingPart(reader);
  const found = position < text.length ? `'${text.slice(position)}'` : "the end";
  return new CalendarEventError(
    `unable to parse calendar event at ${found} (position ${position + 1}): expected ${expected}`,
    position,
  );
}

function missingPart({ position, furthest }: Reader): Failure {
  const cameFurther = furthest.position > position || position === 0;
  return cameFurther ? furthest : { position, expected: "the end of the event" };
}

function readWeekdays(reader: Reader): number[] | undefined {
  const days = readList(reader, () => readWeekdayRange(reader));
  return days === undefined ? undefined : [...new Set(days.flat())].sort((a, b) => a - b);
}

/** Entries between commas. A comma behind which nothing fits is not a part of the list. */
function readList<Entry>(reader: Reader, readEntry: () => Entry | undefined): Entry[] | undefined {
  const entry = reader.attempt(readEntry);
  if (entry === undefined) {
    return undefined;
  }
  const entries = [entry];
  for (;;) {
    const next = reader.attempt(() => (reader.take(",") ? readEntry() : undefined));
    if (next === undefined) {
      return entries;
    }
    entries.push(next);
  }
}

/** `mon`, `mon..fri`, also around the week's end: `sat..mon`. */
function readWeekdayRange(reader: Reader): number[] | undefined {
  const from = readWeekday(reader);
  if (from === undefined) {
    return undefined;
  }
  const to = reader.attempt(() => (reader.take("..") ? readWeekday(reader) : undefined));
  const length = to === undefined ? 1 : ((to - from + 7) % 7) + 1;
  return Array.from({ length }, (_, offset) => (from + offset) % 7);
}

function readWeekday(reader: Reader): number | undefined {
  const start = reader.position;
  const name = reader.match(/^[A-Za-z]+/)?.toLowerCase() ?? "";
  const index = weekdayNames.findIndex((full) => name === full || name === full.slice(0, 3));
  return index === -1 ? reader.wrong("a weekday, such as mon or monday", start) : index;
}

function readDate(reader: Reader): Pick<CalendarEvent, "years" | "months" | "days"> | undefined {
  return (
    reader.attempt(() => {
      const years = readField(reader, year);
      const months = years && reader.take("-") ? readField(reader, month) : undefined;
      const days = months && reader.take("-") ? readField(reader, day) : undefined;
      return years && months && days && { years, months, days };
    }) ??
    reader.attempt(() => {
      const months = readField(reader, month);
      const days = months && reader.take("-") ? readField(reader, day) : undefined;
      return months && days && { years: [], months, days };
    })
  );
}

function readTime(reader: Reader): Pick<CalendarEvent, "hours" | "minutes" | "seconds"> | undefined {
  return reader.attempt(() => {
    const hours = reader.attempt(() => {
      const list = readField(reader, hour);
      return list !== undefined && reader.take(":") ? list : undefined;
    });
    const minutes = readField(reader, minute);
    if (minutes === undefined) {
      return undefined;
    }
    const seconds = reader.attempt(() => (reader.take(":") ? readField(reader, second) : undefined));
    return { hours: hours ?? [], minutes, seconds: seconds ?? zero };
  });
}

/** All values of a field: `*`, a step from the field's start, or a list. */
function readField(reader: Reader, field: Field): readonly FieldEntry[] | undefined {
  if (!reader.take("*")) {
    return readList(reader, () => readEntry(reader, field));
  }
  const step = reader.attempt(() => {
    const value = reader.take("/") ? readNumber(reader, field) : undefined;
    return value === 0 ? undefined : value;
  });
  return step === undefined ? [] : [{ from: field.start, step }];
}

function readEntry(reader: Reader, field: Field): FieldEntry | undefined {
  const start = reader.position;
  const from = readNumber(reader, field);
  if (from === undefined) {
    return undefined;
  }
  const to = reader.attempt(() => (reader.take("..") ? readNumber(reader, field) : undefined));
  if (to !== undefined && from > to) {
    return reader.wrong(`a range of ${field.name}s whose start is not after its end`, start);
  }
  const range = to === undefined ? { from } : { from, to };
  if (!reader.take("/")) {
    return range;
  }
  const step = readNumber(reader, field);
  return step === undefined ? undefined : { ...range, step };
}

function readNumber(reader: Reader, field: Field): number | undefined {
  const start = reader.position;
  const digits = reader.match(/^\d+/);
  if (digits === undefined) {
    return reader.missing("a number");
  }
  const value = Number(digits);
  return value >= field.limit ? reader.wrong(`a ${field.name} below ${field.limit}`, start) : value;
}
