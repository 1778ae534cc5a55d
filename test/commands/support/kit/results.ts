import { AsyncLocalStorage } from "node:async_hooks";
import { Output, safeJson } from "../../../../scripts/terminal/output";

/** The results of the run that is under way, as `--json` prints them. */
const current = new AsyncLocalStorage<unknown[]>();

const { result } = Output.prototype;
Output.prototype.result = function (value, print) {
  current.getStore()?.push(JSON.parse(safeJson(value)));
  result.call(this, value, print);
};

/** Runs a command, and notes each result that it prints, for people or for scripts. */
export async function resultsOf<Code>(run: () => Promise<Code>): Promise<{ code: Code; results: readonly unknown[] }> {
  const results: unknown[] = [];
  return { code: await current.run(results, run), results };
}
