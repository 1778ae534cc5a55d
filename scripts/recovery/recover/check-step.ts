import type { Finding, Step } from "../engine/step";
import type { EnvironmentLook, RecoverPlan } from "./plan";
import type { SiteSession } from "./session";

/** Path of the step that proves the whole. */
export const checkPath = "check";

/** Looks at everything once more, as `lifeboat check` does. */
export function checkStep(plan: RecoverPlan, session: SiteSession): Step {
  const { environments } = plan;
  const names = environments.filter(({ trouble }) => trouble === undefined).map(({ name }) => name);
  return {
    id: checkPath,
    title: `Check ${names.join(", ")}`,
    does: `check ${names.join(", ")}: every guest by its checks, backup jobs, states, copies and monitoring`,
    run: async () => {
      const { problems, good } = await session.check(names);
      const findings = [...session.unusable, ...environments.flatMap(notRecovered), ...problems];
      return { facts: { good, proven: findings.length === 0 }, findings };
    },
  };
}

function notRecovered({ name, trouble, mend }: EnvironmentLook): Finding[] {
  if (trouble === undefined) return [];
  const text = `${name} was left as it is: ${trouble}`;
  return [{ severity: "problem", text, ...(mend === undefined ? {} : { mend }) }];
}
