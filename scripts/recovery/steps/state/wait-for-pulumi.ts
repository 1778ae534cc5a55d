import { setTimeout as sleep } from "node:timers/promises";
import { isRunning, startOf } from "../../../machine/processes";
import type { CommandContext } from "../../../project/context";
import type { Journal } from "../../engine/journal";

/** A `pulumi` that an earlier, killed run of this command has left at work is let come to its end. */
export async function waitForPulumi(
  { contents: { steps } }: Journal,
  { progress, signal }: Pick<CommandContext, "progress" | "signal">,
): Promise<void> {
  for (const { facts } of Object.values(steps)) {
    const { pulumi, pulumiStart } = facts;
    if (typeof pulumi !== "number" || startOf(pulumi) !== pulumiStart) continue;
    await progress.step(`Wait for its pulumi (process ${String(pulumi)}) to end`, async () => {
      while (isRunning(pulumi)) await sleep(500, undefined, { signal });
    });
  }
}
