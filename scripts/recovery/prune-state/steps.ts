import { counted } from "../../terminal/text";
import { runBounded } from "../../machine/bounded";
import type { Step } from "../engine/step";
import type { StateAccess } from "../steps/state/state-access";
import type { PruneStatePlan } from "./plan";

/** Objects that are removed at once. */
const removalsAtOnce = 8;

/**
 * The steps that remove what the plan lists, as far as a plan of now would as well: a question may have stood open for hours, and
 * what was too old then may be what the state comes back from now. Twice is as good as once: what is gone already is no error.
 *
 * @param planNow plans again. @throws CommandError (13, 14) where nothing may be removed by now
 */
export function pruneSteps(
  { environment, remove }: PruneStatePlan,
  { store }: StateAccess,
  planNow: () => Promise<Pick<PruneStatePlan, "remove">>,
): Step[] {
  const step: Step = {
    id: "remove",
    title: `Remove ${counted(remove.length, "object")} of ${environment}`,
    does: `remove ${counted(remove.length, "object")}`,
    commits: true,
    run: async ({ note, progress, signal }) => {
      const now = new Set((await planNow()).remove);
      const both = remove.filter((key) => now.has(key));
      note({ sent: true });
      let done = 0;
      await runBounded(both, { parallel: removalsAtOnce, perKey: removalsAtOnce, keyOf: () => "" }, async (key) => {
        signal.throwIfAborted();
        await store.remove(key);
        done += 1;
        progress(`${String(done)} of ${String(both.length)}`);
      });
      const left = remove.length - both.length;
      if (left === 0) return {};
      const text = `${counted(left, "object")} of the plan ${left === 1 ? "is" : "are"} gone already, or needed by now: the history changed since the plan was made`;
      return { findings: [{ severity: "note", text }] };
    },
  };
  return [step];
}
