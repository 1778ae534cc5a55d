import * as fc from "fast-check";
import {
  CalendarEventError,
  nextStart,
  parseCalendarEvent,
  type FieldEntry,
} from "../../../../proxmox/rules/calendar-events";
import { localTime, unixSeconds, weekday } from "../../../../proxmox/rules/time-zones";

/** Unix seconds of `2026-10-25T02:30:00+02:00`. */
function at(text: string): number {
  return Date.parse(text) / 1000;
}

function starts(text: string, timeZone: string, after: string, count: number): string[] {
  const event = parseCalendarEvent(text);
  const found: string[] = [];
  let moment = at(after);
  for (let index = 0; index < count; index += 1) {
    const next = nextStart(event, moment, timeZone);
    if (next === undefined) break;
    found.push(new Date(next * 1000).toISOString().replace(":00.000Z", "Z"));
    moment = next;
  }
  return found;
}

describe("parseCalendarEvent", () => {
  const any = {
    weekdays: [],
    years: [],
    months: [],
    days: [],
    hours: [],
    minutes: [],
    seconds: [{ from: 0 }],
    utc: false,
  };
  const zero = [{ from: 0 }];

  it.each([
    ["01:30", { hours: [{ from: 1 }], minutes: [{ from: 30 }] }],
    ["24:00", { minutes: [{ from: 24 }] }],
    ["*:0/15", { minutes: [{ from: 0, step: 15 }] }],
    ["*/2:5,35:30", { hours: [{ from: 0, step: 2 }], minutes: [{ from: 5 }, { from: 35 }], seconds: [{ from: 30 }] }],
    ["mon..wed,Sat 3:00", { weekdays: [0, 1, 2, 5], hours: [{ from: 3 }], minutes: zero }],
    ["sat..mon", { weekdays: [0, 5, 6], hours: zero, minutes: zero }],
    ["Sunday2:00", { weekdays: [6], hours: [{ from: 2 }], minutes: zero }],
    ["*-*-01 4:00", { days: [{ from: 1 }], hours: [{ from: 4 }], minutes: zero }],
    ["12-24", { months: [{ from: 12 }], days: [{ from: 24 }], hours: zero, minutes: zero }],
    [
      "2026/2-*-1..20/5",
      { years: [{ from: 2026, step: 2 }], days: [{ from: 1, to: 20, step: 5 }], hours: zero, minutes: zero },
    ],
    ["*-*/3-1", { months: [{ from: 1, step: 3 }], days: [{ from: 1 }], hours: zero, minutes: zero }],
    ["weekly UTC", { weekdays: [0], hours: zero, minutes: zero, utc: true }],
    ["hourly", { minutes: zero }],
    ["minutely", {}],
    ["30", { minutes: [{ from: 30 }] }],
    ["1,30:15", { minutes: [{ from: 1 }, { from: 30 }], seconds: [{ from: 15 }] }],
  ])("reads %s", (text, parts) => {
    expect(parseCalendarEvent(text)).toEqual({ ...any, text, ...parts });
  });

  it.each([
    ["", 0, "a weekday, a date or a time"],
    ["23:60", 3, "a minute below 60"],
    ["mon-fri 02:00", 3, "the end of the event"],
    ["mon..", 5, "a weekday, such as mon or monday"],
    ["02:00 mon", 5, "the end of the event"],
    ["22..4:00", 0, "a range of minutes whose start is not after its end"],
    ["*-13-01", 2, "a month below 13"],
    ["*-*-32", 4, "a day below 32"],
    ["*:0/", 4, "a number"],
    ["Daily", 0, "a weekday"],
    [" 1:00", 0, "a weekday, a date or a time"],
    ["01:00,", 6, "a number"],
    ["last sun 2:00", 0, "a weekday"],
    ["UTC", 0, "a weekday, a date or a time"],
  ])("refuses %p and says where", (text, position, expected) => {
    const attempt = (): unknown => parseCalendarEvent(text);
    expect(attempt).toThrow(CalendarEventError);
    expect(attempt).toThrow(`expected ${expected}`);
    expect(attempt).toThrow(expect.objectContaining({ position }));
  });

  it("never fails in another way", () => {
    const letters = fc.constantFrom(..."mon,tue..sun 0123456789:*/-,.UTC ".split(""));
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 12 }), (parts) => {
        const text = parts.join("");
        try {
          expect(parseCalendarEvent(text).text).toBe(text);
        } catch (error) {
          expect(error).toBeInstanceOf(CalendarEventError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("nextStart", () => {
  it("is strictly after", () => {
    expect(starts("01:00", "UTC", "2026-11-20T00:59:59Z", 1)).toEqual(["2026-11-20T01:00Z"]);
    expect(starts("01:00", "UTC", "2026-11-20T01:00:00Z", 1)).toEqual(["2026-11-21T01:00Z"]);
    expect(nextStart(parseCalendarEvent("*:*:0/30"), at("2026-11-20T01:00:00.5Z"), "UTC")).toBe(
      at("2026-11-20T01:00:30Z"),
    );
  });

  it("goes by the node's clock, or by UTC where the event says so", () => {
    expect(starts("01:00", "Europe/Paris", "2026-07-01T00:00:00Z", 1)).toEqual(["2026-07-01T23:00Z"]);
    expect(starts("01:00 UTC", "Europe/Paris", "2026-07-01T00:00:00Z", 1)).toEqual(["2026-07-01T01:00Z"]);
  });

  it("moves a start that spring leaves out, and does not start twice in autumn", () => {
    expect(starts("02:30", "Europe/Paris", "2026-03-27T12:00:00Z", 3)).toEqual([
      "2026-03-28T01:30Z",
      "2026-03-30T00:30Z",
      "2026-03-31T00:30Z",
    ]);
    expect(starts("02:30", "Europe/Paris", "2026-10-24T12:00:00Z", 2)).toEqual([
      "2026-10-25T00:30Z",
      "2026-10-26T01:30Z",
    ]);
    expect(starts("*:0/30", "Australia/Lord_Howe", "2026-10-03T14:50:00Z", 3)).toEqual([
      "2026-10-03T15:00Z",
      "2026-10-03T15:30Z",
      "2026-10-03T16:00Z",
    ]);
  });

  it("knows quarters, leap days and the end of time", () => {
    expect(starts("quarterly", "UTC", "2026-11-20T00:00:00Z", 3)).toEqual([
      "2027-01-01T00:00Z",
      "2027-04-01T00:00Z",
      "2027-07-01T00:00Z",
    ]);
    expect(starts("*-2-29 12:00", "UTC", "2026-11-20T00:00:00Z", 2)).toEqual([
      "2028-02-29T12:00Z",
      "2032-02-29T12:00Z",
    ]);
    expect(starts("2026-12-24", "UTC", "2026-11-20T00:00:00Z", 5)).toEqual(["2026-12-24T00:00Z"]);
    expect(starts("*-2-30", "UTC", "2026-11-20T00:00:00Z", 1)).toEqual([]);
  });

  const event = fc
    .tuple(
      fc.constantFrom("", "mon ", "tue..thu ", "sat,sun "),
      fc.constantFrom("", "*-*-1..15 ", "*-3,10-* "),
      field(24),
      field(60),
      fc.constantFrom("", ":0", ":15,45"),
    )
    .map((parts) => `${parts.slice(0, 2).join("")}${parts[2]}:${parts[3]}${parts[4]}`);
  const zone = fc.constantFrom("UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata");
  const moment = fc.oneof(
    fc.integer({ min: at("2026-01-01T00:00:00Z"), max: at("2028-01-01T00:00:00Z") }),
    fc.integer({ min: -20_000, max: 20_000 }).map((offset) => at("2026-10-25T01:00:00Z") + offset),
    fc.integer({ min: -20_000, max: 20_000 }).map((offset) => at("2026-03-29T01:00:00Z") + offset),
  );

  it("is after the moment and fits the event, but for a start that spring moves", () => {
    fc.assert(
      fc.property(event, moment, zone, (text, after, timeZone) => {
        const event = parseCalendarEvent(text);
        const next = nextStart(event, after, timeZone);
        if (next === undefined) return;
        expect(next).toBeGreaterThan(after);
        const local = localTime(next, timeZone);
        expect(event.weekdays.length === 0 || event.weekdays.includes(weekday(local))).toBe(true);
        expect(holds(event.months, local.month) && holds(event.days, local.day)).toBe(true);
        expect(holds(event.minutes, local.minute) && holds(event.seconds, local.second)).toBe(true);
        expect(holds(event.hours, local.hour)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it("leaves out no start where no clock changes", () => {
    fc.assert(
      fc.property(event, moment, (text, after) => {
        const event = parseCalendarEvent(text);
        const next = nextStart(event, after, "UTC") ?? after + 7200;
        for (let candidate = after + 1; candidate < Math.min(next, after + 7200); candidate += 1) {
          const local = localTime(candidate, "UTC");
          const fits =
            (event.weekdays.length === 0 || event.weekdays.includes(weekday(local))) &&
            holds(event.months, local.month) &&
            holds(event.days, local.day) &&
            holds(event.hours, local.hour) &&
            holds(event.minutes, local.minute) &&
            holds(event.seconds, local.second);
          if (fits) throw new Error(`${text} fits ${candidate}, before ${next}`);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("gives a year of daily starts one for each day", () => {
    const event = parseCalendarEvent("01:00");
    const first = unixSeconds({ year: 2026, month: 1, day: 1, hour: 1, minute: 0, second: 0 }, "Europe/Paris");
    let moment = first;
    const days = new Set<string>();
    for (let count = 0; count < 365; count += 1) {
      const { month, day } = localTime(moment, "Europe/Paris");
      days.add(`${month}-${day}`);
      moment = nextStart(event, moment, "Europe/Paris") ?? 0;
    }
    expect(days.size).toBe(365);
    expect(moment).toBe(at("2027-01-01T00:00:00Z"));
  });
});

function holds(entries: readonly FieldEntry[], value: number): boolean {
  return entries.length === 0 || entries.some(({ from, to }) => value >= from && value <= (to ?? from));
}

/** A number below `max`, as text. */
function number(max: number): fc.Arbitrary<string> {
  return fc.integer({ min: 0, max: max - 1 }).map(String);
}

/** One field of a calendar event: everything, a number, a range or a list. */
function field(max: number): fc.Arbitrary<string> {
  return fc.oneof(
    fc.constant("*"),
    number(max),
    fc.tuple(number(max), number(max)).map(([a, b]) => `${Math.min(+a, +b)}..${Math.max(+a, +b)}`),
    fc.array(number(max), { minLength: 1, maxLength: 3 }).map((list) => list.join(",")),
  );
}
