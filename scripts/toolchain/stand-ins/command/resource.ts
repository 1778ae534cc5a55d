import type { Properties } from "./values";

/** What is wrong with one input. */
export interface Problem {
  readonly property: string;
  readonly reason: string;
}

/** What a resource may use while a command runs. */
export interface Call {
  /** Shows a line while the command runs; it does not stay on the screen. */
  readonly log: (line: string) => void;
  /** Aborted when the user stops the update. */
  readonly signal: AbortSignal;
}

/** A kind of resource. Inputs and states are as on the wire: secrets are marked. */
export interface ResourceKind {
  /** Names of what a run gives besides the inputs. */
  readonly outputs: readonly string[];
  /** Names of inputs whose change makes a new resource. */
  readonly replacing: readonly string[];
  /** Start of the id that a new resource gets. */
  idPrefix(name: string): string;
  /** Inputs with their defaults, and everything that is wrong with them. */
  check(inputs: Properties): { inputs: Properties; problems: readonly Problem[] };
  /** Each gives the values of `outputs`. @throws RunError */
  create(inputs: Properties, call: Call): Promise<Properties>;
  update(inputs: Properties, state: Properties, call: Call): Promise<Properties>;
  delete(state: Properties, call: Call): Promise<void>;
}

/** A command that failed. The message is what the official provider says. */
export class RunError extends Error {}
