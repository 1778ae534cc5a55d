import * as z from "zod";
import { runOne } from "../recovery/engine/run-one";
import { openStackSession } from "../recovery/engine/session";
import { forceFlag } from "../recovery/engine/settle-demands";
import { rotationOperation } from "../recovery/rotate-keys/operation";
import { rotateKeysShapes } from "../recovery/rotate-keys/plan";
import { usageError } from "../terminal/command-error";
import { defineCommand } from "./frame/command";

export const command = defineCommand({
  description:
    "Replaces the keys by which an environment's state is reached, for when one was stolen: its own and that of its previews; of the environment that makes the store also that of the copies. New identities are made at the store, proven and taken into use; only then the former ones are removed, with every key that they have made for themselves. Run it again after an interruption: it goes on.",
  examples: [
    { command: "lifeboat state rotate prod --dry-run", meaning: "which keys would go, and what have they made?" },
    { command: "lifeboat state rotate prod", meaning: "show the plan, ask, do it" },
  ],
  arguments: [{ name: "environment", description: "prod for Pulumi.prod.yaml", required: true }],
  options: [
    { flags: "--dry-run", description: "show the plan; change nothing" },
    { flags: forceFlag, description: "answer the plan's question with yes" },
  ],
  input: z.object({
    environment: z.string(),
    dryRun: z.boolean().default(false),
    force: z.boolean().default(false),
  }),
  aim: ({ environment }) => `replace the keys of ${environment}`,
  interrupt: "clean",
  prints: rotateKeysShapes,
  run: async ({ environment: name, dryRun, force }, context) => {
    const session = await openStackSession(name, context, dryRun);
    const site = await context.site();
    const siteStore = session.environment.stateStore();
    if (siteStore?.store.kind !== "container") {
      throw usageError(
        "the site has no state store that Lifeboat makes: nobody but its administrator replaces its keys",
        "let them make new ones, and take them in: LIFEBOAT_STATE_KEYS_FILE=FILE lifeboat up",
      );
    }
    const command = `lifeboat state rotate ${name}${force ? ` ${forceFlag}` : ""}`;
    const operation = rotationOperation({ ...session, site, siteStore }, { given: { [forceFlag]: force }, command });
    return runOne(session, operation);
  },
});
