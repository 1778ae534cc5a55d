/** A number of bytes. */
export type Bytes = number;

/** A number of seconds. */
export type Seconds = number;

/** A calendar day, `2027-06-30`. It has no time zone until somebody compares it with a clock. */
export type CalendarDay = string;
