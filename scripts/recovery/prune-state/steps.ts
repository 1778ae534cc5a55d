import { counted } from "../../terminal/text";
import { runBounded } from "../../machine/bounded";
import type { Step } from "../engine/step";
import type { StateAccess } from "../steps/state/state-access";
import type { PruneStatePlan } from "./plan";

/** Objects that are removed at once. */
const removalsAtOnce = 8;

/** The steps that remove what the plan lists. Twice is as good as once: what is gone already is no error. */
export function pruneSteps({ environment, remove }: PruneStatePlan, { store }: StateAccess): Step[] {
  const step: Step = {
    id: "remove",
    title: `Remove ${counted(remove.length, "object")} of ${environment}`,
    does: `remove ${counted(remove.length, "object")}`,
    commits: true,
    run: async ({ note, progress, signal }) => {
      note({ sent: true });
      let done = 0;
      await runBounded(remove, { parallel: removalsAtOnce, perKey: removalsAtOnce, keyOf: () => "" }, async (key) => {
        signal.throwIfAborted();
        await store.remove(key);
        done += 1;
        progress(`${String(done)} of ${String(remove.length)}`);
      });
    },
  };
  return [step];
}
