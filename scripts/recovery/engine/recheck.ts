import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { Step, StepContext, StepResult } from "./step";

export const recheckPath = "recheck";

/** What is looked at once more. */
export interface Recheck {
  /** `guest and settings` */
  readonly reads: string;
  /** The command that shows the new plan, as after "look at the new plan: ". */
  readonly again: string;
  /** Names of what has changed. */
  changed(context: StepContext): Promise<readonly string[]>;
  /** Done where nothing has. */
  afterwards?(context: StepContext): Promise<StepResult | void>;
}

/** Reads everything again that the plan rests on, as the last thing before the request that destroys. */
export function recheckStep({ reads, again, changed, afterwards }: Recheck): Step {
  return {
    id: recheckPath,
    title: "Check that nothing has changed",
    does: `read ${reads} again, and stop if one has changed since this plan`,
    run: async (context) => {
      refuseChanges(await changed(context), again);
      return afterwards?.(context);
    },
  };
}

/** @throws CommandError (13) naming what has changed */
export function refuseChanges(changed: readonly string[], again: string): void {
  if (changed.length > 0) throw changedSincePlan(changed, again);
}

/** What a plan rests on is another by now. @param again the command that shows the new plan */
export function changedSincePlan(changed: readonly string[], again: string): CommandError {
  return new CommandError(`${changed.join(" and ")} changed since the plan was made`, {
    exitCode: exitCodes.refused,
    hint: `look at the new plan: ${again}`,
  });
}
