import * as z from "zod";
import { inspectVariables } from "../inspect/env/inspect-variables";
import { variablesShape } from "../inspect/env/shape";
import { show } from "../inspect/inspection";
import { usageError } from "../terminal/command-error";
import { defineCommand } from "./frame/command";

export const command = defineCommand({
  description:
    "Prints shell exports with which plain pulumi works on an environment: backend, passphrase file, token file, the node's certificate authority. Secrets are never printed, only the names of their files.",
  examples: [
    { command: 'eval "$(lifeboat env prod)"', meaning: "set them in this shell" },
    { command: "pulumi preview --stack prod", meaning: "… and use pulumi" },
  ],
  arguments: [{ name: "environment", description: "prod for Pulumi.prod.yaml", required: false }],
  input: z.object({ environment: z.string().optional() }),
  aim: ({ environment }) => `print the variables of ${environment ?? "an environment"}`,
  prints: { report: variablesShape },
  run: async ({ environment }, context) => {
    const site = await context.site();
    return show(
      context,
      await inspectVariables(site.environment(environment ?? onlyOne(site.environmentNames)), context),
    );
  },
});

function onlyOne(names: readonly string[]): string {
  const [name, another] = names;
  if (name !== undefined && another === undefined) return name;
  throw usageError("name the environment", `environments here: ${names.join(", ")}`);
}
