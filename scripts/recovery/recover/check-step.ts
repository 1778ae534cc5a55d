import type { Step } from "../engine/step";
import type { SiteSession } from "./session";

/** Path of the step that proves the whole. */
export const checkPath = "check";

/** Looks at everything once more, as `lifeboat check` does. */
export function checkStep(names: readonly string[], session: SiteSession): Step {
  return {
    id: checkPath,
    title: `Check ${names.join(", ")}`,
    does: `check ${names.join(", ")}: every guest by its checks, backup jobs, states, copies and monitoring`,
    run: async () => {
      const { problems, good } = await session.check(names);
      return { facts: { good, proven: problems.length === 0 }, findings: problems };
    },
  };
}
