import { pulumiLine } from "../../../../site/plain-pulumi";
import { failureOf } from "../../../clients/failure";
import type { Finding } from "../../engine/step";
import { comparisonFindings } from "../guest/open-world";
import type { StackSession } from "../../engine/session";

/** What Pulumi would do, as findings. The state stands, whether or not Pulumi can be asked. */
export async function compareState(
  { environment, context }: Pick<StackSession, "environment" | "context">,
  signal: AbortSignal,
): Promise<Finding[]> {
  try {
    return await comparisonFindings(environment, { ...context, signal });
  } catch (error) {
    signal.throwIfAborted();
    const { stack, message } = failureOf(error, "compare with Pulumi");
    if (stack !== undefined) throw error;
    return [{ severity: "todo", text: message, mend: pulumiLine(environment.name, "preview --refresh") }];
  }
}
