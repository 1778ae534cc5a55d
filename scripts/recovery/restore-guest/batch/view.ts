import { type SpaceNeed, spaceNeeds } from "../../../../site/restore/space";
import { formatDuration } from "../../../terminal/durations";
import type { Lines } from "../../../terminal/talk";
import type { PreparedRestore } from "../operation";
import { type RestoreView, printGuestPlan, printList, printSpace, spaceWarnings } from "../view";

/** A guest that cannot be restored, and why. */
export interface RefusedGuest {
  readonly guest: string;
  readonly exitCode: number;
  readonly message: string;
  readonly hint: string | undefined;
}

/** A plan for several guests, for people and scripts. */
export interface SeveralView {
  readonly guests: readonly RestoreView[];
  /** Left out, because they cannot be restored. */
  readonly skipped: readonly RefusedGuest[];
  readonly parallel: number;
  /** For all of them together. */
  readonly space: readonly SpaceNeed[];
  readonly warnings: readonly string[];
  /** Seconds in all; absent where some step was never measured. */
  readonly seconds?: number;
  /** Flags that the plan wants. */
  readonly needs: readonly string[];
}

/** Everything that the plan says. */
export function severalView(
  prepared: readonly PreparedRestore[],
  skipped: readonly RefusedGuest[],
  parallel: number,
  needs: readonly string[],
): SeveralView {
  const guests = prepared.map(({ view }) => view);
  const space = spaceNeeds(
    prepared.map(({ planned }) => planned.space),
    parallel,
  );
  const seconds = durationOf(guests, parallel);
  const warnings = spaceWarnings(space);
  return { guests, skipped, parallel, space, warnings, needs, ...(seconds === undefined ? {} : { seconds }) };
}

/** Each guest begins when one before it has ended. */
function durationOf(guests: readonly RestoreView[], parallel: number): number | undefined {
  const lanes = Array.from({ length: parallel }, () => 0);
  for (const { steps } of guests) {
    const first = lanes.indexOf(Math.min(...lanes));
    for (const { estimate } of steps) {
      if (estimate === undefined) return undefined;
      lanes[first] = (lanes[first] ?? 0) + estimate.seconds;
    }
  }
  return Math.max(...lanes);
}

/** The plan for people. */
export function printSeveralPlan(view: SeveralView, lines: Lines): void {
  for (const guest of view.guests) {
    printGuestPlan(guest, lines);
    lines.line();
  }
  lines.heading(`Together: ${view.guests.length} guests, ${view.parallel} at a time`);
  printList("Left out:", view.skipped.map(describeSkipped), lines);
  printSpace(view.space, lines);
  for (const warning of view.warnings) lines.hanging("  WARNING: ", warning);
  printSteps(view, lines);
  if (view.needs.length > 0) lines.line(`Asks for: ${view.needs.join(" ")}`);
}

function describeSkipped({ guest, message }: RefusedGuest): string {
  return `${guest}: ${message}`;
}

function printSteps({ guests, seconds }: SeveralView, lines: Lines): void {
  lines.line("Steps of each, in full with --json:");
  for (const { guest, steps } of guests) lines.hanging(`  ${guest}: `, stepWords(steps).join(", "));
  lines.hanging(
    "  ",
    seconds === undefined
      ? "How long it takes is not known: not every step was measured on this machine yet."
      : `about ${formatDuration(seconds)} in all`,
  );
}

/** Steps in one word each: those that belong together count once. */
function stepWords(steps: RestoreView["steps"]): string[] {
  return [...new Set(steps.map(({ id }) => (id.split("/")[0] ?? id).replaceAll("-", " ")))];
}
