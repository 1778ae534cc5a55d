import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { whyUnanswered } from "../engine/consent";
import { digestsOf, whyPlannedOtherwise } from "../engine/digest";
import type { Journal } from "../engine/journal";
import type { Operation } from "../engine/operation";
import type { GuestSession } from "../engine/session";
import { wishText } from "./locate";
import { planPointInTime } from "./make-plan";
import { pointInTimeKind, type PointInTimePlan, pointInTimePlanSchema } from "./plan";
import type { PointInTimeRequest } from "./request";
import { fetchPath, pointInTimeSteps, swapPath } from "./steps";
import { pointInTimeReport, pointInTimeView } from "./view";

/** A PostgreSQL cluster goes back to a point in time, and what is there is kept (I7). */
export function pointInTimeOperation(session: GuestSession, request: PointInTimeRequest): Operation<PointInTimePlan> {
  const { source, wish, timeline, question, given, command, program } = request;
  return {
    kind: pointInTimeKind,
    name: `recovery of ${source} of ${session.selector} to ${wishText(wish)}`,
    schema: pointInTimePlanSchema,
    request: {
      source,
      to: wishText(wish),
      ...(timeline === undefined ? {} : { timeline: String(timeline) }),
      ...(question === undefined ? {} : { query: question.sql, database: question.database }),
    },
    command,
    given,
    plan: async () => {
      const planned = await planPointInTime(session, request);
      return { ...planned, view: pointInTimeView(planned.plan), bytes: planned.plan.backup.bytes };
    },
    steps: (plan, begun) => pointInTimeSteps(plan, { program }, begun),
    report: pointInTimeReport,
    lookAgain: async (plan, open) => {
      // Its own folders are there: what it was planned on is asked again by its first step.
      if (hasSwapped(open) || open.record(fetchPath) !== undefined) return undefined;
      const now = await planPointInTime(session, request);
      return whyPlannedOtherwise(partsOf(plan), partsOf(now.plan)) ?? whyUnanswered(now.demands, given);
    },
    meaning: (plan, { position }, journal) => {
      const cluster = `PostgreSQL ${plan.cluster} of ${session.selector}`;
      if (position !== "committed" || !hasSwapped(journal)) return { text: `${cluster} is as it was.` };
      return { text: `${cluster} is recovered or stopped, and what was there before is kept.` };
    },
  };
}

/** Whether what was recovered may be in its place. */
function hasSwapped(journal: Journal): boolean {
  return journal.record(swapPath)?.facts["sent"] === true;
}

function partsOf({ backup, timeline, cluster, data }: PointInTimePlan) {
  return digestsOf({ "the backup": [backup.label, timeline], "the cluster": [cluster, data] });
}

/** @throws CommandError (2) for a source without point-in-time recovery */
export function noPointInTime(selector: string, source: string, why: string): CommandError {
  return new CommandError(`${source} of ${selector} has no point-in-time recovery: ${why}`, {
    exitCode: exitCodes.usage,
    hint: "declare pointInTime for it and run lifeboat up: docs/guides/point-in-time.md",
  });
}
