import { parseCalendarEvent } from "../../../../proxmox/rules/calendar-events";
import { parseRetention } from "../../../../proxmox/rules/retention";
import { missingRuns } from "../../../../site/verify/missing-archives";

const day = 86_400;
const hour = 3_600;
const at = (text: string): number => Date.parse(text) / 1_000;
const now = at("2026-11-20T12:00:00Z");

function schedule(keep: string, event = "03:00", running = false) {
  return { event: parseCalendarEvent(event), retention: parseRetention(keep), timeZone: "UTC", now, running };
}

/** Nightly archives, newest first, a minute after three. */
function nights(count: number): number[] {
  return [...Array(count).keys()].map((age) => at("2026-11-20T03:01:00Z") - age * day);
}

const dates = (times: readonly number[]): string[] =>
  times.map((time) => new Date(time * 1_000).toISOString().slice(0, 16));

test("whole rows miss nothing, whatever is kept [G1]", () => {
  for (const keep of ["keep-daily=7", "keep-all=1", "keep-daily=7,keep-weekly=4", "keep-last=3"]) {
    expect(missingRuns(nights(7), schedule(keep))).toEqual([]);
  }
});

test("a young job has not made yet what its retention would keep [G1]", () => {
  expect(missingRuns(nights(2), schedule("keep-daily=7,keep-weekly=4,keep-monthly=12"))).toEqual([]);
  expect(missingRuns([now - hour], schedule("keep-daily=7"))).toEqual([]);
  expect(missingRuns([], schedule("keep-daily=7"))).toEqual([]);
});

test("an archive that was taken away is missed; after a night without a backup an older one is kept in its place [G1]", () => {
  const holed = nights(7).filter((_, age) => age !== 2);
  expect(dates(missingRuns(holed, schedule("keep-daily=7")))).toEqual(["2026-11-18T03:00"]);
  const older = nights(8).filter((_, age) => age !== 2);
  expect(missingRuns(older, schedule("keep-daily=7"))).toEqual([]);
});

test("the newest is missed after an hour, and not while a run is going on [G1]", () => {
  const [, ...older] = nights(5);
  expect(dates(missingRuns(older, schedule("keep-daily=7")))).toEqual(["2026-11-20T03:00"]);
  expect(missingRuns(older, schedule("keep-daily=7", "03:00", true))).toEqual([]);
  expect(missingRuns(older, { ...schedule("keep-daily=7"), now: at("2026-11-20T03:30:00Z") })).toEqual([]);
});

test("what was pruned is not missed, nor a period that another archive stands for [G1]", () => {
  const sundays = ["2026-11-01", "2026-11-08", "2026-11-15"].map((date) => at(`${date}T03:01:00Z`));
  const kept = [...nights(7), ...sundays];
  expect(missingRuns(kept, schedule("keep-daily=7,keep-weekly=3"))).toEqual([]);
  // Of the second week its Saturday was kept, since there was no Sunday.
  const saturday = kept.map((time) => (time === sundays[1] ? at("2026-11-07T03:01:00Z") : time));
  expect(missingRuns(saturday, schedule("keep-daily=7,keep-weekly=3"))).toEqual([]);
});

test("of a week that nothing stands for its last run is missed [G1]", () => {
  const kept = [...nights(6), at("2026-11-01T03:01:00Z")];
  expect(dates(missingRuns(kept, schedule("keep-daily=6,keep-weekly=3")))).toEqual(["2026-11-08T03:00"]);
});
