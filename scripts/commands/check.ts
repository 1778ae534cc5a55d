import * as z from "zod";
import { inspectCheck } from "../inspect/check/inspect-check";
import { checkShape } from "../inspect/check/shape";
import { show } from "../inspect/inspection";
import { defineCommand } from "./frame/command";

/** Seconds that a check is repeated: nothing has just been started. */
const patience = 10;

export const command = defineCommand({
  description:
    "The proof at the end of a recovery, or of any morning: the way to each node and the rights there, every guest by the checks of its settings, made now on the guest itself, the job and the newest backups, drills, dumps, states (reached, read and opened with the passphrase) and their copies, monitoring. A line for each, and below what is not in order the next command. What could not be looked at is not in order. Changes nothing. Ends with 3 when something is not in order.",
  examples: [
    { command: "lifeboat check", meaning: "the whole site" },
    { command: "lifeboat check prod lab", meaning: "two environments" },
    { command: "lifeboat check --check-timeout 300", meaning: "after a start: wait up to five minutes for each check" },
    {
      command: 'lifeboat check --json | jq \'.subjects[] | select(.verdict == "problem" or .verdict == "unknown")\'',
      meaning: "for scripts",
    },
  ],
  arguments: [
    {
      name: "environments",
      description: "prod for Pulumi.prod.yaml; all without a name",
      required: false,
      variadic: true,
    },
  ],
  options: [
    {
      flags: "--check-timeout <seconds>",
      description: `how long each check of a guest is repeated (default ${String(patience)})`,
    },
  ],
  input: z.object({
    environments: z.array(z.string()).default([]),
    checkTimeout: z.coerce.number().min(0).max(86_400).default(patience),
  }),
  aim: ({ environments }) => `check ${environments.length === 0 ? "the site" : environments.join(", ")}`,
  prints: { report: checkShape },
  run: async ({ environments, checkTimeout }, context) =>
    show(context, await inspectCheck(await context.site(), { environments, patience: checkTimeout }, context)),
});
