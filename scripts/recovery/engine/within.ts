import * as z from "zod";
import type { CommandContext } from "../../project/context";
import type { ExitCode } from "../../terminal/exit-codes";
import { Output, safeJson } from "../../terminal/output";
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

/** Keeps a result instead of printing it, without the secrets that no output has. */
class CapturedOutput extends Output {
  value: EndedWithin["value"] = {};

  constructor(private readonly context: Pick<CommandContext, "io" | "redactor">) {
    super(context.io, true, context.redactor);
  }

  override result(value: Readonly<Record<string, unknown>>): void {
    this.value = resultSchema.parse(JSON.parse(this.context.redactor.redact(safeJson(value))));
  }

  override message(): void {
    // Whoever follows the outer operation knows nothing of this one.
  }
}

const silent = (): void => undefined;

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
  const output = new CapturedOutput(context);
  const inner: CommandContext = {
    ...context,
    talk: new Talk(silent, io, "error", redactor),
    output,
    prompts: new Prompts(io, true),
    progress: show === undefined ? context.progress : context.progress.within(show),
    defer: (cleanUp) => void cleanUps.push(cleanUp),
  };
  try {
    return { exitCode: await run(inner), value: output.value };
  } finally {
    for (const cleanUp of cleanUps.reverse()) await cleanUp();
  }
}
