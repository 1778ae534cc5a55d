import * as pulumi from "@pulumi/pulumi";
import * as z from "zod";

/** Pulumi's own function over states; its packages have no wrapper for it. Tried with the version that is pinned here. */
const readState = "pulumi:pulumi:readStackResourceOutputs";

const answer = z.object({ outputs: z.record(z.string(), z.unknown()) });

/**
 * URNs of everything in the stack's state, as it is before this run. Undefined where this Pulumi does not say: then nothing
 * is concluded from what a state may or may not know.
 */
export async function readRecorded(): Promise<readonly string[] | undefined> {
  try {
    const found = answer.safeParse(await pulumi.runtime.invoke(readState, { stackName: pulumi.getStack() }));
    return found.success ? Object.keys(found.data.outputs) : undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    await pulumi.log.debug(`The stack's state could not be read: ${reason}`);
    return undefined;
  }
}
