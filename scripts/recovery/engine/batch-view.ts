import { formatDuration } from "../../terminal/durations";
import type { Lines } from "../../terminal/talk";
import type { Batch, BatchPlan, BegunMember, PlannedMember, Refusal } from "./batch";
import { type Demand, flagOf } from "./consent";
import { endedNote } from "./ended-members";
import type { Report } from "./operation";
import { type StepView, printFlags } from "./plan-view";

/** The plan of a batch as it is shown: its own part, then the steps of all with their times, refusals and questions. */
export function batchPlanView<Plan>(
  batch: Batch<Plan>,
  plan: BatchPlan<Plan>,
  demands: readonly Demand[],
  ended: readonly BegunMember<Plan>[] = [],
): Report {
  const { members, refused: leftOut } = plan;
  const { value, print } = batch.view(plan);
  const flags = demands.map(flagOf);
  const seconds = durationOf(members, batch.bounds.parallel);
  const steps = members.flatMap((member) =>
    member.steps.map((step) => ({ subject: member.session.selector, ...step })),
  );
  const times = seconds === undefined ? {} : { seconds };
  return {
    value: { ...value, ...(ended.length === 0 ? {} : { ended: namesOf(ended) }), leftOut, ...times, steps, flags },
    print: (lines) => {
      print(lines);
      for (const part of ended) lines.hanging("  ", `${endedNote(batch, part).text}.`);
      printRefusals(leftOut, lines);
      printSteps(members, seconds, lines);
      printFlags(flags, lines);
    },
  };
}

function namesOf<Plan>(members: readonly BegunMember<Plan>[]): string[] {
  return members.map(({ session }) => session.selector);
}

/** Each member begins when one before it has ended. Undefined where some step was never measured. */
function durationOf<Plan>(members: readonly PlannedMember<Plan>[], parallel: number): number | undefined {
  const lanes = Array.from({ length: parallel }, () => 0);
  for (const { steps } of members) {
    const first = lanes.indexOf(Math.min(...lanes));
    for (const { estimate } of steps) {
      if (estimate === undefined) return undefined;
      lanes[first] = (lanes[first] ?? 0) + estimate.seconds;
    }
  }
  return Math.max(...lanes);
}

function printRefusals(leftOut: readonly Refusal[], lines: Lines): void {
  if (leftOut.length === 0) return;
  lines.line("Left out:");
  for (const { subject, message } of leftOut) lines.hanging("  - ", `${subject}: ${message}`);
}

/** A member of one step shows it in its own part. */
function printSteps<Plan>(members: readonly PlannedMember<Plan>[], seconds: number | undefined, lines: Lines): void {
  if (members.every(({ steps }) => steps.length < 2)) return;
  lines.line("Steps of each, in full with --json:");
  for (const { session, steps } of members) lines.hanging(`  ${session.selector}: `, stepWords(steps).join(", "));
  lines.hanging(
    "  ",
    seconds === undefined
      ? "How long it takes is not known: not every step was measured on this machine yet."
      : `about ${formatDuration(seconds)} in all`,
  );
}

/** Steps in one word each: those that belong together count once. */
function stepWords(steps: readonly StepView[]): string[] {
  return [...new Set(steps.map(({ id }) => (id.split("/")[0] ?? id).replaceAll("-", " ")))];
}
