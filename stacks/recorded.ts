import * as pulumi from "@pulumi/pulumi";
import * as z from "zod";
import type { SiteFacts } from "../site/preflight/facts";

/** Pulumi's own function over states; its packages have no wrapper for it. Tried with the version that is pinned here. */
const readState = "pulumi:pulumi:readStackResourceOutputs";

const entry = z.object({ outputs: z.record(z.string(), z.unknown()).default({}) });
const answer = z.object({ outputs: z.record(z.string(), entry) });

/** What the stack's state has, as it is before this run, or why that is not known. */
export interface Recorded extends Pick<SiteFacts, "recorded" | "recordedUnread"> {
  /** Outputs by URN; empty where the state could not be read. Secrets are open. */
  readonly outputs: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export async function readRecorded(): Promise<Recorded> {
  try {
    const found = answer.safeParse(await pulumi.runtime.invoke(readState, { stackName: pulumi.getStack() }));
    if (!found.success) return { recordedUnread: "Pulumi gave an answer that is not known here", outputs: {} };
    const entries = Object.entries(found.data.outputs);
    return {
      recorded: entries.map(([urn]) => urn),
      outputs: Object.fromEntries(entries.map(([urn, { outputs }]) => [urn, outputs])),
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { recordedUnread: reason.split("\n")[0] ?? reason, outputs: {} };
  }
}
