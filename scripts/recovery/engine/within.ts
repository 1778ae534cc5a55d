import * as z from "zod";
import type { CommandContext } from "../../project/context";
import type { ExitCode } from "../../terminal/exit-codes";
import { Output } from "../../terminal/output";
import { Prompts } from "../../terminal/prompts";
import type { ShowStep } from "../../terminal/progress";
import { Talk } from "../../terminal/talk";

/** How an operation ended that another has run. */
export interface EndedWithin {
  readonly exitCode: ExitCode;
  /** What it would have printed for scripts; empty where it printed nothing. */
  readonly value: Readonly<Record<string, unknown>>;
}

const resultSchema = z.record(z.string(), z.unknown());

/**
 * Runs an operation as a part of another: with a journal of its own, and locks that are released when it has ended. It asks nobody,
 * since the one around it has asked; its plan is not printed, and its report is handed over.
 *
 * @param show shows its steps, where several run at the same time. Default: they are the detail of the step that runs it.
 * @throws what the operation throws, such as CommandError (2) for a question that nobody has answered
 */
export async function runWithin(
  context: CommandContext,
  run: (inner: CommandContext) => Promise<ExitCode>,
  show?: ShowStep,
): Promise<EndedWithin> {
  const { io, redactor } = context;
  const cleanUps: (() => void | Promise<void>)[] = [];
  const printed: string[] = [];
  const silent = { ...io, writeOutput: (text: string) => void printed.push(text), writeError: () => undefined };
  const inner: CommandContext = {
    ...context,
    talk: new Talk(silent.writeError, silent, "error", redactor),
    output: new Output(silent, true, redactor),
    prompts: new Prompts(io, true),
    progress: show === undefined ? context.progress : context.progress.within(show),
    defer: (cleanUp) => void cleanUps.push(cleanUp),
  };
  try {
    const exitCode = await run(inner);
    const [text] = printed;
    return { exitCode, value: text === undefined ? {} : resultSchema.parse(JSON.parse(text)) };
  } finally {
    for (const cleanUp of cleanUps.reverse()) await cleanUp();
  }
}
