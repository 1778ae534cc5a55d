import * as fc from "fast-check";
import {
  daysInMonth,
  isTimeZone,
  localTime,
  momentsOf,
  unixSeconds,
  utcOffset,
  utcSeconds,
  weekday,
} from "../../../../proxmox/rules/time-zones";

const zones = ["UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia"];
const zone = fc.constantFrom(...zones);
/** 2000 to 2037. */
const moment = fc.integer({ min: 946_684_800, max: 2_145_916_800 });

function local(text: string): Parameters<typeof unixSeconds>[0] {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = text.split(/[-T:]/).map(Number);
  return { year, month, day, hour, minute, second };
}

describe("local time", () => {
  it("shows the wall clock of the zone", () => {
    expect(localTime(Date.UTC(2026, 6, 1, 12) / 1000, "Europe/Paris")).toEqual(local("2026-07-01T14:00:00"));
    expect(localTime(Date.UTC(2026, 0, 1) / 1000, "Asia/Kolkata")).toEqual(local("2026-01-01T05:30:00"));
    expect(utcOffset(Date.UTC(2026, 0, 1) / 1000, "Australia/Lord_Howe")).toBe(11 * 3600);
    expect(utcOffset(Date.UTC(2026, 6, 1) / 1000, "Australia/Lord_Howe")).toBe(10.5 * 3600);
  });

  it("knows both moments of a clock that was set back, and none of one that jumped", () => {
    const first = Date.UTC(2026, 9, 25, 0, 30) / 1000;
    expect(momentsOf(local("2026-10-25T02:30:00"), "Europe/Paris")).toEqual([first, first + 3600]);
    expect(unixSeconds(local("2026-10-25T02:30:00"), "Europe/Paris", "first")).toBe(first);
    expect(unixSeconds(local("2026-10-25T02:30:00"), "Europe/Paris", "second")).toBe(first + 3600);
    expect(momentsOf(local("2026-03-29T02:30:00"), "Europe/Paris")).toEqual([]);
    const moved = unixSeconds(local("2026-03-29T02:30:00"), "Europe/Paris");
    expect(localTime(moved, "Europe/Paris")).toEqual(local("2026-03-29T03:30:00"));
  });

  it("repeats and leaves out half an hour on Lord Howe", () => {
    expect(momentsOf(local("2026-04-05T01:45:00"), "Australia/Lord_Howe")).toHaveLength(2);
    expect(momentsOf(local("2026-10-04T02:15:00"), "Australia/Lord_Howe")).toEqual([]);
    const moved = unixSeconds(local("2026-10-04T02:15:00"), "Australia/Lord_Howe");
    expect(localTime(moved, "Australia/Lord_Howe")).toEqual(local("2026-10-04T02:45:00"));
  });

  it("finds each moment again from what its clock showed", () => {
    fc.assert(
      fc.property(moment, zone, (time, timeZone) => {
        expect(momentsOf(localTime(time, timeZone), timeZone)).toContain(time);
      }),
    );
  });

  it("agrees with Intl at every quarter of the days on which clocks change", () => {
    for (const timeZone of zones) {
      const format = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "medium" });
      for (const day of ["2026-03-08", "2026-03-29", "2026-04-05", "2026-10-04", "2026-10-25", "2026-11-01"]) {
        const start = Date.parse(`${day}T00:00:00Z`) / 1000 - 86_400;
        for (let time = start; time < start + 3 * 86_400; time += 900) {
          const { year, month, day: date, hour, minute, second } = localTime(time, timeZone);
          const two = [month, date, hour, minute, second].map((value) => String(value).padStart(2, "0"));
          const [mm, dd, hh, mi, ss] = two;
          expect(`${year}-${mm}-${dd} ${hh}:${mi}:${ss}`).toBe(format.format(time * 1000));
        }
      }
    }
  });
});

describe("calendar", () => {
  it("counts days", () => {
    expect([1, 2, 4].map((month) => daysInMonth(2027, month))).toEqual([31, 28, 30]);
    expect([2000, 2024, 2100].map((year) => daysInMonth(year, 2))).toEqual([29, 29, 28]);
    expect(weekday({ year: 2026, month: 11, day: 20 })).toBe(4);
    expect(weekday(localTime(0, "UTC"))).toBe(3);
  });

  it("agrees with Date on the day of the week, at any hour", () => {
    fc.assert(
      fc.property(moment, (time) => {
        expect(weekday(localTime(time, "UTC"))).toBe((new Date(time * 1000).getUTCDay() + 6) % 7);
        expect(utcSeconds(localTime(time, "UTC"))).toBe(time);
      }),
    );
  });

  it("refuses time zones that do not exist", () => {
    expect(isTimeZone("Europe/Paris")).toBe(true);
    expect(isTimeZone("Europe/Lutece")).toBe(false);
    expect(() => localTime(0, "Europe/Lutece")).toThrow(RangeError);
  });
});
