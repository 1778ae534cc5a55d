import * as z from "zod";
import { parseKeep } from "../../site/state/prune";
import { shellQuote } from "../machine/shell-quote";
import { pruneOperation } from "../recovery/prune-state/operation";
import { openStateAccess } from "../recovery/steps/state/state-access";
import { runOne } from "../recovery/engine/run-one";
import { openStackSession } from "../recovery/engine/session";
import { forceFlag } from "../recovery/engine/settle-demands";
import { pruneStateShapes } from "../recovery/prune-state/plan";
import { defineCommand } from "./frame/command";
import { usageError } from "../terminal/command-error";

export const command = defineCommand({
  description:
    "Removes what is old of an environment's state history: Pulumi's entries with their checkpoints, Pulumi's copies, and states that Lifeboat saved more than 30 days ago. The present state and the newest update that ended well always stay. In a bucket that keeps versions nothing is lost before they expire.",
  examples: [
    { command: "lifeboat state prune prod --keep 90d --dry-run", meaning: "what is older than 90 days?" },
    { command: "lifeboat state prune prod --keep 90d", meaning: "show it, ask, remove it" },
    {
      command: "lifeboat state prune prod --keep 200 --force",
      meaning: "keep the newest 200 updates, without questions",
    },
  ],
  arguments: [{ name: "environment", description: "prod for Pulumi.prod.yaml", required: true }],
  options: [
    { flags: "--keep <age or number>", description: "how old updates may get (90d, 12w), or how many stay" },
    { flags: "--dry-run", description: "show the plan; remove nothing" },
    { flags: forceFlag, description: "answer the plan's question with yes" },
  ],
  input: z.object({
    environment: z.string(),
    keep: z.string().optional(),
    dryRun: z.boolean().default(false),
    force: z.boolean().default(false),
  }),
  aim: ({ environment }) => `prune the states of ${environment}`,
  interrupt: "clean",
  prints: pruneStateShapes,
  run: async ({ environment: name, keep: keepText, dryRun, force }, context) => {
    const keep = keepText === undefined ? undefined : parseKeep(keepText);
    if (keepText === undefined || keep === undefined) {
      const problem =
        keepText === undefined ? "--keep is missing" : `--keep is '${keepText}', which is neither an age nor a number`;
      throw usageError(problem, "write --keep 90d for an age, or --keep 200 for a number of updates");
    }
    const session = await openStackSession(name, context, dryRun);
    const access = await openStateAccess(session.environment, context);
    const words = ["lifeboat", "state", "prune", name, "--keep", keepText, ...(force ? [forceFlag] : [])];
    const command = words.map(shellQuote).join(" ");
    const request = { keep, keepText, given: { [forceFlag]: force }, command };
    return runOne(session, pruneOperation(session, access, request));
  },
});
