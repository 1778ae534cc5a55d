import * as z from "zod";
import { abandon, abandonShapes } from "../recovery/abandon/abandon";
import { openJournalSession } from "../recovery/engine/left-guest";
import { openStackSession } from "../recovery/engine/session";
import { defineCommand } from "./frame/command";

export const command = defineCommand({
  description:
    "Gives up an operation that is half done and can be neither resumed nor taken back, such as the rollback of a guest that is gone: it no longer stands in the way of others. Shows first what it leaves behind, looked up on the node; that stays as it is, and nothing is changed.",
  examples: [
    { command: "lifeboat abandon web --dry-run", meaning: "what is half done, and what would it leave behind?" },
    { command: "lifeboat abandon web", meaning: "show it, ask, give it up" },
    { command: "lifeboat abandon prod", meaning: "what is half done on the state of the environment prod" },
  ],
  arguments: [
    { name: "subject", description: "a guest (id, name, environment/name) or an environment", required: true },
  ],
  options: [
    { flags: "--dry-run", description: "show the plan; change nothing" },
    { flags: "--force", description: "answer the plan's question with yes" },
  ],
  input: z.object({ subject: z.string(), dryRun: z.boolean().default(false), force: z.boolean().default(false) }),
  aim: ({ subject }) => `abandon what is half done on ${subject}`,
  interrupt: "clean",
  prints: abandonShapes,
  run: async ({ subject, dryRun, force }, context) => {
    const isStack = (await context.site()).environmentNames.includes(subject);
    const session = isStack
      ? await openStackSession(subject, context, dryRun)
      : await openJournalSession(subject, context, dryRun);
    const command = `lifeboat abandon ${session.selector}${force ? " --force" : ""}`;
    return abandon(session, { given: { "--force": force }, command });
  },
});
