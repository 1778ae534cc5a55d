import { type ExitCode, exitCodes } from "./exit-codes";

export interface CommandErrorOptions {
  exitCode: ExitCode;
  /** The next thing to do, best a command that can be copied. */
  hint?: string | undefined;
  /** The message is a sentence of its own: it is printed without "Unable to …" before it. */
  complete?: boolean;
  /** Members for the JSON form of the error, for scripts: candidates, problems, the plan. */
  details?: Readonly<Record<string, unknown>>;
  cause?: unknown;
}

/**
 * Ends a command on purpose: a user's mistake, a refusal, something that is not there. Printed as
 * "Unable to <verb> <thing> <id>: <message>" and "HINT: <hint>", without a stack trace.
 *
 * @param message the cause, as it reads after the colon: "guest 101 is running".
 */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;
  readonly complete: boolean;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(message: string, options: CommandErrorOptions) {
    super(message, { cause: options.cause });
    this.exitCode = options.exitCode;
    this.hint = options.hint;
    this.complete = options.complete ?? false;
    this.details = options.details ?? {};
  }
}

/** A mistake on the command line or in the settings (exit code 2). */
export function usageError(message: string, hint?: string, details?: CommandErrorOptions["details"]): CommandError {
  return new CommandError(message, { exitCode: exitCodes.usage, hint, ...(details === undefined ? {} : { details }) });
}

/** The reason of the signal when the user pressed Ctrl-C. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  /** What whoever leaves at once has to know: what goes on without this process, and how it is ended. */
  hint: string | undefined;

  constructor() {
    super("interrupted");
  }
}
