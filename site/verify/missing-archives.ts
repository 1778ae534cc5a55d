import { type CalendarEvent, nextStart } from "../../proxmox/rules/calendar-events";
import { markArchives, type Retention } from "../../proxmox/rules/retention";

/** What says which archives of a guest there should be. */
export interface KeptSchedule {
  readonly event: CalendarEvent;
  readonly retention: Retention;
  readonly timeZone: string;
  /** Unix seconds. */
  readonly now: number;
  /** A run is going on: what is due may be on its way. */
  readonly running: boolean;
}

/** Seconds after its time at which a missing backup counts as missed, as in `status`. */
const grace = 3_600;

/** Runs that are looked back upon; more often than hourly nobody keeps them for long. */
const mostRuns = 5_000;

/**
 * Times of runs of the job whose archive the retention would still keep, and that is not there. How old the job is nobody
 * knows: it is as old as the oldest archive that is there, so that a young job is not missed anything. A period that another
 * archive stands for is not missed either.
 *
 * @param times of the guest's backups that are there, unix seconds; save points are none.
 */
export function missingRuns(times: readonly number[], schedule: KeptSchedule): number[] {
  const oldest = Math.min(...times);
  if (times.length === 0) return [];
  const missed = runsSince(oldest, schedule).filter(
    ({ start, next }) => !times.some((time) => time >= start && time < next),
  );
  return keptOf(
    times,
    missed.map(({ start }) => start),
    schedule,
  );
}

interface Run {
  readonly start: number;
  readonly next: number;
}

function runsSince(oldest: number, { event, timeZone, now, running }: KeptSchedule): Run[] {
  const runs: Run[] = [];
  let start = nextStart(event, oldest, timeZone);
  while (start !== undefined && start + grace < now && runs.length < mostRuns) {
    const next = nextStart(event, start, timeZone) ?? Infinity;
    if (next > now && running) break;
    runs.push({ start, next });
    start = next === Infinity ? undefined : next;
  }
  return runs;
}

/** Those that would be kept, and without which no other archive takes their place. */
function keptOf(times: readonly number[], missed: readonly number[], { retention, timeZone }: KeptSchedule): number[] {
  const keptAmong = (extra: readonly number[]): Set<number> => {
    const all = [...times, ...extra];
    const marks = markArchives(
      all.map((time) => ({ time, protected: false })),
      retention,
      timeZone,
    );
    return new Set(all.filter((_, index) => marks[index] === "keep"));
  };
  let rest = missed.filter((time) => keptAmong(missed).has(time));
  for (const one of rest) {
    const others = rest.filter((time) => time !== one);
    const [withIt, without] = [keptAmong(rest), keptAmong(others)];
    if (times.some((time) => without.has(time) && !withIt.has(time))) rest = others;
  }
  return rest;
}
