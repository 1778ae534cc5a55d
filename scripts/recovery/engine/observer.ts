import type { Journal } from "./journal";
import type { Facts, PlacedStep, StepContext, StepResult } from "./step";

/** Tells what a running step is at: a line of a task's log. */
export type Update = (detail: string) => void;

/** Shows people what happens. */
export interface Observer {
  /** Runs the work of a step and shows it from its first moment to its end, whatever that is. */
  step(step: PlacedStep, work: (update: Update) => Promise<StepResult | undefined>): Promise<unknown>;
  /** The same for a step that is taken back. */
  takeBack<Result>(step: PlacedStep, work: (update: Update) => Promise<Result>): Promise<Result>;
}

/** What the engine hands to a step, to run it or to take it back. */
export function contextOf(placed: PlacedStep, journal: Journal, signal: AbortSignal, progress: Update): StepContext {
  return {
    signal,
    get facts(): Facts {
      return journal.factsOf(placed.path);
    },
    note: (facts) => journal.stepNoted(placed.path, facts),
    factsOf: (path) => journal.factsOf(path),
    progress,
  };
}
