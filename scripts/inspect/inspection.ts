import type { CommandContext } from "../project/context";
import type { ExitCode } from "../terminal/exit-codes";
import type { Lines, Talk } from "../terminal/talk";

/** What was found out by reading only: one value, two printers. */
export interface Inspection<Value extends Readonly<Record<string, unknown>>> {
  /** For scripts. */
  readonly value: Value;
  /** The same for people. */
  readonly print: (lines: Lines) => void;
  readonly exitCode: ExitCode;
  /** Warnings and what to do next: on stderr, after the value, in either form. */
  readonly remark?: (talk: Talk) => void;
}

/**
 * Prints an inspection as the last thing that its command does; nothing of one that was interrupted, whose requests failed
 * because of that.
 */
export function show<Value extends Readonly<Record<string, unknown>>>(
  { output, talk, signal }: Pick<CommandContext, "output" | "talk" | "signal">,
  { value, print, exitCode, remark }: Inspection<Value>,
): ExitCode {
  signal.throwIfAborted();
  output.result(value, print);
  remark?.(talk);
  return exitCode;
}
