import * as pulumi from "@pulumi/pulumi";
import { refusal } from "../components/refusal";
import type { Environment } from "../site/settings/environment";
import { parseSettings } from "../site/settings/parse-settings";
import { formatProblems } from "../site/settings/problem";
import { fromPulumiConfig } from "../site/settings/pulumi-config";

/**
 * The settings of the stack that runs.
 *
 * @throws pulumi.RunError with every problem on one screen, without a stack trace.
 */
export function readSettings(): Environment {
  const stack = pulumi.getStack();
  const parsed = parseSettings(fromPulumiConfig(pulumi.runtime.allConfig()), { environment: stack });
  if (!parsed.ok) throw refusal(formatProblems(parsed.problems, stack));
  return parsed.environment;
}
