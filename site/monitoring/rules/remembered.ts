import { prometheusDuration } from "../prometheus-duration";
import type { Seconds } from "./options";
import { Vector } from "./promql";
import type { RecordingRule } from "./rule";

/** A series of Prometheus' own, and what rules ask of it. */
export interface Remembered<Label extends string> {
  readonly rule: RecordingRule;
  readonly series: Vector<Label>;
}

interface Arguments<Label extends string> {
  /** Of the series: `lifeboat:…`. */
  readonly name: string;
  /** Unix seconds. */
  readonly moment: Vector<Label>;
  /** Whose moments are wanted: what leaves these is forgotten. */
  readonly of: Vector<Label>;
  /** How long Prometheus may be down before it forgets. */
  readonly memory: Seconds;
}

/**
 * The moment as it was last known, or else when Prometheus first saw who has none. So a backup that nobody sees any more goes on
 * growing older, and a new guest has as long for its first as others have for their next.
 */
export function lastKnown<Label extends string>(args: Arguments<Label>): Remembered<Label> {
  const { moment, of } = args;
  return remember(args, (before) => moment.and(of).or(before.and(of)).or(firstSeen(of)));
}

/** The latest that the moment ever was: it goes back when the newest backup goes. */
export function latestEver<Label extends string>(args: Arguments<Label>): Remembered<Label> {
  const { moment, of } = args;
  return remember(args, (before) => before.above(moment).or(moment).or(before).and(of));
}

function remember<Label extends string>(
  { name, moment: { labels }, memory }: Arguments<Label>,
  from: (before: Vector<Label>) => Vector<Label>,
): Remembered<Label> {
  const before = new Vector(`last_over_time(${name}[${prometheusDuration(memory)}])`, labels, true);
  return { rule: { kind: "recording", name, from: from(before) }, series: new Vector(name, labels, true) };
}

function firstSeen<Label extends string>(of: Vector<Label>): Vector<Label> {
  return of.times(0).plusNow();
}
