import * as z from "zod";
import { openStackSession } from "../recovery/engine/session";
import { openLiveAndLocal } from "../recovery/steps/state/live-and-local";
import { returnOperation } from "../recovery/return/operation";
import { runOne } from "../recovery/engine/run-one";
import { returnShapes } from "../recovery/return/plan";
import { defineCommand } from "./frame/command";

export const command = defineCommand({
  description:
    "The end of a fallback: the state store answers again, and the state of an environment lives there again. What was done on this machine meanwhile comes along; the store's old state stays as a restore point. Where both have changed, nothing is done before you have said which lives on.",
  examples: [
    { command: "lifeboat state return prod --dry-run", meaning: "which of the two has changed?" },
    { command: "lifeboat state return prod", meaning: "show the plan, ask, do it" },
    { command: "lifeboat state return prod --keep store", meaning: "both have changed: the store's state lives on" },
  ],
  arguments: [{ name: "environment", description: "name of the environment", required: true }],
  options: [
    {
      flags: "--keep <side>",
      description: "where both have changed: go on with 'local' or 'store'; the other stays as a restore point",
    },
    { flags: "--dry-run", description: "show the plan; write nothing" },
    { flags: "--force", description: "answer the plan's question with yes" },
  ],
  input: z.object({
    environment: z.string(),
    keep: z.enum(["local", "store"], { error: "--keep is 'local' or 'store'" }).optional(),
    dryRun: z.boolean().default(false),
    force: z.boolean().default(false),
  }),
  aim: ({ environment }) => `return the state of ${environment} to the store`,
  interrupt: "clean",
  prints: returnShapes,
  run: async ({ environment, keep, dryRun, force }, context) => {
    const session = await openStackSession(environment, context, dryRun);
    const flags = [...(keep === undefined ? [] : [`--keep ${keep}`]), ...(force ? ["--force"] : [])];
    const command = ["lifeboat state return", environment, ...flags].join(" ");
    const states = await openLiveAndLocal(session);
    const operation = returnOperation(session, states, { keep, given: { "--force": force }, command });
    return runOne(session, operation);
  },
});
