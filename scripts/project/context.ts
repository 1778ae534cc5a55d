import type { Progress } from "../terminal/progress";
import type { InputOutput } from "../terminal/input-output";
import type { KnownCommand } from "../terminal/known-command";
import type { Talk } from "../terminal/talk";
import type { Output } from "../terminal/output";
import type { Prompts } from "../terminal/prompts";
import type { Redactor } from "../terminal/redactor";
import type { Site } from "./site";

/** Everything that a command works with. */
export interface CommandContext {
  readonly io: InputOutput;
  /** Talk on stderr. */
  readonly talk: Talk;
  /** Data on stdout. */
  readonly output: Output;
  readonly progress: Progress;
  readonly prompts: Prompts;
  /** Masks secrets in whatever else is written: journals, reports. */
  readonly redactor: Redactor;
  /** Folder from `--project`, as it was given. */
  readonly project: string | undefined;
  /** Every command, for one that tells of the others. */
  readonly commands: readonly KnownCommand[];
  /** Aborted by Ctrl-C with an {@link Interrupted} as its reason. */
  readonly signal: AbortSignal;
  /** The project's settings; read when first asked for, once. @throws CommandError (2) without a project. */
  site(): Promise<Site>;
  /**
   * The settings as they are now, for whoever runs long enough to see them change. Closed by the caller.
   *
   * @param credentials a folder with credentials, which then is the only place that gives any. @throws CommandError (2)
   */
  openSite(credentials?: string): Promise<Site>;
  /** Runs when the command has ended, however it ended. Last in, first out. */
  defer(cleanUp: () => void | Promise<void>): void;
}
