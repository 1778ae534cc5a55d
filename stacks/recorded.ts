import * as pulumi from "@pulumi/pulumi";
import * as z from "zod";
import type { SiteFacts } from "../site/preflight/facts";

/** Pulumi's own function over states; its packages have no wrapper for it. Tried with the version that is pinned here. */
const readState = "pulumi:pulumi:readStackResourceOutputs";

const answer = z.object({ outputs: z.record(z.string(), z.unknown()) });

/** What the stack's state has, as it is before this run, or why that is not known. */
export type Recorded = Pick<SiteFacts, "recorded" | "recordedUnread">;

export async function readRecorded(): Promise<Recorded> {
  try {
    const found = answer.safeParse(await pulumi.runtime.invoke(readState, { stackName: pulumi.getStack() }));
    if (found.success) return { recorded: Object.keys(found.data.outputs) };
    return { recordedUnread: "Pulumi gave an answer that is not known here" };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { recordedUnread: reason.split("\n")[0] ?? reason };
  }
}
