import { longestWait } from "../../../../site/data/longest-wait";

const hour = 3_600;
const day = 24 * hour;
const at = (text: string): number => Date.parse(text) / 1_000;

test.each([
  // A Sunday.
  ["03:00", "2026-11-22T03:00:04Z", day + 2 * hour],
  ["03:00", "2026-11-22T01:00:04Z", day + 2 * hour],
  ["sun 03:00", "2026-11-22T03:00:04Z", 7 * day + 2 * hour],
  ["*/6:00", "2026-11-22T12:00:00Z", 8 * hour],
  // A Friday; in a guest west of Greenwich its run is later by UTC.
  ["mon..fri 03:00", "2026-11-20T03:00:04Z", 3 * day + 2 * hour],
  ["mon..fri 03:00", "2026-11-20T08:00:04Z", 3 * day + 2 * hour],
])("a source that runs %s and has a dump of %s has missed none for %i seconds [I2]", (event, newest, seconds) => {
  expect(longestWait(event, at(newest))).toBe(seconds);
});

test("a run that does not come again is never missed", () => {
  expect(longestWait("2026-01-01 03:00", at("2026-01-01T03:00:00Z"))).toBe(Number.POSITIVE_INFINITY);
});
