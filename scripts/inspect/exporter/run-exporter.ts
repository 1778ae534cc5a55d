import { setTimeout } from "node:timers/promises";
import * as z from "zod";
import type { CommandContext } from "../../project/context";
import type { Inspection } from "../inspection";
import { exitCodes } from "../../terminal/exit-codes";
import type { ValueOf } from "../../terminal/shapes";
import { Looks, type LooksOptions } from "./looks";
import { type ListenAddress, serve } from "./serve";

/** `lifeboat exporter --once --json` */
export const pageShape = z.strictObject({
  exitCode: z.number(),
  page: z.string().describe("the metrics, in Prometheus' text format"),
  missed: z.array(z.string()).describe("environments that could not be looked at"),
  incomplete: z
    .array(z.string())
    .describe("what could not be seen of the others, one sentence each, after its environment"),
});

/** One look at every environment. */
export async function inspectOnce(
  options: LooksOptions,
  context: CommandContext,
): Promise<Inspection<ValueOf<typeof pageShape>>> {
  const looks = new Looks(context, options);
  await looks.round();
  const { missed, incomplete } = looks;
  const exitCode = missed.length + incomplete.length === 0 ? exitCodes.done : exitCodes.partly;
  const page = looks.text();
  return {
    value: { exitCode, page, missed, incomplete },
    print: () => context.io.writeOutput(page),
    exitCode,
    remark: (talk) => {
      for (const text of incomplete) talk.hanging("Not seen: ", text);
    },
  };
}

/** Looks again and again, and answers meanwhile, until the signal. @throws CommandError (1, 2) before the first look */
export async function runExporter(
  { address, ...options }: LooksOptions & { readonly address: ListenAddress },
  context: CommandContext,
): Promise<void> {
  const { signal, talk } = context;
  // What is wrong with the project as a whole is told at once, and not in a log of looks that fail.
  await context.site();
  const looks = new Looks(context, options);
  const served = await serve(address, () => looks.text());
  context.defer(() => served.close());
  talk.line(`Metrics at ${served.url}/metrics, a look every ${String(options.interval)} s.`);
  while (!signal.aborted) {
    // A look that takes longer than the interval is left at work: the others go on.
    void looks.round().catch((error: unknown) => tell(error, context));
    await setTimeout(options.interval * 1_000, undefined, { signal, ref: true }).catch(() => undefined);
  }
}

function tell(error: unknown, { talk, signal }: CommandContext): void {
  if (!signal.aborted) talk.line(error instanceof Error ? error.message : String(error));
}
