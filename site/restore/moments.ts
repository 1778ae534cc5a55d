import { daysInMonth, localTime, unixSeconds, utcSeconds, type LocalTime } from "../../proxmox/rules/time-zones";

/** A time that an operator wrote and that cannot be read; the message says what is allowed. */
export class MomentError extends Error {
  override readonly name = "MomentError";
}

const pattern =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s?(Z|z|[+-]\d{2}(?::?\d{2})?)?)?$/;

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
  const match = pattern.exec(text.trim());
  if (match === null) {
    throw new MomentError(
      `'${text}' is not a time: expected 2026-11-20 (its end), 2026-11-20T03:00 or 2026-11-20 03:00:00, with Z or +02:00 if it is not the node's own time`,
    );
  }
  const [, year, month, day, hour, minute, second, zone] = match;
  const local: LocalTime = {
    year: Number(year),
    month: Number(month),
    day: Number(day),
    hour: Number(hour ?? 0),
    minute: Number(minute ?? 0),
    second: Number(second ?? 0),
  };
  refuseWrongFields(text, local);
  if (zone !== undefined) {
    return utcSeconds(local) - zoneOffset(text, zone);
  }
  if (hour === undefined) {
    return unixSeconds({ ...local, day: local.day + 1 }, timeZone, "first") - 1;
  }
  return unixSeconds(local, timeZone, "second");
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

/** Seconds ahead of UTC of `Z`, `+02`, `+0200`, `+02:00`. */
function zoneOffset(text: string, zone: string): number {
  if (zone.toUpperCase() === "Z") {
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
