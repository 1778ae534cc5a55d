import { timeText } from "../../../site/data/point-in-time/choose";
import { rangesOf, TimelinePath } from "../../../site/data/point-in-time/timelines";
import type { PointInTimeFacts } from "../../../site/data/point-in-time/facts";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { Demand } from "../engine/consent";
import { digestOf, type Inputs } from "../engine/digest";
import type { GuestSession } from "../engine/session";
import { forceFlag } from "../engine/settle-demands";
import { locatePoint, type NotYet, scanBy, wishText } from "./locate";
import type { PointInTimePlan } from "./plan";
import type { PointInTimeRequest } from "./request";

/** A plan with what people are asked about it. */
export interface PlannedPointInTime {
  readonly plan: PointInTimePlan;
  readonly demands: readonly Demand[];
  readonly inputs: Inputs;
}

const wholeClusterFlag = "--whole-cluster";

/** Seconds by which the guest's clock may differ from this machine's before a time is ambiguous. */
const tolerance = 120;

/**
 * Looks at the archive and into its WAL, and decides. Changes nothing.
 *
 * @throws CommandError (2, 10, 12, 13, 14)
 */
export async function planPointInTime(session: GuestSession, request: PointInTimeRequest): Promise<PlannedPointInTime> {
  const { wish, timeline, source, question } = request;
  const { signal } = session.context;
  const program = await request.program();
  const facts = await program.facts(signal);
  refuseHalfDone(session, facts, source);
  refuseTablespaces(facts);
  if (wish.kind === "time") refuseOtherClock(facts, session.selector);
  const point = await locatePoint(facts, wish, timeline, scanBy(program, facts, wish, signal));
  const backup = "kind" in point ? backupBefore(facts, point) : point.choice.backup;
  if ("kind" in point && !facts.running) throw unreachable(point, wishText(wish));
  const { label, stop, bytes } = backup;
  const plan: PointInTimePlan = {
    environment: session.environment.name,
    guest: session.guest.name,
    source,
    cluster: facts.cluster,
    data: facts.data,
    wish,
    ...(timeline === undefined ? {} : { asked: timeline }),
    timeline: "kind" in point ? point.search.timeline : point.choice.timeline,
    reached: !("kind" in point),
    backup: { label, stop, bytes },
    running: facts.running,
    ...(question === undefined ? {} : { question }),
  };
  return { plan, demands: demandsOf(plan), inputs: pointInTimeInputs(plan) };
}

/** What the plan rests on. */
function pointInTimeInputs({ backup, timeline, cluster, data }: Omit<PointInTimePlan, "reached">): Inputs {
  return { "the backup": digestOf([backup.label, timeline]), "the cluster": digestOf([cluster, data]) };
}

/** Nothing has ended after the time as far as the archive reaches. @throws CommandError (10) */
export function unreachable({ last }: NotYet, target: string): CommandError {
  const until = last === undefined ? "" : `: the last transaction in it ended at ${last.slice(0, 19)} UTC`;
  return new CommandError(`the archive does not reach ${target}${until}`, {
    exitCode: exitCodes.nothing,
    hint: "name an earlier time; what came after lies at most in the data directory itself",
  });
}

function backupBefore(facts: PointInTimeFacts, { search }: NotYet) {
  const path = new TimelinePath(facts, search.timeline);
  const backup = path
    .backups()
    .findLast(
      ({ stopPosition }) =>
        search.ranges.join(" ") === rangesOf(path.from(path.segmentAt(stopPosition)).names).join(" "),
    );
  if (backup === undefined) throw new Error("what is searched begins with a backup");
  return backup;
}

function refuseHalfDone({ selector }: GuestSession, { recovery }: PointInTimeFacts, source: string): void {
  if (recovery === undefined) return;
  throw new CommandError(`a recovery of ${source} in ${selector} is half done already: ${recovery}`, {
    exitCode: exitCodes.refused,
    hint: `finish it where it was begun, or take it back in the guest: lifeboat-data-pitr undo ${source} ${recovery}`,
  });
}

function refuseTablespaces({ tablespaces, cluster }: PointInTimeFacts): void {
  if (tablespaces === 0) return;
  throw new CommandError(
    `PostgreSQL ${cluster} has tablespaces outside of its data directory, which are not recovered to a point in time`,
    {
      exitCode: exitCodes.refused,
      hint: "restore a dump instead: lifeboat restore database",
    },
  );
}

/** A time is the guest's: by a clock that is wrong it is another one than people mean. */
function refuseOtherClock({ now }: PointInTimeFacts, selector: string): void {
  const difference = Math.round(now - Date.now() / 1000);
  if (Math.abs(difference) <= tolerance) return;
  const how = `${String(Math.abs(difference))} s ${difference > 0 ? "ahead of" : "behind"}`;
  throw new CommandError(
    `the clock of ${selector} is ${how} this machine's (${timeText(now)}): a time would be another one than you mean`,
    {
      exitCode: exitCodes.refused,
      hint: "set the clock that is wrong, or name a transaction or a point instead: --xid, --point",
    },
  );
}

function demandsOf({ cluster, guest, wish, running }: PointInTimePlan): Demand[] {
  const target = wishText(wish);
  return [
    {
      flag: wholeClusterFlag,
      reason: `every database of PostgreSQL ${cluster} goes back${running ? ", and its connections end" : ""}`,
      question: `Every database of PostgreSQL ${cluster} in ${guest} goes back${running ? ", and its connections end" : ""}. Go on?`,
    },
    {
      flag: forceFlag,
      reason: "the plan is not confirmed",
      question: `Recover PostgreSQL ${cluster} of ${guest} to ${target}?`,
    },
  ];
}
