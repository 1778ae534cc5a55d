import { nextStart, parseCalendarEvent } from "../../proxmox/rules/calendar-events";
import { utcOffset } from "../../proxmox/rules/time-zones";
import { formatMoment } from "../restore/moments";
import type { Environment, Guest, Seconds } from "../settings/environment";
import { profileDefaults } from "../settings/profiles";
import { formatDuration } from "../settings/values/durations";
import { listNames, type PolicyFinding } from "./policy-finding";

/** What the rule has to know besides the settings. */
export interface ObjectiveFacts {
  /** Unix seconds, the node's clock. */
  readonly now: number;
  readonly timeZone: string;
  /** How long the job's last run took; undefined where that is not known. */
  readonly lastRun: Seconds | undefined;
}

/** The longest time between two starts of a schedule. */
export interface Gap {
  /** Unix seconds. */
  readonly from: number;
  readonly to: number;
}

/** More than a year, so that both changes of summer time and every month are in it (A8). */
const lookAhead: Seconds = 400 * 86_400;

/** What a run is taken to last before there was one (A8). */
const assumedRun: Seconds = 3600;

/**
 * The longest gap between two starts that begins within the next 400 days.
 *
 * @returns undefined when the schedule does not start twice.
 */
export function longestGap(schedule: string, now: number, timeZone: string): Gap | undefined {
  const event = parseCalendarEvent(schedule);
  let longest: Gap | undefined;
  let from = nextStart(event, now, timeZone);
  while (from !== undefined && from <= now + lookAhead) {
    const to = nextStart(event, from, timeZone);
    if (to !== undefined && (longest === undefined || to - from > longest.to - longest.from)) longest = { from, to };
    from = to;
  }
  return longest;
}

/**
 * Whether the schedule can meet every RPO (A8): what is written just after a run began is safe only when the next run has
 * ended. Guests that opt out have no objective.
 */
export function objectiveFindings(environment: Environment, facts: ObjectiveFacts): PolicyFinding[] {
  const guests = environment.guests.filter(({ optOut }) => optOut === undefined);
  if (guests.length === 0 || !environment.backup.enabled) return [];
  const { schedule } = environment.backup;
  const gap = longestGap(schedule, facts.now, facts.timeZone);
  if (gap === undefined) return [neverStarts(schedule)];
  const run = facts.lastRun ?? assumedRun;
  const loss = gap.to - gap.from + run;
  const missed = guests.filter(({ objectives }) => objectives.rpo < loss);
  const details = (rpo: Seconds): string[] => arithmetic(gap, run, rpo, facts);
  const general = missed.filter(({ objectives }) => objectives.rpo === environment.objectives.rpo);
  const own = missed.filter(({ objectives }) => objectives.rpo !== environment.objectives.rpo);
  return [
    ...(general.length === 0 ? [] : [forAll(general, environment, loss, details(environment.objectives.rpo))]),
    ...own.map((guest) => forOne(guest, schedule, loss, details(guest.objectives.rpo))),
  ];
}

function neverStarts(schedule: string): PolicyFinding {
  return {
    policy: "objectives",
    path: ["backup", "schedule"],
    weight: "broken",
    guests: [],
    text: `the schedule '${schedule}' does not start twice in the next 400 days, so that no RPO can be met`,
    details: [],
    hint: "write a schedule that comes again, such as 01:00 or sun 03:00",
  };
}

/**
 * The defaults of a profile are nobody's mistake: monitoring's 02:00 is an hour that spring leaves out in most of Europe and
 * America, and Proxmox then skips that run. It is told, and stops nothing.
 */
function forAll(
  guests: readonly Guest[],
  { profile, backup, objectives }: Environment,
  loss: Seconds,
  details: readonly string[],
): PolicyFinding {
  const names = guests.map(({ name }) => name);
  const defaults = profileDefaults[profile];
  const isDefault = backup.schedule === defaults.schedule && objectives.rpo === defaults.rpo;
  return {
    policy: "objectives",
    path: ["backup", "schedule"],
    weight: isDefault ? "note" : "broken",
    guests: names,
    text: `'${backup.schedule}' cannot meet the RPO of ${formatDuration(objectives.rpo)} of ${listNames(names)}`,
    details,
    hint: `run the job at another time or more often, or allow more: lifeboat:objectives.rpo ${formatDuration(loss)}`,
  };
}

function forOne(
  { name, objectives }: Guest,
  schedule: string,
  loss: Seconds,
  details: readonly string[],
): PolicyFinding {
  return {
    policy: "objectives",
    path: ["guests", name, "objectives", "rpo"],
    weight: "broken",
    guests: [name],
    text: `'${schedule}' cannot meet the RPO of ${formatDuration(objectives.rpo)} of guest ${name}`,
    details,
    hint: `run the job more often, or allow more: ${formatDuration(loss)}`,
  };
}

/** The sum as a person would write it. */
function arithmetic({ from, to }: Gap, run: Seconds, rpo: Seconds, { timeZone, lastRun }: ObjectiveFacts): string[] {
  const moment = (at: number): string => formatMoment(at, timeZone).slice(0, "2026-11-20 03:00".length);
  // A spring makes gaps shorter, unless the run between is one that its missing hour swallowed.
  const swallowed = utcOffset(to, timeZone) > utcOffset(from, timeZone);
  const known = lastRun === undefined ? "assumed, there was none yet" : "as the last one took";
  return [
    `longest gap: ${moment(from)} to ${moment(to)} (${timeZone}) = ${formatDuration(to - from)}`,
    ...(swallowed ? ["  (the run between falls into the hour that spring leaves out: Proxmox skips it)"] : []),
    `+ the run itself: ${formatDuration(run)} (${known})`,
    `= ${formatDuration(to - from + run)} of work can be lost; the RPO allows ${formatDuration(rpo)}`,
  ];
}
