import * as z from "zod";
import { runSequence } from "../recovery/engine/run-sequence";
import { upSequence } from "../recovery/up/operation";
import { upShapes } from "../recovery/up/plan";
import { defineCommand } from "./frame/command";

export const command = defineCommand({
  description:
    "Runs pulumi up for every environment of the site, or for those that are named, in order. Where the settings declare a state store, its environment comes first: its state begins on this machine and is moved into the store; the others keep theirs there from the beginning. Run it again after an interruption: it does what is left, and nothing else.",
  examples: [
    { command: "lifeboat up --dry-run", meaning: "what would be made and changed?" },
    { command: "lifeboat up", meaning: "show the plan, ask, do it" },
    { command: "lifeboat up prod", meaning: "only this environment, and the state store where it needs one" },
    { command: "lifeboat up --force", meaning: "without a question, for scripts" },
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
    { flags: "--dry-run", description: "show the plan; change nothing" },
    { flags: "--force", description: "answer the plan's question with yes" },
  ],
  input: z.object({
    environments: z.array(z.string()).default([]),
    dryRun: z.boolean().default(false),
    force: z.boolean().default(false),
  }),
  aim: ({ environments }) => `bring up ${environments.length === 0 ? "the site" : environments.join(", ")}`,
  interrupt: "clean",
  prints: upShapes,
  run: async ({ environments, dryRun, force }, context) => {
    const words = ["lifeboat up", ...environments, ...(force ? ["--force"] : [])];
    const request = { wanted: environments, dryRun, given: { "--force": force }, command: words.join(" ") };
    return runSequence(await upSequence(await context.site(), request, context));
  },
});
