import { formatDuration } from "../../terminal/durations";
import type { Lines } from "../../terminal/talk";
import { type Demand, flagOf } from "./consent";
import type { PastRuns } from "./durations";
import type { Report } from "./operation";
import { type Estimate, type StepCard, type StepNode, placeSteps } from "./step";

/** A step as plans show it, for scripts. */
export interface StepView extends Partial<StepCard> {
  /** Path of ids: `save-point/take`. */
  readonly id: string;
  readonly title: string;
  readonly does: string;
  /** Absent where nothing like it was measured on this machine. */
  readonly estimate?: Estimate;
}

/** A plan as it is shown, the same for every operation: its own part, then its steps with their times, then its questions. */
export function planView(view: Report, steps: readonly StepView[], demands: readonly Demand[]): Report {
  return viewWith(view, steps, demands, (lines) => {
    printSteps(steps, lines);
    printDuration(steps, lines);
  });
}

/** The same for what takes no time that anybody measures, such as taking steps back. */
export function untimedPlanView(view: Report, steps: readonly StepView[], demands: readonly Demand[]): Report {
  return viewWith(view, steps, demands, (lines) => printSteps(steps, lines));
}

function viewWith(
  { value, print }: Report,
  steps: readonly StepView[],
  demands: readonly Demand[],
  printBelow: (lines: Lines) => void,
): Report {
  const flags = demands.map(flagOf);
  return {
    value: { ...value, steps, flags },
    print: (lines) => {
      print(lines);
      printBelow(lines);
      printFlags(flags, lines);
    },
  };
}

export function stepViews(
  steps: readonly StepNode[],
  estimate: (stepPath: string) => Estimate | undefined,
): StepView[] {
  return placeSteps(steps).map(({ path, step: { title, does, card } }) => {
    const known = estimate(path);
    return { id: path, title, does, ...card, ...(known === undefined ? {} : { estimate: known }) };
  });
}

/** How long steps take, from what was measured on this machine. @param bytes that they work through, where known. */
export function estimates(past: PastRuns, bytes: number | undefined): (stepPath: string) => Estimate | undefined {
  return (path) => past.last(path) ?? (bytes === undefined ? undefined : past.byRate(path, bytes));
}

function printSteps(steps: readonly StepView[], lines: Lines): void {
  lines.line("Steps:");
  for (const [index, { does, estimate, needs, command, check }] of steps.entries()) {
    const time = estimate === undefined ? "" : `: about ${formatDuration(estimate.seconds)} (${estimate.basis})`;
    lines.hanging(`  ${`${String(index + 1)}.`.padEnd(4)}`, `${does}${time}`);
    if (needs !== undefined) lines.hanging("        needs:    ", needs);
    if (command !== undefined) lines.hanging("        alone:    ", command);
    if (check !== undefined) lines.hanging("        check:    ", check);
  }
}

function printDuration(steps: readonly StepView[], lines: Lines): void {
  const known = steps.flatMap(({ estimate }) => (estimate === undefined ? [] : [estimate.seconds]));
  const sum = formatDuration(known.reduce((total, seconds) => total + seconds, 0));
  lines.hanging(
    "  ",
    known.length === steps.length
      ? `about ${sum} in all`
      : known.length === 0
        ? "How long it takes is not known: nothing was measured on this machine yet."
        : `at least ${sum}; the rest is not known yet`,
  );
}

/** The last line of every plan. */
export function printFlags(flags: readonly string[], lines: Lines): void {
  if (flags.length > 0) lines.hanging("Flags that answer all questions: ", flags.join(" "));
}
