import * as pulumi from "@pulumi/pulumi";
import { refusal } from "../components/refusal";
import { askWhoStarted } from "../scripts/clients/pulumi-cli/state-question";

/**
 * Ends an update that Pulumi has begun with another state than the one of its plan. Nobody but who has made that plan can tell:
 * what the program reads of the state is how it is now, and somebody may have put it back since Pulumi has read it. A preview makes
 * and deletes nothing, and a `pulumi up` that nobody has planned is not asked about.
 *
 * @throws pulumi.RunError
 */
export async function requirePlannedState(): Promise<void> {
  if (pulumi.runtime.isDryRun()) return;
  const why = await askWhoStarted(process.env);
  if (why === undefined) return;
  const stack = pulumi.getStack();
  throw refusal(`Unable to deploy ${stack}: ${why}\nHINT: look at the new plan: lifeboat up ${stack} --dry-run`);
}
