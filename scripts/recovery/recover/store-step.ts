import * as z from "zod";
import { shellQuote } from "../../machine/shell-quote";
import { runOne } from "../engine/run-one";
import { findingShape } from "../engine/shapes";
import { forceFlag } from "../engine/settle-demands";
import { type Step, standing } from "../engine/step";
import { runWithin } from "../engine/within";
import { findingsWithin } from "./findings-within";
import { rebuildOperation } from "../rebuild/operation";
import { openRebuild, storeIn } from "../rebuild/world";
import type { EnvironmentLook, StoreLook } from "./plan";
import type { SiteSession } from "./session";
import { wouldMakeEmpty } from "./stack-steps";

const reportSchema = z.looseObject({ findings: z.array(findingShape) });

/**
 * Makes the state store again, with every state that has a copy. What it still holds is never overwritten.
 *
 * @param later stacks that are brought up behind this step
 * @param keepers the environment that makes the store
 */
export function storeStep(
  { endpoint, states }: StoreLook,
  later: readonly string[],
  keepers: readonly EnvironmentLook[],
  session: SiteSession,
): Step {
  const names = (states?.environments ?? []).flatMap(({ name, copy, stored }) =>
    copy === undefined || stored ? [] : [name],
  );
  const command = [
    "lifeboat rebuild state-store",
    ...(session.asked.from === undefined ? [] : [`--from ${shellQuote(session.asked.from)}`]),
  ].join(" ");
  return standing({
    id: "store",
    title: "Rebuild the state store",
    does: `make the state store at ${endpoint} again, and bring back the ${names.length === 1 ? "state" : "states"} of ${names.join(", ")} from ${states?.from ?? "the copies"}`,
    card: {
      needs: `the node on which it is made, the passphrase, and ${states?.from ?? "the copies"}`,
      command,
      check: `${endpoint} answers, and each state is read back as it was copied`,
    },
    run: async ({ factsOf }) => {
      const { asked, context } = session;
      const findings = keepers.flatMap((look) => wouldMakeEmpty(look, factsOf, session));
      if (findings.length > 0) return { findings };
      const { value } = await runWithin(context, async (inner) => {
        const site = await inner.site();
        const rebuild = await openRebuild(site, storeIn(site), inner, {
          from: asked.from,
          mapping: asked.mapping,
          dryRun: false,
        });
        const given = { ...asked.given, [forceFlag]: true };
        return runOne(rebuild, rebuildOperation(rebuild, { given, command }));
      });
      return { findings: findingsWithin(reportSchema.parse(value).findings, later) };
    },
  });
}
