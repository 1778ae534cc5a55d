import type { Journal } from "./journal";
import type { Facts, Finding, PlacedStep, StepContext } from "./step";

/** Receives what happens, for people. */
export interface Observer {
  started(step: PlacedStep, resumed: boolean): void;
  progress(step: PlacedStep, text: string, fraction?: number): void;
  finished(step: PlacedStep, seconds: number, findings: readonly Finding[]): void;
  failed(step: PlacedStep, error: unknown): void;
  takenBack(step: PlacedStep): void;
}

/** What the engine hands to a step; also used to take it back. */
export function contextOf(placed: PlacedStep, journal: Journal, signal: AbortSignal, observer: Observer): StepContext {
  return {
    signal,
    get facts(): Facts {
      return journal.factsOf(placed.path);
    },
    note: (facts) => journal.stepNoted(placed.path, facts),
    factsOf: (path) => journal.factsOf(path),
    progress: (text, fraction) => observer.progress(placed, text, fraction),
  };
}
