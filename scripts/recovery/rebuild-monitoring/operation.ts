import { formatDuration, formatInstant } from "../../terminal/durations";
import type { Lines } from "../../terminal/talk";
import type { GivenAnswers } from "../engine/consent";
import type { Operation, Planned } from "../engine/operation";
import { printFinding } from "../engine/print-finding";
import { waitForPulumi } from "../steps/state/wait-for-pulumi";
import { type AnewSession, planAnew } from "./make-plan";
import { rebuildMonitoringKind, type RebuildMonitoringPlan, rebuildMonitoringSchema, targetSeconds } from "./plan";
import { anewSteps, servicesPath } from "./steps";

/** How monitoring is asked back. */
export interface RebuildMonitoringRequest {
  readonly given: GivenAnswers;
  /** Seconds that the services are asked again and again. */
  readonly checkSeconds: number;
  readonly command: string;
}

/** Monitoring has no backup, or none is wanted: its stack makes it again, complete, and without its history (F2). */
export function rebuildAnew(
  session: AnewSession,
  { given, checkSeconds, command }: RebuildMonitoringRequest,
): Operation<RebuildMonitoringPlan> {
  return {
    kind: rebuildMonitoringKind,
    name: "rebuild of monitoring",
    schema: rebuildMonitoringSchema,
    request: {},
    command,
    given,
    plan: async () => {
      const planned = await planAnew(session);
      return { ...planned, view: { value: { ...planned.plan }, print: (lines) => printPlan(planned.plan, lines) } };
    },
    steps: (plan, begun) => anewSteps(plan, session, checkSeconds, begun),
    report: ({ environment, guest }, journal, findings) => {
      const watches = journal.factsOf(servicesPath)["watches"] === true;
      return {
        value: { environment, guest: guest.name, watches, history: false, targetSeconds },
        print: (lines) => {
          lines.heading(
            `Monitoring ${watches ? "watches again" : "is there again"} after ${timeText(journal.seconds)}`,
          );
          lines.line(guest.exists ? "  Its measurements are as they were" : "  Its measurements from before are gone");
          for (const finding of findings) printFinding(finding, lines);
        },
      };
    },
    outdated: async (open) => {
      await waitForPulumi(open, session.work.context);
      return `What was begun at ${formatInstant(open.contents.startedAt)} has not ended; what is left is planned anew.`;
    },
    meaning: () => ({ text: "what has been done stays; the same command does what is left." }),
  };
}

/** A restore of monitoring's guest: its report also says whether that took longer than promised. */
export function withTarget<Plan, Shown extends Planned<Plan>>(restore: Operation<Plan, Shown>): Operation<Plan, Shown> {
  return {
    ...restore,
    report: async (plan, journal, findings) => {
      const { value, print } = await restore.report(plan, journal, findings);
      const printed = (lines: Lines): void => {
        print(lines);
        lines.line(`Monitoring is back, with its measurements until the backup, after ${timeText(journal.seconds)}`);
      };
      return { value, print: printed };
    },
  };
}

/** Against the promise (L4). */
function timeText(seconds: number): string {
  const within = seconds <= targetSeconds ? "within" : "NOT within";
  return `${formatDuration(seconds)} (${within} ${formatDuration(targetSeconds)})`;
}

function printPlan({ environment, guest, reason }: RebuildMonitoringPlan, lines: Lines): void {
  lines.heading(`Plan: make the monitoring of ${environment} again`);
  lines.hanging("  why anew:  ", reason);
  lines.hanging(
    "  guest:     ",
    `${guest.name} (${String(guest.id)}) ${guest.exists ? "is there: its services are installed again, its data stay" : "is gone: it is made again, empty"}`,
  );
}
