/**
 * Proxmox's calendar events: when backup jobs start.
 *
 * They look like systemd's and are not the same (`24:00` is valid and means minute 24, second 0). 373 cases decided by
 * Proxmox's own code agree.
 */
export { lastStart, nextStart } from "./calendar-starts";
export { CalendarEventError, parseCalendarEvent, type CalendarEvent, type FieldEntry } from "./calendar-syntax";
