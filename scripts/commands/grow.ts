import * as z from "zod";
import { inSettings } from "../recovery/engine/left-guest";
import { runOne } from "../recovery/engine/run-one";
import { openSession } from "../recovery/engine/session";
import { growOperation } from "../recovery/grow/operation";
import { growShapes } from "../recovery/grow/plan";
import { defineCommand } from "./frame/command";

export const command = defineCommand({
  description:
    "Makes the disks of a container what the settings say, and keeps what is on them: disks grow with their file systems while it runs, and new ones are made and mounted. (The provider would replace the container and lose its data.) A virtual machine's disks grow while it runs; their file systems are grown inside it. Nothing is ever removed or made smaller. Afterwards Pulumi's state is brought up to date.",
  examples: [
    { command: "lifeboat grow web --dry-run", meaning: "what would be done to its disks?" },
    { command: "lifeboat grow web", meaning: "show the plan, ask, do it" },
    { command: "lifeboat grow prod/web --force", meaning: "without a question, for scripts" },
  ],
  arguments: [{ name: "guest", description: "id, name, or environment/name", required: true }],
  options: [
    { flags: "--dry-run", description: "show the plan; send nothing that changes anything" },
    { flags: "--force", description: "answer the plan's question with yes" },
  ],
  input: z.object({ guest: z.string(), dryRun: z.boolean().default(false), force: z.boolean().default(false) }),
  aim: ({ guest }) => `grow the disks of ${guest}`,
  interrupt: "clean",
  prints: growShapes,
  run: async ({ guest, dryRun, force }, context) => {
    const session = await inSettings([guest], context, () => openSession(guest, context, dryRun));
    const command = `lifeboat grow ${session.selector}${force ? " --force" : ""}`;
    return runOne(session, growOperation(session, { given: { "--force": force }, command }));
  },
});
