import type { FileWrite } from "../support/kit";
import type { RunOptions, RunResult } from "../support/run-bundle";

/** Where one operation at a time is killed: a guest, or a whole site. Several of a kind are worked on side by side. */
export interface Stage {
  readonly name: string;
  /** The state folder of the command line: journals and locks. */
  readonly stateFolder: string;
  lifeboat(argv: readonly string[], options?: RunOptions): Promise<RunResult>;
}

/**
 * An operation that is killed at every moment at which that makes a difference. The same command, run again, must leave what
 * an undisturbed run leaves.
 */
export interface KillRow<Place extends Stage> {
  readonly operation: string;
  /** Of the requirements that it shows. */
  readonly ids: string;
  readonly argv: (stage: Place) => readonly string[];
  /** Brings the stage into the state in which the command is given. Gives what looks at what has become of it since. */
  readonly prepare: (stage: Place) => Promise<() => Promise<unknown>>;
  /** What an undisturbed run leaves, among other things. */
  readonly wanted: Readonly<Record<string, unknown>>;
  /** Writes of journals that it has at least: fewer, and the row would show less than it says. */
  readonly writes: number;
  /** Things that it changes, each between two writes of its journal, at least. */
  readonly changes: number;
  /** The command that takes it back, killed anywhere, and what is there afterwards. */
  readonly undo?: {
    readonly argv: (stage: Place) => readonly string[];
    readonly wanted: Readonly<Record<string, unknown>>;
  };
  readonly tidy?: (stage: Place) => Promise<void>;
  /**
   * It works on several subjects at once: in which order their journals are written differs from run to run, so that what
   * two kills leave is not compared, and more of them are real ones.
   */
  readonly isBatch?: boolean;
  /** Which writes it is killed after, where each costs too much to try them all. */
  readonly after?: (writes: readonly FileWrite[]) => readonly number[];
}
