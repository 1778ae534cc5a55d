import { appendFileSync } from "node:fs";
import { requirements } from "./requirements";

/** Names a file to which each time is added as a line of JSON. */
export const timesVariable = "LIFEBOAT_TIMES";

/**
 * Does something for which a time is promised, and prints how long it took beside the promise. Nothing fails when it took
 * longer. `docs/reference/requirements.md` names each call as what shows the requirement.
 *
 * @param id the promise, `L1` and so on
 * @param what what was done, as in "restoring a container"
 */
export async function timed<T>(id: string, what: string, work: () => Promise<T>): Promise<T> {
  const promise = requirements.find((requirement) => requirement.id === id)?.promise;
  if (promise === undefined) throw new Error(`There is no requirement ${id}.`);
  const started = performance.now();
  const done = await work();
  const seconds = (performance.now() - started) / 1000;
  process.stdout.write(`${id}: ${what} took ${seconds.toFixed(1)} s. Promised: ${promise}\n`);
  const file = process.env[timesVariable];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify({ id, what, seconds })}\n`);
  return done;
}
