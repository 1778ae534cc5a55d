import { daysInMonth, localTime, unixSeconds, utcSeconds, type LocalTime } from "../../proxmox/rules/time-zones";

/** A time that an operator wrote and that cannot be read; the message says what is allowed. */
export class MomentError extends Error {
  override readonly name = "MomentError";
}

const pattern =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?\s?(Z|z|UTC|[+-]\d{2}(?::?\d{2})?)?)?$/;

/**
 * Reads a moment as people write it: `2026-11-20` (the end of that day), `2026-11-20T03:00`, `2026-11-20 03:00:00`,
 * with `Z` or `+02:00` behind it where it is not the node's own time.
 *
 * A wall clock that autumn shows twice means the later of both moments: "not later than 02:30" must not leave out an
 * archive of the second 02:30.
 *
 * @param timeZone the node's.
 * @returns unix seconds.
 * @throws MomentError
 */
export function parseMoment(text: string, timeZone: string): number {
  const { local, zone, isDay } = read(text, "2026-11-20 (its end), ");
  if (zone !== undefined) return utcSeconds(local) - zoneOffset(text, zone);
  if (isDay) return unixSeconds({ ...local, day: local.day + 1 }, timeZone, "first") - 1;
  return unixSeconds(local, timeZone, "second");
}

/**
 * Reads a moment that is no whole day: `2026-11-22 13:29:15.786`, in UTC unless it says another zone.
 *
 * @returns unix time in milliseconds.
 * @throws MomentError
 */
export function parseInstant(text: string): number {
  const { local, zone = "Z", isDay, milliseconds } = read(text, "");
  if (isDay) throw new MomentError(`'${text}' is a day, and no point in time: expected ${clockForms}`);
  return (utcSeconds(local) - zoneOffset(text, zone)) * 1000 + milliseconds;
}

/** Whether a moment is a whole day. @throws MomentError */
export function isWholeDay(text: string): boolean {
  return read(text, "").isDay;
}

const clockForms = "2026-11-20T03:00 or 2026-11-20 03:00:00, with Z or +02:00 behind it to name the zone";

interface WrittenMoment {
  readonly local: LocalTime;
  /** Undefined: it names none. */
  readonly zone: string | undefined;
  readonly isDay: boolean;
  /** Of the second. */
  readonly milliseconds: number;
}

/** @throws MomentError that names the forms, with these before them */
function read(text: string, further: string): WrittenMoment {
  const match = pattern.exec(text.trim());
  if (match === null) throw new MomentError(`'${text}' is not a time: expected ${further}${clockForms}`);
  const [, year, month, day, hour, minute, second, fraction = "0", zone] = match;
  const local: LocalTime = {
    year: Number(year),
    month: Number(month),
    day: Number(day),
    hour: Number(hour ?? 0),
    minute: Number(minute ?? 0),
    second: Number(second ?? 0),
  };
  refuseWrongFields(text, local);
  return { local, zone, isDay: hour === undefined, milliseconds: Math.floor(Number(`0.${fraction}`) * 1000) };
}

function refuseWrongFields(text: string, { year, month, day, hour, minute, second }: LocalTime): void {
  if (month < 1 || month > 12) {
    throw new MomentError(`'${text}' is not a time: there is no month ${month}`);
  }
  if (day < 1 || day > daysInMonth(year, month)) {
    throw new MomentError(`'${text}' is not a time: that month has no day ${day}`);
  }
  if (hour > 23 || minute > 59 || second > 59) {
    throw new MomentError(`'${text}' is not a time: the clock goes from 00:00:00 to 23:59:59`);
  }
}

/** Seconds ahead of UTC of `Z`, `UTC`, `+02`, `+0200`, `+02:00`. */
function zoneOffset(text: string, zone: string): number {
  if (["Z", "UTC"].includes(zone.toUpperCase())) {
    return 0;
  }
  const [, sign, hours, minutes] = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone) ?? [];
  // The widest offsets in use are -12:00 and +14:00.
  if (Number(hours) > 14 || Number(minutes ?? 0) > 59) {
    throw new MomentError(`'${text}' is not a time: no place is ${zone} from UTC`);
  }
  const seconds = Number(hours) * 3600 + Number(minutes ?? 0) * 60;
  return sign === "-" ? -seconds : seconds;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** `2026-11-20 03:00:00` by the wall clock of the node. */
export function formatMoment(moment: number, timeZone: string): string {
  const { year, month, day, hour, minute, second } = localTime(moment, timeZone);
  return `${String(year).padStart(4, "0")}-${two(month)}-${two(day)} ${[hour, minute, second].map(two).join(":")}`;
}
