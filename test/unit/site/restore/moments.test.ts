import { parseInstant } from "../../../../site/restore/moments";

describe("a point in time", () => {
  test.each([
    ["2026-11-22 13:29:15.786", "2026-11-22T13:29:15.786Z"],
    ["2026-11-22T13:29", "2026-11-22T13:29:00.000Z"],
    ["2026-11-22 13:29:15+01:00", "2026-11-22T12:29:15.000Z"],
    ["2026-11-22 13:29:15 UTC", "2026-11-22T13:29:15.000Z"],
  ])("%s is %s", (text, time) => {
    expect(new Date(parseInstant(text)).toISOString()).toBe(time);
  });

  test.each(["2026-11-22", "13:29", "2026-02-30 10:00", "2026-11-22 25:00", "yesterday", ""])("%p is none", (text) => {
    expect(() => parseInstant(text)).toThrow(/is (?:not a time|a day, and no point in time)/u);
  });
});
