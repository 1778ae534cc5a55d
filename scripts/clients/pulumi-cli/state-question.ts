import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../machine/error-code";
import { writeDurably } from "../../machine/durable-file";
import { isRunning } from "../../machine/processes";

/**
 * How the program of an update asks whoever has started it whether the state that Pulumi has read is the one of the plan. Only
 * once the program runs has Pulumi read it: a look before that does not see what somebody writes in the moment between, and one
 * of the program's own does not see what was put back by then. The variable names the process that answers and a folder of its own.
 */
export const questionVariable = "LIFEBOAT_STATE_QUESTION";

const asked = "asked";
const answered = "answered";

/** Milliseconds between two looks. */
const pause = 50;

/**
 * Runs what may ask, and answers it.
 *
 * @param folder private and empty, gone afterwards.
 * @param answer why the state is not to be used, as half a sentence; undefined: it is.
 */
export async function answering<Result>(
  folder: string,
  answer: () => Promise<string | undefined>,
  run: (variables: Readonly<Record<string, string>>) => Promise<Result>,
): Promise<Result> {
  const end = new AbortController();
  const watching = watch(folder, answer, end.signal);
  try {
    return await run({ [questionVariable]: `${String(process.pid)}:${folder}` });
  } finally {
    end.abort();
    await watching;
  }
}

async function watch(folder: string, answer: () => Promise<string | undefined>, signal: AbortSignal): Promise<void> {
  while (!existsSync(join(folder, asked))) {
    if (signal.aborted) return;
    await sleep(pause, undefined, { signal }).catch(() => undefined);
  }
  // What cannot be looked at is not the same.
  const why = await answer().catch(
    (error: unknown) => `whether it is the one of the plan is not known: ${messageOf(error)}`,
  );
  if (!signal.aborted) writeDurably(join(folder, answered), why ?? "");
}

/**
 * In the program: why the state that Pulumi has read is not to be used, as half a sentence. Undefined: it is, or nobody has
 * started this who would know.
 */
export async function askWhoStarted(
  variables: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const [, process, folder] = /^(\d+):(.+)$/su.exec(variables[questionVariable] ?? "") ?? [];
  if (process === undefined || folder === undefined) return undefined;
  const place = join(folder, answered);
  if (existsSync(folder)) writeDurably(join(folder, asked), "");
  while (!existsSync(place)) {
    if (!existsSync(folder) || !isRunning(Number(process))) return "whoever has started this update has ended";
    await sleep(pause);
  }
  const why = readFileSync(place, "utf8");
  return why === "" ? undefined : why;
}
